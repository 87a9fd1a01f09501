import { Installed } from "../agents";
import { Contribution } from "../machine";
import type { ClientAgent } from "./cluster";
import { NomadAgent, nomadAgentText } from "./render/agent";
import { nomadUnitText } from "./render/unit";

/** Content of a machine for its one Nomad agent, which is a server, a client or both. */
export function agentContribution(
  agent: NomadAgent,
  installed: Installed,
  client: ClientAgent | undefined,
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
    ports: [
      { protocol: "tcp", port: 4646 },
      { protocol: "tcp", port: 4647 },
    ],
  };
}
