import { Installed } from "../consul";
import { Contribution } from "../machine";
import {
  NomadAgent,
  nomadAgentText,
  NomadClientAgent,
  nomadClientText,
  nomadPeersText,
  nomadServerText,
} from "./nomad-agent-text";
import { ClientAgent } from "./nomad-cluster";
import { CPU_PROGRAM, cpuProgramText, NOMAD_LEADER_READY, nomadClientReady, nomadUnitText } from "./nomad-unit-text";

/** What a machine's one Nomad agent brings, be it server, client or both. */
export function agentContribution(
  agent: NomadAgent,
  installed: Installed,
  client: ClientAgent | undefined,
): Contribution {
  const { packages = [], ...rest } = installed.contribution;
  const unit = nomadUnitText({ program: installed.program, client });
  return {
    ...rest,
    packages: ["curl", ...packages],
    users: client === undefined ? ["nomad"] : [],
    files: [{ path: "/etc/nomad.d/nomad.hcl", content: nomadAgentText(agent) }],
    units: [{ name: "nomad.service", content: unit, wait: false }],
    ports: [
      { protocol: "tcp", port: 4646 },
      { protocol: "tcp", port: 4647 },
    ],
  };
}

/** What makes the agent a server. @see https://developer.hashicorp.com/nomad/docs/configuration/server */
export function serverContribution(servers: number): Contribution {
  return {
    title: "Nomad server",
    files: [{ path: "/etc/nomad.d/server.hcl", content: nomadServerText() }],
    liveFiles: [{ path: "/etc/nomad.d/cluster.hcl", content: nomadPeersText(servers), reloads: "nomad.service" }],
    ports: [
      { protocol: "tcp", port: 4648 },
      { protocol: "udp", port: 4648 },
    ],
    ready: [NOMAD_LEADER_READY],
  };
}

/** What makes the agent a client. @see https://developer.hashicorp.com/nomad/docs/configuration/client */
export function clientContribution(client: NomadClientAgent, program: string, detectsCpu: boolean): Contribution {
  return {
    title: "Nomad client",
    files: [
      { path: "/etc/nomad.d/client.hcl", content: nomadClientText(client) },
      ...(detectsCpu ? [{ path: CPU_PROGRAM, content: cpuProgramText, mode: "0755" }] : []),
    ],
    ready: [nomadClientReady(program, [...(client.docker ? ["docker"] : []), ...(client.rawExec ? ["raw_exec"] : [])])],
  };
}
