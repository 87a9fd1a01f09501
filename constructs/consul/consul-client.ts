import { Construct } from "constructs";
import { AgentProfile, Installation, installationFor, Installed, validateAdvertiseAddress } from "../agents";
import { Contribution, IMachine, PortClaim } from "../machine";
import { isRefused, Validation } from "../private/validation";
import type { IConsulCluster } from "./consul-cluster";
import {
  CONSUL_READY,
  ConsulAgent,
  consulAgentText,
  ConsulPeers,
  consulPeersText,
  consulUnitText,
  WAIT_FOR_CONSUL,
  waitForConsulText,
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

    const agent = {
      nodeName: machine.name,
      datacenter: consul.datacenter,
      address: advertiseAddress ?? machine.address,
    };
    const installed = installation._of("consul");
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
    units: [{ name: "consul.service", content: consulUnitText(installed.program), wait: false }],
    ports: consulPorts(agent),
    ready: [CONSUL_READY],
    // Otherwise the datacenter waits for it for three days. A server's state is on the other servers, or gone with it.
    ...(agent.server === undefined && { beforeRemoval: { stop: [`${installed.program} leave`] } }),
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
