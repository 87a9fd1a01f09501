import { setTimeout } from "node:timers/promises";
import { ListrTask } from "listr2";
import { DeploymentDescription } from "../constructs/deployment";
import { askerOf } from "./asker";
import { examineScenes } from "./doctor/examination";
import { Finding, findingText } from "./doctor/finding";
import { Scene, socket } from "./doctor/scene";
import { CliError } from "./errors";
import { followEvents, LabEvent } from "./lab";
import { Login } from "./login";
import { page } from "./package";
import { Program } from "./program";
import { keepBootContent } from "./plan/boot-content";
import { Synthesis } from "./synthesis";
import { deployError, runTerraform } from "./terraform";

/** What happened, for the last line of the output. */
export interface DeployOutcome {
  changed: boolean;
}

/**
 * `cdktf deploy` for the machines, and beside it one task a lab machine, fed by the lab's events.
 *
 * @param unchanged whether a plan has shown that there is nothing to do; cdktf takes several times as long to find out
 */
export function deployTasks(
  program: Program,
  deployments: readonly DeploymentDescription[],
  outcome: DeployOutcome,
  unchanged: boolean,
): ListrTask[] {
  const progress = new DeployProgress(deployments);
  const terraform: ListrTask = {
    title: "Terraform",
    task: async (_, task) => {
      const stacks = deployments.map(({ stack }) => stack);
      if (unchanged) {
        progress.finish();
        task.skip("Terraform: nothing to change");
        return;
      }
      const folders = deployments.map(({ stateFolder }) => stateFolder);
      const result = await runTerraform(program, { stacks }, folders, (line) => (task.output = line));
      outcome.changed ||= result.changed;
      const error = result.ok ? undefined : deployError(result, progress.failures);
      progress.finish(error);
      if (error !== undefined) throw error;
      for (const deployment of deployments) keepBootContent(program, deployment);
    },
  };
  const names = deployments
    .filter(({ access }) => access.labDirectory !== undefined)
    .flatMap(({ machines }) => machines.map(({ name }) => name));
  return [
    terraform,
    ...names.map((name): ListrTask => ({
      title: name,
      task: async (_, task) => {
        const untouched = await progress.of(name, (line) => (task.output = line));
        if (untouched) task.skip(`${name}: nothing was done`);
      },
    })),
  ];
}

/** Passes each machine's events to its task, until the machine is ready or the deployment has ended. */
class DeployProgress {
  readonly failures: string[] = [];
  private readonly heard = new Set<string>();
  private readonly listeners = new Map<string, (event: LabEvent) => void>();
  private readonly stops: (() => void)[];
  private readonly ended: Promise<CliError | undefined>;
  private end: (error?: CliError) => void = () => undefined;

  constructor(deployments: readonly DeploymentDescription[]) {
    this.ended = new Promise((resolve) => (this.end = resolve));
    const since = new Date();
    const directories = deployments.flatMap(({ access }) => access.labDirectory ?? []);
    this.stops = directories.map((directory) =>
      followEvents(directory, since, (event) => {
        this.hear(event);
      }),
    );
  }

  /**
   * @returns whether nothing was done with the machine
   * @throws the deployment's own error where it has ended before the machine was ready
   */
  async of(machine: string, show: (line: string) => void): Promise<boolean> {
    const ready = new Promise<"ready">((resolve) => {
      this.listeners.set(machine, ({ stage, detail = stage }) => {
        show(`${machine}: ${detail.split("\n")[0] ?? ""}`);
        if (stage === "ready") resolve("ready");
      });
    });
    const end = await Promise.race([ready, this.ended]);
    if (end === "ready") return false;
    if (end !== undefined && this.heard.has(machine)) throw end;
    return !this.heard.has(machine);
  }

  /** @param error why it failed; left out where it did not */
  finish(error?: CliError): void {
    for (const stop of this.stops) stop();
    this.end(error);
  }

  private hear(event: LabEvent): void {
    if (event.stage === "failed") this.failures.push(event.detail ?? `${event.machine ?? "the lab"} failed`);
    this.heard.add(event.machine ?? "");
    this.listeners.get(event.machine ?? "")?.(event);
  }
}

/** Until each gateway has its routes. They fetch their image after the machine counts as made. */
export async function waitForGateways(
  deployments: readonly DeploymentDescription[],
  show: (line: string) => void,
): Promise<void> {
  for (const { gateways, machines } of deployments) {
    const instances = gateways.flatMap(({ name, job, instances: all }) => all.map((one) => ({ name, job, ...one })));
    const waits = instances.map(async ({ name, job, machine, ready, settled = "true" }) => {
      const command = `${settled} && curl --fail --silent --show-error --output /dev/null --max-time 5 ${ready}`;
      const what = `gateway ${name} on ${machine} gets its routes`;
      const why = await untilDone({ machines, machine, command, what, seconds: 600, show });
      if (why === undefined) return;
      throw new CliError(
        `gateway ${name} on ${machine} has no routes after ten minutes${why}`,
        job
          ? `look at its allocation there: nomad job status ${name} (${page("gateways.md")})`
          : `look at its log on that machine: journalctl --unit 'vipstack-gateway-*' (${page("gateways.md")})`,
      );
    });
    await Promise.all(waits);
  }
}

