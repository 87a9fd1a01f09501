import { DeploymentDescription } from "../constructs/deployment";
import { runOn } from "./access";
import { CliError } from "./errors";
import { page } from "./package";

/** They fetch their image after the machine counts as made. */
export async function waitForGateways(
  deployments: readonly DeploymentDescription[],
  show: (line: string) => void,
): Promise<void> {
  for (const { gateways, machines } of deployments) {
    const instances = gateways.flatMap(({ name, job, instances: all }) => all.map((one) => ({ name, job, ...one })));
    for (const { name, job, machine, ready, settled = "true" } of instances) {
      show(`gateway ${name} on ${machine} gets its routes`);
      const ask = `curl --fail --silent --output /dev/null --max-time 5 ${ready}`;
      await runOn({ machines }, machine, `timeout 600 sh -c 'until ${settled} && ${ask}; do sleep 1; done'`).catch(
        () => {
          throw new CliError(
            `gateway ${name} on ${machine} has no routes after ten minutes`,
            job
              ? `look at its allocation there: nomad job status ${name} (${page("gateways.md")})`
              : `look at its log on that machine: journalctl --unit 'vipstack-gateway-*' (${page("gateways.md")})`,
          );
        },
      );
    }
  }
}

/** Until each virtual service answers the client. */
export async function waitForServices(
  deployments: readonly DeploymentDescription[],
  show: (line: string) => void,
): Promise<void> {
  for (const { client, machines, virtualServices } of deployments) {
    if (client === undefined) continue;
    for (const { address, port } of virtualServices.filter(({ protocol, port }) => protocol === "tcp" && port !== 0)) {
      const host = address.includes(":") ? `[${address}]` : address;
      show(`${client} asks ${host}:${port}`);
      const ask = `curl --globoff --silent --output /dev/null --max-time 5 http://${host}:${port}/`;
      await runOn({ machines }, client, `timeout 120 sh -c 'until ${ask}; do sleep 1; done'`).catch(() => {
        throw new CliError(
          `${host}:${port} does not answer ${client} within two minutes`,
          `look at the director's table and at the real servers (${page("troubleshooting.md")})`,
        );
      });
    }
  }
}
