import { Construct, IConstruct } from "constructs";
import { AgentProfile, Installation, installationFor, Installed, validateAdvertiseAddress } from "../agents";
import { Contribution, IMachine, PortClaim } from "../machine";
import { Firewall } from "../packets";
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
    const address = advertiseAddress ?? machine.address;
    if (!consul._addAgent(this, machine, address) || !passes || inherits || isRefused(machine)) return;

    const security = consul._security;
    const { datacenter } = consul;
    const agent = { nodeName: machine.name, datacenter, address, secured: security !== undefined };
    const installed = installation._of("consul");
    if (security !== undefined) {
      machine.contribute(this, security._of(machine, "client", address));
      limitAgent(this, machine, consul);
    }
    const peers = () => (security === undefined ? undefined : { members: consul._members });
    machine.contribute(this, () =>
      consulContribution(agent, { retryJoin: consul.retryJoin }, installed, consulPorts(agent, peers())),
    );
  }
}

/** Gives the machine of an agent a firewall, which knows the other machines of the cluster. */
export function limitAgent(agent: IConstruct, machine: IMachine, consul: IConsulCluster): void {
  const firewall = Firewall.of(machine, agent);
  firewall._admit(() => consul._members);
  firewall._precede("consul.service");
}

/** Content of a machine for its Consul agent. */
export function consulContribution(
  agent: ConsulAgent,
  peers: ConsulPeers,
  installed: Installed,
  ports: readonly PortClaim[],
): Contribution {
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
    ports,
    // Its secrets come after the first boot.
    ready: agent.secured === true ? [] : [CONSUL_READY],
    // Otherwise the datacenter waits for it for three days. A server's state is on the other servers, or gone with it.
    ...(agent.server === undefined && {
      beforeRemoval: { stop: [`${agent.secured === true ? withToken(AGENT_TOKEN) : ""}${installed.program} leave`] },
    }),
  };
}

/** Addresses and networks that may reach the agents of a secured cluster. */
export interface ConsulSources {
  /** Machines with an agent. */
  readonly members: readonly string[];
  /** Machines with a server. @default - none */
  readonly servers?: readonly string[];
  /** Operators. @default - none */
  readonly operators?: readonly string[];
}

/**
 * The ports of an agent.
 *
 * @param sources who may reach them. @default - everyone
 * @see https://developer.hashicorp.com/consul/docs/reference/architecture/ports
 */
export function consulPorts({ server }: ConsulAgent, sources: ConsulSources | undefined): PortClaim[] {
  const of = (port: number, from?: readonly string[]): Omit<PortClaim, "protocol"> =>
    sources === undefined ? { port } : { port, from };
  // Where everyone is trusted, they may listen on other addresses, too.
  const local = (port: number) => (sources === undefined ? { port } : { port, address: "127.0.0.1" });
  const tcp = [
    local(8500),
    ...(server === undefined ? [] : [of(8300, sources?.members)]),
    ...(server?.profile === AgentProfile.DEV ? [of(8502)] : []),
    ...(server !== undefined && sources !== undefined ? [of(8501, sources.operators ?? [])] : []),
  ];
  const both = [
    local(8600),
    of(8301, sources?.members),
    ...(server === undefined ? [] : [of(8302, sources?.servers ?? [])]),
  ];
  return [
    ...tcp.map((claim) => ({ protocol: "tcp" as const, ...claim })),
    ...both.flatMap((claim) => [
      { protocol: "tcp" as const, ...claim },
      { protocol: "udp" as const, ...claim },
    ]),
  ];
}