/** Until each virtual service answers the client. */
export async function waitForServices(
  synthesis: Synthesis,
  deployments: readonly DeploymentDescription[],
  show: (line: string) => void,
): Promise<void> {
  for (const deployment of deployments) {
    const { machines, virtualServices } = deployment;
    for (const service of virtualServices.filter(({ protocol, port }) => protocol === "tcp" && port !== 0)) {
      const client = askerOf(deployment, service);
      if (client === undefined) continue;
      const endpoint = socket(service.address, service.port);
      const command = `curl --globoff --silent --show-error --output /dev/null --max-time 5 http://${endpoint}/`;
      const what = `${client} asks ${endpoint}`;
      const askDoctor = (): Promise<Finding | undefined> => firstFinding(synthesis, deployment, endpoint, show);
      const doubt = async (): Promise<string | undefined> => (await askDoctor())?.cause;
      const why = await untilDone({ machines, machine: client, command, what, seconds: 120, show, doubt });
      if (why === undefined) {
        // An application may say so for good, which is no fault of the deployment: the report shows it.
        await untilDone({ machines, machine: client, command: noGatewayError(endpoint), what, seconds: 60, show });
        continue;
      }
      // Again, because the cause may be another one by now.
      const finding = await askDoctor();
      throw new CliError(
        `${endpoint} does not answer ${client} within two minutes${why}${finding === undefined ? "" : `\n${findingText(finding)}`}`,
        `run vipstack doctor, or look at the director's table and at the real servers (${page("troubleshooting.md")})`,
      );
    }
  }
}

/** A gateway that has just started answers with an error until it has heard of the instances behind it. */
function noGatewayError(endpoint: string): string {
  const status = `$(curl --globoff --silent --output /dev/null --max-time 5 --write-out '%{http_code}' http://${endpoint}/)`;
  return `for request in 1 2 3 4; do status=${status}; case $status in 502|503|504) echo "status $status"; exit 1;; esac; done`;
}

/** The doctor's most certain finding about a service. @returns undefined if it finds nothing, or fails */
async function firstFinding(
  synthesis: Synthesis,
  deployment: DeploymentDescription,
  endpoint: string,
  show: (line: string) => void,
): Promise<Finding | undefined> {
  const topology = synthesis.topology(deployment.stack);
  if (topology === undefined) return undefined;
  try {
    const scenes = Scene.all(deployment, topology).filter((scene) => scene.endpoint === endpoint);
    const [examination] = await examineScenes(scenes, (line) => {
      show(`doctor ${line} …`);
    });
    // What is said anyway is that it does not answer.
    return examination?.findings.find(({ name }) => name !== "unknown");
  } catch {
    // The wait is about the service; its own message is better than one about the doctor.
    return undefined;
  }
}

/** Seconds without an answer after which the doctor looks; a service that only starts up answers earlier. */
const DOUBT_SECONDS = 20;

/** How long a machine tries by itself before it says why it goes on. */
const ROUND_SECONDS = 10;

/**
 * Repeats a command on a machine until it succeeds, and shows every ten seconds what it said last, and how long it has been.
 *
 * @returns what it said last, where it never succeeded, to be added to a message
 */
async function untilDone(wait: {
  readonly machines: DeploymentDescription["machines"];
  readonly machine: string;
  readonly command: string;
  readonly what: string;
  readonly seconds: number;
  readonly show: (line: string) => void;
  /** Called once after {@link DOUBT_SECONDS}; what it returns is shown as well. @default - it is only waited */
  readonly doubt?: () => Promise<string | undefined>;
}): Promise<string | undefined> {
  const { machines, machine, command, what, seconds, show } = wait;
  let { doubt } = wait;
  const login = Login.to({ machines }, machine);
  let suspicion = "";
  const late = `[ $(date +%s) -ge $end ]`;
  const round = `end=$(($(date +%s) + ${ROUND_SECONDS})); until why=$(${command} 2>&1); do if ${late}; then echo "$why"; exit 0; fi; sleep 1; done; echo done`;
  show(what);
  const started = Date.now();
  for (;;) {
    const said = await login.run(round).catch(() => setTimeout(1000, `${machine} can't be reached`));
    const last = said.trim().split("\n").at(-1) ?? "";
    if (last === "done") return undefined;
    const reason = last === "" ? "" : `: ${last}`;
    const passed = Math.round((Date.now() - started) / 1000);
    if (passed >= seconds) return reason;
    if (passed >= DOUBT_SECONDS && doubt !== undefined) {
      suspicion = (await doubt()) ?? "";
      doubt = undefined;
    }
    show(`${what}${reason} (${passed} s)${suspicion === "" ? "" : `; ${suspicion}`}`);
  }
}
