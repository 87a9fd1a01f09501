import { IConstruct } from "constructs";
import { IMachine, PortClaim } from "../machine";
import { WholeProgram } from "../private/whole-program";

/** Where the connections of one user of a port come from: addresses and networks; undefined for anywhere. */
export type Sources = readonly string[] | undefined;

/** A port of a machine and who connects to it, as far as the program knows. */
export interface PortUse {
  readonly protocol: PortClaim["protocol"];
  /** 0: every port. */
  readonly port: number;
  /** Its users, read at synth. None: nothing is known of it. */
  readonly users: () => readonly Sources[];
}

const uses = new WeakMap<IMachine, PortUse[]>();

/** Says who connects to a port of a machine. */
export function announceUse(machine: IMachine, use: PortUse): void {
  uses.set(machine, [...(uses.get(machine) ?? []), use]);
}

function usesOf(machine: IMachine, { protocol, port }: PortClaim): readonly Sources[] {
  return (uses.get(machine) ?? [])
    .filter((use) => use.protocol === protocol && (use.port === port || use.port === 0))
    .flatMap((use) => use.users());
}

/** Who is known to connect to a port of a machine; others may, too. */
export function knownUsersOf(machine: IMachine, claim: PortClaim): readonly string[] {
  return usesOf(machine, claim).flatMap((sources) => sources ?? []);
}

/** Who connects to a port of a machine; undefined where nothing is known of it, or where one of them may come from anywhere. */
export function usersOf(machine: IMachine, claim: PortClaim): Sources {
  const users = usesOf(machine, claim);
  if (users.length === 0) return undefined;
  return users.some((sources) => sources === undefined) ? undefined : users.flatMap((sources) => sources ?? []);
}

interface Following {
  readonly service: string;
  readonly sources: Sources;
}

const followers = new WholeProgram<Following, ReadonlyMap<string, readonly Sources[]>>((all) => {
  const found = new Map<string, readonly Sources[]>();
  for (const { what } of all) found.set(what.service, [...(found.get(what.service) ?? []), what.sources]);
  return found;
});

/** Says that a construct connects to the instances of a service, whose machines only Consul knows. */
export function announceFollower(by: IConstruct, service: string, sources: Sources): void {
  followers.tell(by, { service, sources });
}

/** Who connects to the instances of a service, below `root`. */
export function followersOf(root: IConstruct, service: string): readonly Sources[] {
  return followers.below(root).get(service) ?? [];
}
