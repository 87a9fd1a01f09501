import { Cause } from "../cause";
import { Evidence } from "../finding";
import { Facts } from "../look";
import { carries, isSamePacket, Packet } from "../packets";
import { Scene } from "../scene";
import { captureCommand, CONNTRACK_AFTER, CONNTRACK_BEFORE, packetsOf } from "../watch";

/**
 * Connection tracking classifies a packet as INVALID. SNAT then treats it as a new connection, so it leaves from another port than the rest
 * of its own. A packet with a wrong checksum is discarded by the real server; one outside of its window makes the real server reset the
 * connection.
 */
export const INVALID_RETRACKED: Cause = {
  name: "invalid-retracked",
  looks: () => [],
  decide: (scene, facts) => {
    const { client, director } = scene;
    const seen = packetsOf(scene, facts, director);
    const came = seen.filter((packet) => !packet.outgoing && carries(packet) && packet.to === scene.address);
    const astray = came.flatMap((packet) => {
      const left = seen.find(
        (one) => one.outgoing && isSamePacket(one, packet) && one.to !== scene.address && isStray(one, packet, seen),
      );
      return left === undefined ? [] : [[packet, left] as const];
    });
    const [first] = astray;
    const invalid = grown(facts, director, "invalid");
    if (first === undefined) return undefined;
    const [packet, left] = first;
    const wrong = astray.some(([one]) => one.wrongChecksum);
    const reason = wrong ? "its checksum is wrong" : "it is outside of its window";
    const effect = wrong
      ? `the real server discards it and ${client} sends it again`
      : `the real server does not know it and resets the connection`;
    return {
      cause: `${director} takes a packet of ${client} for INVALID (${reason}), and SNAT sends it on as a new connection: it came from port ${packet.fromPort} and left from ${left.fromPort}, so ${effect}`,
      evidence: [
        { machine: director, command: captureCommand(scene), lines: [packet.line, left.line] },
        ...countersOf(facts, director, invalid),
        ...sentAgain(scene, facts, packet),
      ],
      cure: wrong
        ? [
            `on ${client}: ethtool -K eth0 tx off   (a virtual network card may leave the checksum out); then look for what alters packets between the two machines`,
            `or on ${director}: sysctl --write net.netfilter.nf_conntrack_checksum=0   (connection tracking then ignores checksums)`,
          ]
        : [
            `on ${director}: sysctl --write net.netfilter.nf_conntrack_tcp_be_liberal=1   (packets outside of their window then remain part of their connection; the library sets it with SNAT)`,
            `or on ${director}: iptables -I INPUT -d ${scene.address} -m conntrack --ctstate INVALID -j DROP   (the client sends the packet again, and nothing is reset)`,
          ],
    };
  },
  explains: ["packet-loss", "machine-stands-still"],
};

/** Whether a packet left from another port than the first packet of its connection. */
function isStray(left: Packet, came: Packet, seen: readonly Packet[]): boolean {
  if (left.fromPort === came.fromPort) return false;
  // SNAT may have chosen another port for the whole connection.
  const opened = seen.filter((one) => !one.outgoing && one.flags === "S" && one.fromPort === came.fromPort);
  const usual = opened.flatMap((syn) =>
    seen.filter((one) => one.outgoing && isSamePacket(one, syn)).map((one) => one.fromPort),
  );
  return usual.length > 0 && !usual.includes(left.fromPort);
}

function sentAgain(scene: Scene, facts: Facts, packet: Packet): Evidence[] {
  const sent = packetsOf(scene, facts, scene.client).filter(
    (one) => one.outgoing && one.fromPort === packet.fromPort && isSamePacket(one, packet),
  );
  return sent.length < 2
    ? []
    : [{ machine: scene.client, command: captureCommand(scene), lines: sent.slice(0, 3).map(({ line }) => line) }];
}

/** Growth of a counter of conntrack while packets were recorded, over all processors. */
function grown(facts: Facts, machine: string, counter: string): number {
  const total = (command: string): number =>
    facts
      .lines(machine, command, /^cpu=/)
      .reduce((sum, line) => sum + Number(new RegExp(` ${counter}=(\\d+)`).exec(line)?.[1] ?? "0"), 0);
  return total(CONNTRACK_AFTER) - total(CONNTRACK_BEFORE);
}

function countersOf(facts: Facts, director: string, invalid: number): Evidence[] {
  if (!facts.knows(director, CONNTRACK_AFTER)) return [];
  return [
    { machine: director, command: "conntrack -S", lines: [`invalid grew by ${invalid} while packets were recorded`] },
  ];
}
