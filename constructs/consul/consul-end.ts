import { Contribution, PortClaim } from "../machine";
import { AgentProfile } from "./agent-profile";
import {
  CONSUL_READY,
  ConsulAgent,
  consulAgentText,
  ConsulPeers,
  consulPeersText,
  consulUnitText,
  WAIT_FOR_CONSUL,
  waitForConsulText,
} from "./consul-agent-text";
import { Installed } from "./installation";

/** Everything that a Consul agent brings its machine. */
export function consulContribution(agent: ConsulAgent, peers: ConsulPeers, installed: Installed): Contribution {
  const { packages = [], ...rest } = installed.contribution;
  return {
    ...rest,
    title: agent.server === undefined ? "Consul client" : "Consul server",
    packages: ["curl", ...packages],
    users: ["consul"],
    files: [
      { path: "/etc/consul.d/consul.hcl", content: consulAgentText(agent) },
      { path: WAIT_FOR_CONSUL, content: waitForConsulText, mode: "0755" },
    ],
    // A server that is added later changes this file on every machine; none of them may be rebuilt for it.
    liveFiles: [{ path: "/etc/consul.d/cluster.hcl", content: consulPeersText(peers), reloads: "consul.service" }],
    units: [{ name: "consul.service", content: consulUnitText(installed.program), wait: false }],
    ports: consulPorts(agent),
    ready: [CONSUL_READY],
  };
}

/** @see https://developer.hashicorp.com/consul/docs/reference/architecture/ports */
function consulPorts({ server }: ConsulAgent): PortClaim[] {
  const serf = server === undefined ? [8301] : [8301, 8302];
  const tcp = [8500, ...(server === undefined ? [] : [8300]), ...(server?.profile === AgentProfile.DEV ? [8502] : [])];
  return [
    ...tcp.map((port) => ({ protocol: "tcp" as const, port })),
    ...[8600, ...serf].flatMap((port) => [
      { protocol: "tcp" as const, port },
      { protocol: "udp" as const, port },
    ]),
  ];
}
