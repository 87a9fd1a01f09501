import { Cause } from "../cause";
import { Evidence } from "../finding";
import { Facts } from "../look";
import { carries, delays, isSamePacket, Packet, repeated } from "../packets";
import { Scene } from "../scene";
import {
  captureCommand,
  captureOf,
  packetsOf,
  QUEUES_AFTER,
  QUEUES_BEFORE,
  RETRANSMITTED_AFTER,
  RETRANSMITTED_BEFORE,
} from "../watch";

/** A place where packets get lost. */
interface Loss {
  /** `between vm-1 and ipvs`, `inside d2` */
  readonly where: string;
  readonly count: number;
  readonly evidence: readonly Evidence[];
  readonly cure: string;
}

/** Packets do not arrive at the next machine, or do not leave it again. */
export const PACKET_LOSS: Cause = {
  name: "packet-loss",
  looks: () => [],
  decide: (scene, facts) => {
    const servers = scene.serverMachines.filter((machine) => machine !== scene.director);
    const losses = [
      ...waysOf(scene, servers).flatMap(([from, to]) => between(scene, facts, from, to) ?? []),
      ...[scene.client, ...servers].flatMap((machine) => beforeTheWire(scene, facts, machine) ?? []),
      ...(inDirector(scene, facts) ?? []),
      ...servers.flatMap((machine) => inServer(scene, facts, machine) ?? []),
    ];
    const [worst] = losses.sort((a, b) => b.count - a.count);
    if (worst === undefined) return undefined;
    return {
      cause: `packets get lost ${worst.where} (${worst.count} during a dozen requests to ${scene.endpoint}), and have to be sent again`,
      evidence: worst.evidence,
      cure: [worst.cure],
    };
  },
  explains: ["machine-stands-still"],
};

/** Pairs of machines between which packets go, in both directions. */
function waysOf(scene: Scene, servers: readonly string[]): [from: string, to: string][] {
  const { client, director } = scene;
  const isMasqueraded = (machine: string): boolean => {
    const { forwarding } = scene.servers.find((server) => server.machine === machine) ?? scene;
    return forwarding.method === "masquerading";
  };
  return [
    [client, director],
    ...servers.flatMap((machine): [string, string][] => [
      [director, machine],
      [machine, isMasqueraded(machine) ? director : client],
    ]),
    [director, client],
  ];
}

/** More copies of a packet left one machine than arrived at the other. */
function between(scene: Scene, facts: Facts, from: string, to: string): Loss | undefined {
  if (!isComplete(scene, facts, from) || !isComplete(scene, facts, to)) return undefined;
  const targets = [...scene.addressesOf(to), ...(to === scene.director ? [scene.address] : [])];
  const sent = packetsOf(scene, facts, from).filter(
    (packet) => packet.outgoing && carries(packet) && targets.includes(packet.to),
  );
  const came = packetsOf(scene, facts, to).filter(({ outgoing }) => !outgoing);
  const lost = sent
    .filter((packet, index) => sent.findIndex((one) => isSamePacket(one, packet)) === index)
    .flatMap((packet) => {
      const copies = sent.filter((one) => isSamePacket(one, packet));
      const missing = copies.length - came.filter((one) => isSamePacket(one, packet)).length;
      // A packet that was sent once may have been on its way when the capture ended.
      return copies.length > 1 && missing > 0 ? copies.slice(0, missing) : [];
    });
  const [first] = lost;
  if (first === undefined) return undefined;
  const there = came.filter((one) => isSamePacket(one, first)).map(({ line }) => line);
  return {
    where: `between ${from} and ${to}`,
    count: lost.length,
    evidence: [
      {
        machine: from,
        command: captureCommand(scene),
        lines: sent
          .filter((one) => isSamePacket(one, first))
          .slice(0, 4)
          .map(({ line }) => line),
      },
      { machine: to, command: captureCommand(scene), lines: [...there, `(${there.length} of them arrived)`] },
    ],
    cure: `look at the network between them; on both machines: ip -s link (errors, dropped) and tc -s qdisc (dropped)`,
  };
}

