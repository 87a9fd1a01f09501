import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import execa from "execa";
import { DEPLOYMENT_FILE, DeploymentDescription } from "../constructs/deployment";
import { CliError } from "./errors";

/** A cdktf program, seen from the command line: where it is, how cdktf is called for it, what it deploys. */
export class Program {
  /** Where cdktf writes the synthesized stacks. */
  readonly output: string;
  private readonly app: string;

  /** @param example name of a folder in `examples/`; left out: the program of `cdktf.json` */
  constructor(example?: string) {
    // Terraform remembers in there where the state is, so another state folder needs another output folder.
    const root = process.env.VIPSTACK_STATE === undefined ? "cdktf.out" : join(process.env.VIPSTACK_STATE, "cdktf.out");
    this.output = join(root, ...(example === undefined ? [] : ["examples", example]));
    if (example === undefined) {
      this.app = (JSON.parse(readFileSync("cdktf.json", "utf8")) as { app: string }).app;
      return;
    }
    const main = join("dist", "examples", example, "main.js");
    if (!existsSync(main))
      throw new CliError(`there is no example '${example}'`, `choose one of: ${examples().join(", ")}`);
    this.app = `node ${main}`;
  }

  /** Synthesizes as `cdktf synth` does, in a tenth of its time; an error of the program itself is shown as it is. */
  async synth(): Promise<DeploymentDescription[]> {
    mkdirSync(this.output, { recursive: true });
    const env = { ...ENVIRONMENT, CDKTF_OUTDIR: this.output };
    const result = await execa(this.app, { shell: true, all: true, reject: false, env });
    if (result.exitCode !== 0) throw new CliError(programError(result.all), "change the program, then run this again");
    return this.deployments();
  }

  /** Every stack's description, as the last synth wrote it. */
  deployments(): DeploymentDescription[] {
    const stacks = resolve(this.output, "stacks");
    if (!existsSync(stacks)) return [];
    return readdirSync(stacks)
      .map((stack) => join(stacks, stack, DEPLOYMENT_FILE))
      .filter((file) => existsSync(file))
      .map((file) => JSON.parse(readFileSync(file, "utf8")) as DeploymentDescription);
  }

  /** `cdktf deploy` or `cdktf destroy`, one stack at a time. */
  run(verb: "deploy" | "destroy"): execa.ExecaChildProcess {
    const words = [verb, "*", "--auto-approve", "--skip-synth", "--parallelism", "1", "--output", this.output];
    // A process group of its own: Ctrl-C reaches it once, by whoever waits for it, and it ends in its own way.
    return execa("npx", ["--no-install", "cdktf", ...words], {
      all: true,
      reject: false,
      detached: true,
      env: ENVIRONMENT,
    });
  }
}

/** The names of the examples that are compiled. */
export function examples(): string[] {
  const folder = join("dist", "examples");
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => existsSync(join(folder, name, "main.js")))
        .sort()
    : [];
}

const ENVIRONMENT = { CHECKPOINT_DISABLE: "1", FORCE_COLOR: "0", CI: "1" };

/** Node prints where the error was thrown and the stack trace around it; a person needs the message. */
function programError(output = ""): string {
  const message = /^\w*Error: ([^]+?)(?:\n {4}at |$)/m.exec(output);
  return (message?.[1] ?? output).trim();
}
