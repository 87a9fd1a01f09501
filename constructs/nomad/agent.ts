import { Installed } from "../agents";
import { Contribution, PortClaim } from "../machine";
import type { ClientAgent } from "./cluster";
import { NomadAgent, nomadAgentText } from "./render/agent";
import { nomadUnitText } from "./render/unit";

/** Addresses and networks that may reach the agents of a secured cluster. */
export interface NomadSources {
  /** Machines with an agent. */
  readonly members: readonly string[];
  /** Operators. */
  readonly operators: readonly string[];
}

/**
 * Content of a machine for its one Nomad agent, which is a server, a client or both.
 *
 * @param sources who may reach it. @default - everyone
 */
export function agentContribution(
  agent: NomadAgent,
  installed: Installed,
  client: ClientAgent | undefined,
  sources: NomadSources | undefined,
): Contribution {
  const { packages = [], ...rest } = installed.contribution;
  const unit = nomadUnitText({ program: installed.program, client, secured: agent.secured });
  return {
    ...rest,
    packages: ["curl", ...packages],
    memoryMiB: 96,
    users: client === undefined ? ["nomad"] : [],
    files: [{ path: "/etc/nomad.d/nomad.hcl", content: nomadAgentText(agent) }],
    units: [{ name: "nomad.service", content: unit, wait: false }],
    ports: agentPorts(sources),
  };
}

/** @see https://developer.hashicorp.com/nomad/docs/install/production/requirements */
function agentPorts(sources: NomadSources | undefined): PortClaim[] {
  if (sources === undefined) return [4646, 4647].map((port) => ({ protocol: "tcp", port }));
  const { members, operators } = sources;
  return [
    // A client asks the one before for the data of a job that moves.
    { protocol: "tcp", port: 4646, from: [...members, ...operators] },
    { protocol: "tcp", port: 4647, from: members },
  ];
}
