import Table from "cli-table3";
import * as fs from "fs";
import { plain } from "./addresses";
import type { Forward } from "./documents";
import { guestPid } from "./guest";
import { namespaceExists, runningForwards } from "./network";
import { packageProxyRuns } from "./offline/package-proxy";
import type { FaultRecord, LabState } from "./state";

/** One machine in `status --json`. */
interface MachineStatus {
  readonly name: string;
  /** `absent`: in the list, but never created. */
  readonly state: "ready" | "booting" | "failed" | "frozen" | "off" | "absent";
  readonly addresses: string[];
  readonly memoryMiB?: number;
  readonly usedMiB?: number;
  readonly faults: FaultRecord;
}

/** The answer of `status --json`. */
interface LabStatus {
  readonly name: string;
  readonly dir: string;
  readonly running: boolean;
  readonly namespace: string;
  readonly sshConfig: string;
  readonly subnets: string[];
  readonly forwards: Forward[];
  readonly machines: MachineStatus[];
}

/** How the lab is now. */
export function statusOf(state: LabState): LabStatus {
  const lab = state.requireLab();
  const names = [...new Set([...lab.machines, ...state.guests()])];
  return {
    name: lab.name,
    dir: state.dir,
    running: namespaceExists(state) && packageProxyRuns(state),
    namespace: state.namespace,
    sshConfig: state.file("ssh_config"),
    subnets: lab.subnets,
    forwards: runningForwards(state),
    machines: names.map((name) => machineStatus(state, name)),
  };
}

/** The status as a table for the user. */
export function statusText(status: LabStatus): string {
  const head = ["machine", "state", "addresses", "memory", "faults"];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const machine of status.machines) {
    const memory = machine.memoryMiB === undefined ? "" : `${machine.usedMiB ?? 0} of ${machine.memoryMiB} MiB`;
    table.push([
      machine.name,
      machine.state,
      machine.addresses.map(plain).join("\n"),
      memory,
      faultText(machine.faults),
    ]);
  }
  const forwards = status.forwards.map(({ listen, to }) => `127.0.0.1:${listen} leads to ${to}`);
  const title = `lab ${status.name} ${status.running ? "runs" : "does not run"} (${status.subnets.join(", ")})`;
  return [title, table.toString(), ...forwards, `ssh -F ${status.sshConfig} NAME`].join("\n");
}

/** Faults in words. */
export function faultText(faults: FaultRecord): string {
  const { cut, frozen, delayMs = 0, jitterMs = 0, lossPercent = 0 } = faults;
  return [
    ...(cut ? ["network cut"] : []),
    ...(frozen ? ["frozen"] : []),
    ...(delayMs > 0 ? [`delay ${delayMs} ms${jitterMs > 0 ? ` ± ${jitterMs} ms` : ""}`] : []),
    ...(lossPercent > 0 ? [`loss ${lossPercent} %`] : []),
  ].join(", ");
}

function machineStatus(state: LabState, name: string): MachineStatus {
  if (!state.guests().includes(name)) return { name, state: "absent", addresses: [], faults: {} };
  const machine = state.machine(name);
  const { phase, faults } = state.guest(name);
  const pid = guestPid(state, name);
  return {
    name,
    state: pid === undefined ? "off" : faults.frozen ? "frozen" : phase === "off" ? "booting" : phase,
    addresses: machine.nics.flatMap((nic) => nic.addresses),
    memoryMiB: machine.memoryMiB,
    ...(pid === undefined ? {} : { usedMiB: usedMiB(pid) }),
    faults,
  };
}

/** Memory of the host that a machine holds: its memory file is mapped by its kernel, page by page as it is touched. */
function usedMiB(pid: number): number {
  try {
    const rss = /^VmRSS:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Math.round(Number(rss ?? 0) / 1024);
  } catch {
    return 0;
  }
}
