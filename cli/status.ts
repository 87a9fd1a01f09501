import { setTimeout as sleep } from "node:timers/promises";
import { DeployedMachine, DeploymentDescription, GatewayDescription } from "../constructs/deployment";
import { jobInstances } from "./agent-stacks";
import { columns } from "./columns";
import { askConsul } from "./consul-question";
import { directorTable, TableService } from "./director-table";
import { JobInstance } from "./jobs";
import { Login } from "./login";
import { purposes } from "./report";
import {
  chooseRunning,
  deletedLine,
  DeploymentOption,
  Running,
  RunningLab,
  runningDeployments,
  runningLabs,
} from "./running";
import { fitted, statusText } from "./status-screen";

/** How long a machine may take to answer. */
const ANSWER_SECONDS = 10;

/** How often `--watch` looks, and `vipstack view` while a page is open. */
export const WATCH_SECONDS = 2;

export interface MachineNow {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly state: string;
  readonly upSeconds?: number;
  /** What it is there for. */
  readonly roles: readonly string[];
}

export interface DirectorNow {
  readonly name: string;
  readonly services: readonly TableService[];
  /** The rules of the iptables plane. */
  readonly rules: readonly string[];
}

export interface CheckNow {
  /** Path of the construct of its Consul cluster. @default - an earlier release described the deployment */
  readonly cluster?: string;
  readonly node: string;
  readonly service: string;
  readonly check: string;
  readonly status: string;
}

/** The answer of `vipstack status --json`. */
export interface Status {
  readonly deployment: string;
  readonly stateFolder: string;
  readonly machines: readonly MachineNow[];
  readonly directors: readonly DirectorNow[];
  readonly checks: readonly CheckNow[];
  readonly jobs: readonly JobInstance[];
  readonly routes: readonly ({ readonly gateway: string } & GatewayDescription["routes"][number])[];
  /** What could not be asked, and why. */
  readonly problems: readonly string[];
}

export interface StatusOptions extends DeploymentOption {
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** One screen about the deployment that is up. */
export async function status({ deployment, json = false, watch = false }: StatusOptions): Promise<void> {
  for (let looks = 0; ; looks++) {
    const running = await chooseRunning({ deployment });
    const waits = looks === 0 && process.stdout.isTTY && !json;
    if (waits) process.stdout.write(`Asks ${running.deployment.machines.length} machines …`);
    const now = await statusOf(running);
    if (waits) process.stdout.write("\r\x1b[K");
    const text = json ? JSON.stringify(now, null, 2) : statusText(now);
    // On a terminal the screen is drawn over the last one; elsewhere they follow each other.
    const terminal = watch && process.stdout.isTTY;
    process.stdout.write(terminal ? `\x1b[H${fitted(text).replace(/\n/g, "\x1b[K\n")}\x1b[K\n\x1b[J` : `${text}\n`);
    if (!watch) return;
    if (!terminal) process.stdout.write("\n");
    await sleep(WATCH_SECONDS * 1000);
  }
}

/** The deployments that are up, and labs whose folder was deleted. */
export async function list({ json = false }: { readonly json?: boolean }): Promise<void> {
  const labs = await runningLabs();
  const all = runningDeployments(labs);
  if (json) {
    const rows = all.map(({ deployment: { name, stateFolder, machines }, lab }) => ({
      deployment: name,
      stateFolder,
      machines: machines.map((machine) => ({ name: machine.name, ...stateIn(machine, lab) })),
    }));
    const deleted = labs.filter(({ folderDeleted }) => folderDeleted);
    process.stdout.write(`${JSON.stringify({ deployments: rows, deleted }, null, 2)}\n`);
    return;
  }
  const parts = all.map(({ deployment, lab }) => {
    const machines = deployment.machines.map((one) => [
      one.name,
      one.addresses.join(", "),
      stateIn(one, lab).state,
      purposes(deployment, one).join(", "),
    ]);
    return `${deployment.name}\n${columns([["machine", "address", "state", "what it is"], ...machines])}`;
  });
  const deleted = labs.filter(({ folderDeleted }) => folderDeleted).map(deletedLine);
  console.log([...parts, ...deleted].join("\n\n") || "Nothing is up.");
}

/** Asks all machines at the same time, and the agents of the jobs. */
export async function statusOf({ deployment, synthesis, lab }: Running): Promise<Status> {
  const { name, stateFolder, machines, virtualServices, gateways } = deployment;
  const problems: string[] = [];
  const trying = async <T>(what: string, work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      problems.push(`${what}: ${(error as Error).message.split("\n")[0] ?? ""}`);
      return otherwise;
    }
  };
  const stacks = synthesis.providerStacks();
  const members = clusterMembers(machines.filter((one) => isOn(stateIn(one, lab).state)));
  const [answers, jobs] = await Promise.all([
    Promise.all(machines.map((one) => ask(deployment, one, members.includes(one), stateIn(one, lab)))),
    trying("jobs", () => jobInstances(synthesis, stacks), []),
  ]);
  for (const { name } of members)
    if (!answers.some(({ machine, consul }) => machine.name === name && consul !== undefined))
      problems.push(`Consul on ${name} does not answer`);
  return {
    deployment: name,
    stateFolder,
    machines: answers.map(({ machine }) => machine),
    directors: answers.flatMap(({ director }) => director ?? []),
    checks: answers.flatMap(({ consul }) => consul ?? []),
    jobs,
    routes: gateways.flatMap((gateway) => gateway.routes.map((route) => ({ gateway: gateway.name, ...route }))),
    problems: [
      ...problems,
      ...virtualServices
        .filter(({ director }) => !answers.some((one) => one.director?.name === director))
        .map(({ director }) => `the director ${director} does not answer`),
    ].filter((problem, index, all) => all.indexOf(problem) === index),
  };
}

