import { networkOf } from "../machine";
import { Failure } from "../private/failure";

/** What is wrong with a list of addresses and networks that may reach ports. */
export function sourceFailures(property: string, sources: readonly string[] | undefined): Failure[] {
  return (sources ?? [])
    .filter((each) => networkOf(each) === undefined)
    .map((got) => ({
      property,
      rule: "must hold addresses and networks",
      got,
      cure: "write them like '10.0.0.7' or '10.0.0.0/24'",
    }));
}

/**
 * The same where only the firewall of a machine can limit who reaches the ports.
 *
 * @param isSecured whether the cluster has `AgentProfile.PRODUCTION`, so that its machines have one
 */
export function limitFailures(property: string, sources: readonly string[] | undefined, isSecured: boolean): Failure[] {
  if (sources === undefined || isSecured) return sourceFailures(property, sources);
  return [
    {
      property,
      rule: "can't be given without AgentProfile.PRODUCTION, as only its machines have a firewall",
      got: sources,
      cure: "add 'profile: AgentProfile.PRODUCTION' to its ConsulServer, or leave it out",
    },
    ...sourceFailures(property, sources),
  ];
}

/** Addresses and networks as networks in CIDR form, of one address family, each once. */
export function networksOf(sources: readonly string[], family: 4 | 6): string[] {
  const networks = sources.flatMap((each) => networkOf(each) ?? []);
  return [...new Set(networks.filter((network) => network.includes(":") === (family === 6)))].sort();
}
