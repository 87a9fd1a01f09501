import { Construct } from "constructs";
import { AgentProfile, Installation, installationFor, Installed, validateAdvertiseAddress } from "../agents";
import { Contribution, IMachine, PortClaim } from "../machine";
import { isRefused, Validation } from "../private/validation";
import type { IConsulCluster } from "./consul-cluster";
import {
  AGENT_TOKEN,
  CONSUL_READY,
  ConsulAgent,
  consulAgentText,
  ConsulPeers,
  consulPeersText,
  consulUnitText,
  WAIT_FOR_CONSUL,
  waitForConsulText,
  withToken,
} from "./render/agent";

/** Properties of a local Consul agent. */
export interface ConsulClientProps {
  /** Machine of the agent. */
  readonly machine: IMachine;
  /** Datacenter that the agent joins. */
  readonly consul: IConsulCluster;
  /** Address of the machine for other agents. @default - the machine's first address */
  readonly advertiseAddress?: string;
  /** Installation of the agent. @default - that of the cluster's servers, else the one that the machine's backend offers */
  readonly install?: Installation;
}

/**
 * The local Consul agent of a machine. It registers and checks the machine's services, and answers the machine's own programs on
 * 127.0.0.1. Roles that need an agent add it themselves.
 *
 * @see https://developer.hashicorp.com/consul/docs/architecture/control-plane
 */
export class ConsulClient extends Construct {
  constructor(scope: Construct, id: string, props: ConsulClientProps) {
    super(scope, id);
    const { machine, consul, advertiseAddress } = props;
    const installation = installationFor("consul", machine, props.install ?? consul.install);
    const validation = new Validation(this);
    validateAdvertiseAddress(validation, machine, advertiseAddress);
    const inherits = props.install === undefined && isRefused(consul);
    if (!inherits) installation._validate(validation);
    const passes = validation.passes();
    if (!consul._addAgent(this, machine) || !passes || inherits || isRefused(machine)) return;

    const address = advertiseAddress ?? machine.address;
    const security = consul._security;
    const { datacenter } = consul;
    const agent = { nodeName: machine.name, datacenter, address, secured: security !== undefined };
    const installed = installation._of("consul");
    if (security !== undefined) machine.contribute(this, security._of(machine, "client", address));
    machine.contribute(this, () => consulContribution(agent, { retryJoin: consul.retryJoin }, installed));
  }
}

/** Content of a machine for its Consul agent. */
export function consulContribution(agent: ConsulAgent, peers: ConsulPeers, installed: Installed): Contribution {
  const { packages = [], ...rest } = installed.contribution;
  return {
    ...rest,
    title: agent.server === undefined ? "Consul client" : "Consul server",
    packages: ["curl", ...packages],
    users: ["consul"],
    memoryMiB: agent.server === undefined ? 64 : 96,
    files: [
      { path: "/etc/consul.d/consul.hcl", content: consulAgentText(agent) },
      { path: WAIT_FOR_CONSUL, content: waitForConsulText, mode: "0755" },
    ],
    // A server that is added later changes this file on every machine; none of them may be rebuilt for it.
    liveFiles: [{ path: "/etc/consul.d/cluster.hcl", content: consulPeersText(peers), reloads: "consul.service" }],
    units: [{ name: "consul.service", content: consulUnitText(installed.program, agent.secured), wait: false }],
    ports: consulPorts(agent),
    // Its secrets come after the first boot.
    ready: agent.secured === true ? [] : [CONSUL_READY],
    // Otherwise the datacenter waits for it for three days. A server's state is on the other servers, or gone with it.
    ...(agent.server === undefined && {
      beforeRemoval: { stop: [`${agent.secured === true ? withToken(AGENT_TOKEN) : ""}${installed.program} leave`] },
    }),
  };
}

/** @see https://developer.hashicorp.com/consul/docs/reference/architecture/ports */
function consulPorts({ server, secured }: ConsulAgent): PortClaim[] {
  const serf = server === undefined ? [8301] : [8301, 8302];
  const tcp = [
    8500,
    ...(server === undefined ? [] : [8300]),
    ...(server?.profile === AgentProfile.DEV ? [8502] : []),
    ...(server !== undefined && secured ? [8501] : []),
  ];
  return [
    ...tcp.map((port) => ({ protocol: "tcp" as const, port })),
    ...[8600, ...serf].flatMap((port) => [
      { protocol: "tcp" as const, port },
      { protocol: "udp" as const, port },
    ]),
  ];
}
