import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import execa from "execa";
import { DEPLOYMENT_FILE, DeploymentDescription } from "../../constructs/deployment";
import { artefactOf } from "../../lab/offline/catalogue";
import { checkPrograms } from "../../lab/offline/programs";
import { Progress } from "./progress";
import { untilSignal } from "./until-signal";

const ROOT = resolve(__dirname, "..", "..");
const MODULES = join(ROOT, "..", "node_modules");

/** Standard output belongs to the bench's own table. */
const TO_STANDARD_ERROR = { stdout: 2, stderr: "inherit" } as const;

/** The program of a bench that makes its machines, BENCH-machines.ts, in a folder of its own. */
export class BenchApp {
  /** Always the same one: a lab that an earlier run left up is used again. */
  readonly folder: string;
  private running?: execa.ExecaChildProcess;

  /** @param environment of its program */
  constructor(
    bench: string,
    private readonly environment: Record<string, string> = {},
  ) {
    this.folder = join(tmpdir(), `vipstack-bench-${bench}`);
    mkdirSync(this.folder, { recursive: true });
    const app = `node "${join(__dirname, `${bench}-machines.js`)}"`;
    writeFileSync(join(this.folder, "cdktf.json"), JSON.stringify({ language: "typescript", app }));
    const modules = join(this.folder, "node_modules");
    if (!existsSync(modules)) symlinkSync(MODULES, modules);
  }

  /** The words after `node` that bring the machines up, take them down, or deploy them without vipstack's commands. */
  words(verb: "up" | "down" | "cdktf"): string[] {
    if (verb !== "cdktf") return [join(ROOT, "cli", "vipstack.js"), verb];
    return [join(MODULES, "cdktf-cli", "bundle", "bin", "cdktf"), "deploy", "--auto-approve", "machines"];
  }

  options(environment: Record<string, string> = {}): { cwd: string; env: Record<string, string> } {
    const env = { VIPSTACK_STATE: this.folder, CHECKPOINT_DISABLE: "1", ...this.environment, ...environment };
    return { cwd: this.folder, env };
  }

  /**
   * Runs one of its commands, which {@link BenchApp.stop} ends. It has a process group of its own, so that a terminal's Ctrl-C does not reach it:
   * Terraform takes a second signal for "at once".
   */
  run(verb: Parameters<BenchApp["words"]>[0], options: execa.Options = {}): execa.ExecaChildProcess {
    this.running = execa("node", this.words(verb), { ...this.options(), detached: true, ...options });
    return this.running;
  }

  async up(): Promise<void> {
    await this.run("up", TO_STANDARD_ERROR);
  }

  async down(): Promise<void> {
    await this.stop();
    await this.run("down", TO_STANDARD_ERROR);
  }

  /** Ends what runs, and waits for its end. */
  async stop(): Promise<void> {
    const { running } = this;
    if (running?.pid === undefined || running.exitCode !== null || running.signalCode !== null) return;
    // The whole group: cdktf passes no signal on to Terraform.
    process.kill(-running.pid, "SIGTERM");
    await running.catch(() => undefined);
  }

  /** Of the lab that runs the machines. */
  get labDirectory(): string {
    const { access } = JSON.parse(this.synthesized("machines", DEPLOYMENT_FILE)) as DeploymentDescription;
    if (access.labDirectory === undefined)
      throw new Error(`assumption broken: the deployment in ${this.folder} names no lab`);
    return access.labDirectory;
  }

  /** A file that synth wrote beside the JSON of a stack. */
  synthesized(stack: string, file: string): string {
    return readFileSync(join(this.folder, "cdktf.out", "stacks", stack, file), "utf8");
  }
}

/** Whether machines of a lab can run Nomad. */
export async function labHasNomad(): Promise<boolean> {
  const [nomad] = await checkPrograms([artefactOf("nomad")]);
  return nomad?.available === true;
}

export interface LabOptions {
  /** Whether the lab stays up, so that the next run needs no new one. */
  readonly keep?: true;
}

/**
 * Brings up the machines of a bench, has work done on them, and takes them down again.
 *
 * @param work gets the folder of the lab, and the program
 * @param environment of the program that makes the machines
 */
export async function onLab<T>(
  bench: string,
  { keep }: LabOptions,
  progress: Progress,
  work: (labDirectory: string, app: BenchApp) => Promise<T>,
  environment?: Record<string, string>,
): Promise<T> {
  const app = new BenchApp(bench, environment);
  const measure = async (): Promise<T> => {
    progress.say("the lab comes up");
    await app.up();
    return work(app.labDirectory, app);
  };
  return untilSignal(measure, () => (keep === true ? app.stop() : takeDown(app, progress)));
}

/** Where that fails, it is said and makes the exit code 1; what was measured is not lost. */
export async function takeDown(app: BenchApp, progress: Progress): Promise<void> {
  progress.say("the lab goes down");
  try {
    await app.down();
    rmSync(app.folder, { recursive: true, force: true });
  } catch (error) {
    progress.say(`the lab is still up: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
