import { Cause } from "../cause";
import { Drop, dropOf } from "../chain";
import { Facts } from "../look";
import { answersOf, canBeAsked, cameThrough, connectionsOf } from "../request";
import { hostOf, Scene, socket } from "../scene";
import { iptables, literally } from "./commands";

/** A machine's own firewall drops the packets of who asks: of the client at the director, or of director and client at a real server. */
export const FIREWALL: Cause = {
  name: "firewall",
  looks: (scene) =>
    canBeAsked(scene)
      ? [
          { machine: scene.client, command: routeCommand(scene) },
          ...[...new Set([scene.director, ...serverMachines(scene)])].map((machine) => ({
            machine,
            command: rulesCommand(scene),
          })),
        ]
      : [],
  decide: (scene, facts) => {
    const { director, endpoint } = scene;
    if (!canBeAsked(scene) || answersOf(scene, facts).every(cameThrough)) return undefined;
    const closed = closedPlaces(scene, facts);
    if (closed.length === 0) return undefined;
    const where = closed.map(({ machine, to }) => (to === endpoint ? machine : `${machine} (${to})`)).join(" and ");
    const sources = [...new Set(closed.map(({ from }) => from))].join(" and ");
    return {
      cause: `the firewall of ${where} drops what comes from ${sources}, so requests for ${endpoint} get no answer`,
      evidence: closed.map(({ machine, drop }) => ({
        machine,
        command: rulesCommand(scene),
        lines: [...allowedLines(scene, facts, machine, drop), `[${drop.packets} packets] ${drop.rule}`],
      })),
      cure: [
        ...new Set(closed.map(({ machine, from, drop }) => cureOf(scene, machine === director, from, drop))),
        `to see that it answers who may: vipstack doctor --from MACHINE`,
      ],
    };
  },
  // A connection that is not opened says nothing of the rest of its way.
  explains: ["packet-loss"],
};

/** Instances of a service of Consul may be on any machine; which ones is known later. */
function serverMachines({ follows, deployment, serverMachines: listed }: Scene): readonly string[] {
  return follows === undefined ? listed : deployment.machines.map(({ name }) => name);
}

/** A place where packets end. */
interface Closed {
  readonly machine: string;
  /** Address of who sends them there. */
  readonly from: string;
  /** Address and port that they are for. */
  readonly to: string;
  readonly drop: Drop;
}

function closedPlaces(scene: Scene, facts: Facts): Closed[] {
  const { director, address, port, protocol, endpoint } = scene;
  const own = sourceOf(scene, facts);
  const drops = (machine: string, from: string, to: string, at: number): Drop | undefined =>
    dropOf(facts.lines(machine, rulesCommand(scene)), { from, to, port: at, protocol });
  const atDirector = own === undefined ? undefined : drops(director, own, address, port);
  // Real servers get none of these packets, so their rules don't matter yet.
  if (own !== undefined && atDirector !== undefined)
    return [{ machine: director, from: own, to: endpoint, drop: atDirector }];
  return arrivals(scene, facts, own).flatMap(({ machine, to, at, from }): Closed[] => {
    // Which of several addresses a director takes is its routes' choice: all of them have to be shut out.
    const found = from.map((each) => drops(machine, each, to, at));
    const [drop] = found;
    if (drop === undefined || found.includes(undefined)) return [];
    return [{ machine, from: from[0] ?? "", to: to === address ? endpoint : socket(to, at), drop }];
  });
}

interface ServerArrival {
  readonly machine: string;
  readonly from: readonly string[];
  readonly to: string;
  readonly at: number;
}

/** The packets that real servers on other machines get, with the addresses that they may come from. */
function arrivals(scene: Scene, facts: Facts, own: string | undefined): ServerArrival[] {
  const { director, address, port } = scene;
  const isFamily = (each: string): boolean => each.includes(":") === address.includes(":");
  const ofDirector = [...scene.addressesOf(director), address].filter(isFamily);
  const targets =
    scene.follows === undefined
      ? scene.active.map((server) => ({ target: scene.target(server), forwarding: server.forwarding }))
      : [...connectionsOf(scene, facts).keys()].map((target) => ({ target, forwarding: scene.forwarding }));
  return targets.flatMap(({ target, forwarding }): ServerArrival[] => {
    const host = hostOf(target).replace(/^\[(.*)\]$/, "$1");
    const machine = scene.serverMachines.find((name) => scene.addressesOf(name).includes(host));
    const from = forwarding.snat ? ofDirector : own === undefined ? [] : [own];
    if (machine === undefined || machine === director || machine === scene.client || from.length === 0) return [];
    return forwarding.method === "masquerading"
      ? [{ machine, from, to: host, at: Number(target.slice(target.lastIndexOf(":") + 1)) }]
      : [{ machine, from, to: address, at: port }];
  });
}

/** `ip route get` prints the address from which the client's packets come, unless something in between replaces it. */
function routeCommand({ address }: Scene): string {
  return `ip route get ${address}`;
}

/** What a director sends to itself comes through lo, which is open. */
function sourceOf(scene: Scene, facts: Facts): string | undefined {
  if (scene.client === scene.director) return undefined;
  const [line = ""] = facts.lines(scene.client, routeCommand(scene), / src /);
  return / src (\S+)/.exec(line)?.[1];
}

/** The library's own chains that close ports: of directors for their clients, of machines under PRODUCTION, of jobs' ports there. */
const CHAINS = "VIPSTACK-(CLIENTS|FIREWALL|PUBLISHED)";

function rulesCommand(scene: Scene): string {
  return `${iptables(scene)}-save --counters | grep -E -e '-A ${CHAINS} '`;
}

/** Who may: the rules for the same packets of others. */
function allowedLines(scene: Scene, facts: Facts, machine: string, { rule }: Drop): string[] {
  const [chain = "", match = ""] = /^(-A \S+) (.*) -j DROP$/.exec(rule)?.slice(1) ?? [];
  const same = new RegExp(`${literally(chain)} -s \\S+ ${literally(match)} -j RETURN$`);
  const lines = facts
    .lines(machine, rulesCommand(scene), same)
    .map((line) => line.replace(/^\[(\d+):\d+\]/, "[$1 packets]"));
  return lines.length > MOST ? [...lines.slice(0, MOST), `(and ${lines.length - MOST} more)`] : lines;
}

/** Lines of evidence that say who may. */
const MOST = 5;

function cureOf({ service }: Scene, isDirector: boolean, from: string, { rule }: Drop): string {
  if (isDirector && rule.startsWith("-A VIPSTACK-CLIENTS "))
    return `if ${from} should be served: add it to 'clients' of the virtual service ${service.name}, and vipstack up`;
  if (rule.startsWith("-A VIPSTACK-PUBLISHED "))
    return `if ${from} should be served: add it to 'portClients' of the Nomad client, and vipstack up`;
  return `if ${from} should be served: add it to 'clients' of the virtual service ${service.name} or of the gateway behind it, or to 'from' of the port's claim, and vipstack up`;
}