/** The first machine with an agent of each Consul cluster: any agent answers for its whole cluster. */
function clusterMembers(machines: readonly DeployedMachine[]): DeployedMachine[] {
  const agents = machines.filter(({ roles }) => roles.some((role) => role.startsWith("Consul")));
  const of = (one: DeployedMachine): DeployedMachine | undefined =>
    agents.find(({ consulCluster }) => consulCluster === one.consulCluster);
  return agents.filter((one) => of(one) === one);
}

interface Answer {
  readonly machine: MachineNow;
  readonly director?: DirectorNow;
  readonly consul?: CheckNow[];
}

/** One login answers everything: that takes most of the time. */
async function ask(
  deployment: DeploymentDescription,
  asked: DeployedMachine,
  consul: boolean,
  state: MachineState,
): Promise<Answer> {
  const { name, addresses } = asked;
  const machine = { name, addresses, roles: purposes(deployment, asked), ...state };
  if (!isOn(state.state)) return { machine };
  const isDirector = deployment.virtualServices.some(({ director }) => director === name);
  const script = [
    "cut -d ' ' -f 1 /proc/uptime",
    ...(isDirector
      ? [
          `echo ${SEPARATOR}; command -v ipvsadm >/dev/null && ipvsadm -ln 2>/dev/null`,
          `echo ${SEPARATOR}; command -v ipvsadm >/dev/null && ipvsadm -ln --rate --exact 2>/dev/null`,
          `echo ${SEPARATOR}; cat /run/vipstack/ipvs-drain.json 2>/dev/null`,
          `echo ${SEPARATOR}; iptables -t nat -S 2>/dev/null | grep -- '-A VIPSTACK'`,
        ]
      : []),
    ...(consul ? [`echo ${SEPARATOR}; ${askConsul(asked, "/v1/health/state/any")}`] : []),
  ].join("\n");
  const { stdout, exitCode } = await new Login(asked).ask(`${script}\nexit 0\n`, { seconds: ANSWER_SECONDS });
  if (exitCode !== 0) return { machine: { ...machine, state: "does not answer" } };
  const [uptime = "", ...parts] = stdout.split(`${SEPARATOR}\n`);
  const [table = "", rates = "", drains = "", rules = ""] = isDirector ? parts : [];
  const checks = consul ? consulChecks(parts.at(-1) ?? "", asked.consulCluster) : undefined;
  const seconds = Number(uptime);
  return {
    machine: { ...machine, upSeconds: Math.round(seconds) },
    ...(isDirector && {
      director: {
        name,
        services: directorTable(table, rates, drains, seconds),
        rules: rules.split("\n").filter((line) => line !== ""),
      },
    }),
    ...(checks && { consul: checks }),
  };
}

const SEPARATOR = "--- vipstack";

interface MachineState {
  readonly state: string;
  readonly upSeconds?: number;
}

function stateIn({ name }: DeployedMachine, lab: RunningLab | undefined): MachineState {
  if (lab === undefined) return { state: "deployed" };
  const { state = "absent", upSeconds } = lab.machines.find((one) => one.name === name) ?? {};
  return { state, ...(upSeconds !== undefined && { upSeconds }) };
}

/** Whether it is worth asking; a frozen one would hang. */
function isOn(state: string): boolean {
  return !["off", "absent", "frozen"].includes(state);
}

function consulChecks(text: string, cluster: string | undefined): CheckNow[] | undefined {
  try {
    const checks = JSON.parse(text) as { Node: string; ServiceName: string; Name: string; Status: string }[];
    return checks.map(({ Node: node, ServiceName: service, Name: check, Status }) => ({
      ...(cluster !== undefined && { cluster }),
      node,
      service,
      check,
      status: Status,
    }));
  } catch {
    return undefined;
  }
}
