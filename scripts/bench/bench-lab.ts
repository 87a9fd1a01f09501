import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import execa from "execa";
import { DEPLOYMENT_FILE, DeploymentDescription } from "../../constructs/deployment";
import { artefactOf } from "../../lab/offline/catalogue";
import { checkPrograms } from "../../lab/offline/programs";
import { Progress } from "./progress";

const ROOT = resolve(__dirname, "..", "..");
const MODULES = join(ROOT, "..", "node_modules");

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

  async up(): Promise<void> {
    await this.run("up");
  }

  /** Ends an `up` that still runs before. */
  async down(): Promise<void> {
    this.running?.kill("SIGTERM");
    await this.running?.catch(() => undefined);
    await this.run("down");
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

  /** Standard output belongs to the bench's own table. */
  private async run(verb: "up" | "down"): Promise<void> {
    this.running = execa("node", this.words(verb), { ...this.options(), stdout: 2, stderr: "inherit" });
    await this.running;
    this.running = undefined;
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
  const signals = new Signals();
  try {
    progress.say("the lab comes up");
    await signals.endingOf(app.up());
    return await signals.endingOf(work(app.labDirectory, app));
  } finally {
    if (keep !== true) {
      progress.say("the lab goes down");
      await app.down();
      rmSync(app.folder, { recursive: true, force: true });
    }
    signals.ignore();
  }
}

/** Ctrl-C and SIGTERM: they end the work, and what is up is taken down all the same. */
class Signals {
  private readonly received: Promise<never>;
  private readonly take: (signal: NodeJS.Signals) => void;

  constructor() {
    let take: (signal: NodeJS.Signals) => void = () => undefined;
    this.received = new Promise((_, reject) => {
      take = (signal) => {
        reject(new Error(`interrupted by ${signal}`));
      };
    });
    this.received.catch(() => undefined); // it may come when nothing waits for it
    this.take = take;
    process.on("SIGINT", take).on("SIGTERM", take);
  }

  /** @throws Error as soon as there is a signal */
  endingOf<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.received]);
  }

  ignore(): void {
    process.off("SIGINT", this.take).off("SIGTERM", this.take);
  }
}
