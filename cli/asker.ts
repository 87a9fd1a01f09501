import { DeploymentDescription, VirtualServiceDescription } from "../constructs/deployment";
import { contains } from "./network";

/**
 * Machine that asks a virtual service: the deployment's client, or another one where the service's `clients` shut that out.
 *
 * @returns undefined if the deployment has no client, or no machine that may
 */
export function askerOf(
  { client, machines }: DeploymentDescription,
  { director, clients }: Pick<VirtualServiceDescription, "director" | "clients">,
): string | undefined {
  if (client === undefined || clients === undefined) return client;
  const others = machines.filter(({ name }) => name !== client && name !== director);
  return [...machines.filter(({ name }) => name === client), ...others].find(({ addresses }) =>
    addresses.some((own) => clients.some((network) => contains(network, own))),
  )?.name;
}
