import { Token } from "cdktf";
import { IMachine } from "../machine";
import { Failure } from "../private/failure";

/** Names that the vendor's agents take for datacenters and regions. */
export function nameFailures(property: string, name: string | undefined): Failure[] {
  if (name === undefined || Token.isUnresolved(name) || /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return [];
  const rule = "must be lower-case letters, digits and hyphens, at most 63";
  return [{ property, rule, got: name, cure: "choose a name like 'dc1'; it becomes part of DNS names" }];
}

/** An agent can tell others only an address that its machine has. */
export function addressFailures(machine: IMachine, address: string | undefined): Failure[] {
  if (address === undefined || Token.isUnresolved(address)) return [];
  const own = machine.addresses.map((each) => each.address);
  if (own.includes(address)) return [];
  return [
    {
      property: "advertiseAddress",
      rule: `must be an address of ${machine.name} (${own.join(", ")})`,
      got: address,
      cure: "choose one of them, or leave it out for the first",
    },
  ];
}

/** What is wrong with the machines of a cluster's servers, one by one. */
export function serverFailures(machines: readonly IMachine[]): Failure[] {
  return machines.flatMap((machine, index) => {
    const before = machines.slice(0, index);
    if (before.includes(machine)) return [serverTwice(machine)];
    return before.some(({ name }) => name === machine.name) ? [sameName(machine)] : [];
  });
}

function serverTwice({ name }: IMachine): Failure {
  return {
    property: "addServers",
    rule: "can't name a machine that is a server already",
    got: name,
    cure: "leave it out",
  };
}

function sameName({ name }: IMachine): Failure {
  return {
    property: "addServers",
    rule: "can't hold two servers with one name",
    got: name,
    cure: "rename one of the two machines: each agent is known by its machine's name",
  };
}

/** An even number of servers survives no more losses than the odd number below it. For `node.addValidation`. */
export function serverCountProblems(count: number): string[] {
  if (count % 2 === 1 && count <= 7) return [];
  const rule =
    count > 7
      ? "must lead to 7 servers at most: each write waits for a majority"
      : "must lead to an odd number of servers";
  const cure =
    count > 7 ? "make the others clients" : `${count} survive as many losses as ${count - 1}: add one or leave one out`;
  return [`'addServers' ${rule}, got ${count}: ${cure}`];
}

/** A development profile is one machine by its nature. */
export const DEV_IS_ONE_SERVER: Failure = {
  property: "addServers",
  rule: "can't be used with AgentProfile.DEV, which is one server",
  cure: "leave 'profile' out for a cluster of 3 or 5 servers",
};
