import { agentUnit, HARDENED } from "../../agents";
import { WAIT_FOR_CONSUL } from "../../consul";
import { CONSUL_TOKEN_KNOWN, COPIES, NOMAD_SECRETS, takeNomadSecrets } from "./security";

/** Where {@link cpuProgramText} leaves what the kernel doesn't tell; gone with the machine's memory. */
const DETECTED = "/run/nomad";

export interface NomadUnit {
  readonly program: string;
  /** A client has to be root; a server has not. */
  readonly client?: { readonly docker: boolean; readonly detectsCpu: boolean };
  /** Whether it needs its secrets. @default false */
  readonly secured?: boolean;
}

/** @see https://developer.hashicorp.com/nomad/docs/deploy/production/requirements */
export function nomadUnitText({ program, client, secured = false }: NomadUnit): string {
  const user = client === undefined ? "nomad" : "root";
  const { gossip, ...secrets } = NOMAD_SECRETS;
  const needs = [...Object.values(secrets), ...(client === undefined ? [gossip] : [])];
  const take = takeNomadSecrets(user);
  return agentUnit({
    ...(secured && { needs, beforeReload: [take] }),
    description: "Nomad agent",
    documentation: "https://developer.hashicorp.com/nomad/docs",
    wants: ["consul.service", ...(client?.docker ? ["docker.service"] : [])],
    name: "nomad",
    user,
    before: [
      ...(client?.detectsCpu ? [CPU_PROGRAM] : []),
      WAIT_FOR_CONSUL,
      ...(secured ? [CONSUL_TOKEN_KNOWN, take] : []),
    ],
    command: [
      `${program} agent -config=/etc/nomad.d`,
      ...(client?.detectsCpu ? [`-config=${DETECTED}`] : []),
      ...(secured ? [`-config=${COPIES}`] : []),
    ].join(" "),
    killSignal: "SIGINT",
    service: [
      ...(client?.detectsCpu ? ["RuntimeDirectory=nomad", "RuntimeDirectoryMode=0700"] : []),
      "LimitNPROC=infinity",
      "TasksMax=infinity",
      "OOMScoreAdjust=-1000",
      // A client makes containers, namespaces and mounts for its jobs. A server asks for Landlock, which systemd 252 does not know: it is
      // told that there is none, where it would be killed.
      ...(secured && client === undefined ? [...HARDENED, "SystemCallErrorNumber=EPERM"] : []),
    ],
  });
}

export const CPU_PROGRAM = "/usr/local/lib/vipstack/nomad-cpu";

export const cpuProgramText = `#!/bin/sh
# Nomad asks the kernel how fast the processors are. Where it says nothing (user-mode Linux, many ARM machines) a client would
# offer 0 MHz, and no job would fit; then it is told 2000 MHz for each.
set -eu
if grep -qs MHz /proc/cpuinfo || [ -e /sys/devices/system/cpu/cpu0/cpufreq ]; then
  printf 'client {\\n}\\n' > ${DETECTED}/cpu.hcl
else
  printf 'client {\\n  cpu_total_compute = %d\\n}\\n' "$(($(nproc) * 2000))" > ${DETECTED}/cpu.hcl
fi
`;

const API = "http://127.0.0.1:4646/v1";

/** Succeeds once the servers agreed on a leader. */
export const NOMAD_LEADER_READY = {
  check: `curl --silent --fail --max-time 5 ${API}/status/leader | grep -q :`,
  timeout: "5m",
};

/**
 * Succeeds once the servers may place jobs on this client, by each of these drivers: Docker's own readiness comes seconds before
 * the node's.
 */
export function nomadClientReady(program: string, drivers: readonly string[]): { check: string; timeout: string } {
  const healthy = "{{range $name, $driver := .Drivers}}{{if $driver.Healthy}} {{$name}}{{end}}{{end}}";
  // Nomad lists them by name.
  const wanted = ["ready eligible", ...[...drivers].sort()].join("( .*)? ");
  const status = `${program} node status -self -t '{{.Status}} {{.SchedulingEligibility}}${healthy}'`;
  // The agent's own answer is cheap to ask for; a start of the program takes a slow processor a second.
  const started = `curl --silent --fail --output /dev/null --max-time 5 '${API}/agent/health?type=client'`;
  return { check: `${started} && ${status} 2>/dev/null | grep -Eqx '${wanted}( .*)?'`, timeout: "5m" };
}
