import Table from "cli-table3";
import * as fs from "fs";
import { plain } from "./addresses";
import type { Forward } from "./documents";
import { guestPid, guestSeconds, runningGuests } from "./guest";
import { namespaceExists, runningForwards } from "./network";
import { packageProxyRuns } from "./offline/package-proxy";
import { type FaultRecord, LabState } from "./state";

/** One machine in `status --json`. */
interface MachineStatus {
  readonly name: string;
  /** `absent`: in the list, but never created. */
  readonly state: "ready" | "booting" | "failed" | "frozen" | "off" | "absent";
  readonly addresses: string[];
  readonly memoryMiB?: number;
  readonly usedMiB?: number;
  /** Since it was switched on. @default - it is off */
  readonly upSeconds?: number;
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

/** One lab in `list --json`. */
interface ListedLab {
  readonly dir: string;
  /** Whether its folder was deleted while it ran: it can only be stopped. */
  readonly folderDeleted: boolean;
  /** The LAB.json that it was started with. @default - it was started by an older version */
  readonly list?: string;
  readonly running: boolean;
  readonly machines: readonly MachineStatus[];
}

/** The labs of this host. */
export function listLabs(): ListedLab[] {
  return LabState.all()
    .map((state) => {
      const lab = state.lab();
      const common = { dir: state.dir, list: state.list, folderDeleted: lab === undefined };
      if (lab !== undefined) {
        const { running, machines } = statusOf(state);
        return { ...common, running, machines };
      }
      const machines = runningGuests(state).map((name) => {
        const upSeconds = guestSeconds(state, name);
        return { name, state: "ready" as const, addresses: [], faults: {}, upSeconds };
      });
      return { ...common, running: namespaceExists(state), machines };
    })
    .filter(({ running, machines }) => running || machines.some(({ upSeconds }) => upSeconds !== undefined));
}

/** The labs as text for the user. */
export function listText(labs: readonly ListedLab[]): string {
  if (labs.length === 0) return "no lab runs on this host";
  return labs
    .map(({ dir, folderDeleted, machines }) => {
      const names = machines.map(({ name, state }) => (state === "ready" ? name : `${name} (${state})`)).join(", ");
      const deleted = folderDeleted ? `\n  its folder was deleted; stop it: vipstack-lab stop --dir ${dir}` : "";
      return `${dir}: ${names || "no machine"}${deleted}`;
    })
    .join("\n");
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
    ...(pid === undefined ? {} : { usedMiB: usedMiB(pid), upSeconds: guestSeconds(state, name) }),
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