/** A machine sent more packets again than left it, so its own queue or firewall drops some. */
function beforeTheWire(scene: Scene, facts: Facts, machine: string): Loss | undefined {
  if (!isComplete(scene, facts, machine)) return undefined;
  const copies = repeated(packetsOf(scene, facts, machine).filter(({ outgoing }) => outgoing));
  const again = copies.reduce((sum, group) => sum + group.length - 1, 0);
  const counted =
    retransmitted(facts, machine, RETRANSMITTED_AFTER) - retransmitted(facts, machine, RETRANSMITTED_BEFORE);
  const count = counted - again;
  if (!(count > 0) || dropped(facts, machine, QUEUES_AFTER) <= dropped(facts, machine, QUEUES_BEFORE)) return undefined;
  return {
    where: `inside ${machine}, before they leave it`,
    count,
    evidence: [
      {
        machine,
        command: "nstat TcpRetransSegs",
        lines: [`the kernel sent ${counted} packets again, ${again} repeated ones left the machine`],
      },
      facts.evidence(machine, QUEUES_AFTER, /netem|dropped [1-9]/),
    ],
    cure: `on ${machine}: tc qdisc show, and iptables -S OUTPUT   (a netem queue drops packets on purpose: tc qdisc del dev eth0 root; in the lab: heal ${machine})`,
  };
}

/** Packets arrive at the director and do not leave it. */
function inDirector(scene: Scene, facts: Facts): Loss[] | undefined {
  const { director, servers } = scene;
  const routed = [scene, ...servers].every(({ forwarding }) => forwarding.method === "masquerading");
  if (!routed || !isComplete(scene, facts, director) || servers.some(({ machine }) => machine === director))
    return undefined;
  const seen = packetsOf(scene, facts, director);
  const came = repeated(seen.filter(({ outgoing }) => !outgoing));
  const stuck = came.filter(([first, second]) => {
    const left = seen.filter((one) => one.outgoing && isSamePacket(one, first));
    return second !== undefined && left.length === 0;
  });
  const [first] = stuck;
  if (first === undefined) return undefined;
  return [
    {
      where: `inside ${director}`,
      count: stuck.length,
      evidence: [
        {
          machine: director,
          command: captureCommand(scene),
          lines: [...first.slice(0, 3).map(({ line }) => line), "(none of them left)"],
        },
      ],
      cure: `on ${director}: iptables -S and iptables -t mangle -S (DROP), nft list ruleset, conntrack -S (drop, invalid)`,
    },
  ];
}

/** Packets arrive at a real server, which does not acknowledge them. */
function inServer(scene: Scene, facts: Facts, machine: string): Loss | undefined {
  const { packets, standstills } = captureOf(scene, facts, machine);
  const ignored = repeated(packets.filter(({ outgoing }) => !outgoing)).filter(([first, second]) => {
    if (second === undefined || second.time - first.time < SHORTEST_WAIT) return false;
    if (standstills.some((standstill) => delays(standstill, first, second))) return false;
    return !packets.some((one) => one.outgoing && acknowledges(one, first) && one.time < second.time);
  });
  const [first] = ignored;
  if (first === undefined) return undefined;
  return {
    where: `inside ${machine}, after they have arrived`,
    count: ignored.length,
    evidence: [
      {
        machine,
        command: captureCommand(scene),
        lines: [...first.slice(0, 3).map(({ line }) => line), "(no answer left between them)"],
      },
    ],
    cure: `on ${machine}: iptables -S (DROP in INPUT or OUTPUT), nstat -asz TcpExtListenDrops TcpExtListenOverflows`,
  };
}

/** Whether a machine recorded every packet. A busy one may not, and then a packet that is not there proves nothing. */
function isComplete(scene: Scene, facts: Facts, machine: string): boolean {
  return facts.knows(machine, captureCommand(scene)) && captureOf(scene, facts, machine).missed === 0;
}

/** Shortest time after which TCP sends a packet again, less the error of a clock. */
const SHORTEST_WAIT = 0.15;

function acknowledges(answer: Packet, packet: Packet): boolean {
  return (
    answer.to === packet.from &&
    answer.toPort === packet.fromPort &&
    answer.flags.includes(".") &&
    answer.ack > packet.seq
  );
}

function retransmitted(facts: Facts, machine: string, command: string): number {
  return Number(facts.lines(machine, command, /^TcpRetransSegs/)[0]?.split(/\s+/)[1] ?? "NaN");
}

/** Number of packets that the queues of a machine have dropped since they exist. */
function dropped(facts: Facts, machine: string, command: string): number {
  const counts = facts.lines(machine, command).map((line) => Number(/\(dropped (\d+)/.exec(line)?.[1] ?? "0"));
  return counts.reduce((sum, count) => sum + count, 0);
}
