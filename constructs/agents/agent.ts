import { Token } from "cdktf";
import { IMachine } from "../machine";
import { describeFailure, Failure } from "../private/failure";
import { Validation } from "../private/validation";

/** Purpose of a cluster, which decides on the interfaces and settings of its agents. */
export enum AgentProfile {
  /**
   * One server that listens on every address of its machine, as `consul agent -dev -client 0.0.0.0` and `nomad agent -dev` do,
   * but its data survives a restart. For a laptop or a lab: any host that reaches the machine has full access.
   */
  DEV = "dev",
  /** 1, 3 or 5 servers that find each other and elect a leader. Interfaces listen only where they are needed. */
  CLUSTER = "cluster",
  /**
   * As `CLUSTER`, with 3 or 5 servers, encrypted gossip, and mutual TLS between agents: no host without a key and a certificate of the
   * deployment joins or talks to them. Access control denies what a role does not need. `vipstack up` makes keys, certificates and tokens:
   * see `GeneratedSecret`.
   */
  PRODUCTION = "production",
}

/** Checks a name of a datacenter, a region or a node pool. Left out and unresolved names pass. */
export function validateAgentName(validation: Validation, property: string, name: string | undefined): void {
  if (name === undefined || Token.isUnresolved(name)) return;
  validation.require(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name), {
    property,
    rule: "must be lower-case letters, digits and hyphens, at most 63",
    got: name,
    cure: "choose a name like 'dc1'; it becomes part of DNS names",
  });
}

/** Checks the address that an agent tells the others: its machine must have it. */
export function validateAdvertiseAddress(validation: Validation, machine: IMachine, address: string | undefined): void {
  if (address === undefined || Token.isUnresolved(address)) return;
  const own = machine.addresses.map((each) => each.address);
  validation.require(own.includes(address), {
    property: "advertiseAddress",
    rule: `must be an address of ${machine.name} (${own.join(", ")})`,
    got: address,
    cure: "choose one of them, or leave it out for the first",
  });
}

/** Checks the HTTP address of a cluster that exists. @param example for the cure */
export function validateHttpAddress(validation: Validation, address: string, example: string): void {
  validation.require(/^https?:\/\/[^/]+$/.test(address), {
    property: "address",
    rule: "must be a URL without a path",
    got: address,
    cure: `write it like '${example}'`,
  });
}

/** Checks a machine that is added to the servers of a cluster. */
export function validateFurtherServer(
  validation: Validation,
  profile: AgentProfile,
  servers: readonly IMachine[],
  machine: IMachine,
): void {
  const property = "addServers";
  validation.require(profile !== AgentProfile.DEV, {
    property,
    rule: "can't be used with AgentProfile.DEV, which is one server",
    cure: "leave 'profile' out for a cluster of 3 or 5 servers",
  });
  const known = servers.includes(machine);
  validation.require(!known, {
    property,
    rule: "can't name a machine that is a server already",
    got: machine.name,
    cure: "leave it out",
  });
  validation.require(known || servers.every(({ name }) => name !== machine.name), {
    property,
    rule: "can't hold two servers with one name",
    got: machine.name,
    cure: "rename one of the two machines: each agent is known by its machine's name",
  });
}

/** What is wrong with the number of a cluster's servers, for `node.addValidation`. */
export function serverCountProblems(count: number, profile = AgentProfile.CLUSTER): string[] {
  return serverCountFailures(count, profile).map(describeFailure);
}

/** An even number of servers survives no more losses than the odd number below it. */
function serverCountFailures(count: number, profile: AgentProfile): Failure[] {
  const failure = { property: "addServers", got: count };
  if (count > 7) {
    const rule = "must lead to 7 servers at most: each write waits for a majority";
    return [{ ...failure, rule, cure: "make the others clients" }];
  }
  if (count === 1 && profile === AgentProfile.PRODUCTION) {
    const rule = "must lead to at least 3 servers with AgentProfile.PRODUCTION: one alone is a single point of failure";
    return [{ ...failure, rule, cure: "add two machines, or choose AgentProfile.CLUSTER" }];
  }
  if (count % 2 === 1) return [];
  const cure = `${count} survive as many losses as ${count - 1}: add one or leave one out`;
  return [{ ...failure, rule: "must lead to an odd number of servers", cure }];
}
