import execa from "execa";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DeploymentDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { lab } from "./lab";
import { PACKAGE_FOLDER, typed } from "./package";
import { Synthesis } from "./synthesis";

export interface RunOptions {
  /** Their names, each after those it depends on. */
  readonly stacks: readonly string[];
  /** cdktf would ask the registry again for checksums of other platforms. @default false */
  readonly skipProviderLock?: boolean;
}

/** A cdktf program, seen from the command line: where it is, how cdktf is called for it, what it deploys. */
export class Program extends Synthesis {
  private readonly app: string;

  /**
   * @param example name of a folder in `examples/`; left out: the program of `cdktf.json`
   * @param app the command that synthesizes it, where `cdktf.json` lists several programs
   */
  constructor(example?: string, app?: string) {
    super(join(OUTPUT_FOLDER, ...(example === undefined ? [] : ["examples", example])));
    if (example === undefined) {
      this.app = app ?? (JSON.parse(readFileSync("cdktf.json", "utf8")) as { app: string }).app;
      return;
    }
    const main = join(EXAMPLES, example, "main.js");
    if (!existsSync(main))
      throw new CliError(`there is no example '${example}'`, `choose one of: ${examples().join(", ")}`);
    this.app = `node "${main}"`;
  }

  /** Synthesizes as `cdktf synth` does, in a tenth of its time; an error of the program itself is shown as it is. */
  async synth(): Promise<DeploymentDescription[]> {
    mkdirSync(this.output, { recursive: true });
    const env = { ...ENVIRONMENT, CDKTF_OUTDIR: this.output };
    const result = await execa(this.app, { shell: true, all: true, reject: false, env });
    if (result.exitCode !== 0) throw new CliError(programError(result.all), "change the program, then run this again");
    return this.deployments();
  }

  /** `cdktf deploy` or `cdktf destroy`, one stack at a time: side by side, one that fails would tear the others' state. */
  run(verb: "deploy" | "destroy", { stacks, skipProviderLock = false }: RunOptions): execa.ExecaChildProcess {
    const words = [
      ...[verb, ...stacks, "--auto-approve", "--skip-synth", "--parallelism", "1", "--output", this.output],
      // What a stack needs was deployed by an earlier call.
      `--ignore-missing-stack-dependencies`,
      ...(skipProviderLock ? ["--skip-provider-lock"] : []),
    ];
    // What Terraform writes is for its owner alone: states hold what providers read. A process group of its own: Ctrl-C
    // reaches it once, through the process that waits for it, and it cleans up before it ends.
    return execa("sh", ["-c", 'umask 077; exec npx --no-install cdktf "$@"', "sh", ...words], {
      all: true,
      reject: false,
      detached: true,
      // Of what is removed as a whole nothing is drained.
      env: { ...ENVIRONMENT, ...(verb === "destroy" && { VIPSTACK_DRAIN: "no" }) },
    });
  }
}

/** The names of the examples that are compiled. */
export function examples(): string[] {
  return existsSync(EXAMPLES)
    ? readdirSync(EXAMPLES)
        .filter((name) => existsSync(join(EXAMPLES, name, "main.js")))
        .sort()
    : [];
}

/** Terraform remembers in there where the state is, so another state folder needs another output folder. */
export const OUTPUT_FOLDER =
  process.env.VIPSTACK_STATE === undefined ? "cdktf.out" : join(process.env.VIPSTACK_STATE, "cdktf.out");

/** They come with the package, compiled. */
const EXAMPLES = join(PACKAGE_FOLDER, "dist", "examples");

/** There is no prompt: a variable without a value is an error. */
const ENVIRONMENT = { CHECKPOINT_DISABLE: "1", TF_INPUT: "0", FORCE_COLOR: "0", CI: "1" };

/** Node prints where the error was thrown and the stack trace around it; the user needs the message, all lines of it. */
export function programError(output = ""): string {
  const message =
    /^\w*Error: ([^]+?)(?:\n {4}at |\n\nIf you wish to ignore these validations|\n\nNode\.js v|(?![^]))/m.exec(output);
  return (message?.[1] ?? output).trim();
}

/** One of the programs that `vipstack up` chooses from, as cdktf.json lists them. */
export interface Candidate {
  /** What it brings up, in short: `the chain: client, virtual address, APISIX, job`. */
  readonly title: string;
  /** The command that synthesizes it, as cdktf's own `app`. */
  readonly app: string;
  /** Programs of vendors that its machines need and the lab can't build. @default - none */
  readonly software?: readonly string[];
  /** Container images that its machines pull and the lab can't make. @default - none */
  readonly images?: readonly string[];
}

/** The program that was chosen, and a message about those that were not. */
export interface Choice {
  readonly app: string;
  /** Left out where the first one is possible. */
  readonly leftOut?: string;
}

/** Whether the lab can have a program or an image, by `vipstack-lab … check --json`. */
export interface Supply {
  readonly name: string;
  readonly available: boolean;
  /** Why not. */
  readonly why?: string;
  /** The arguments of `vipstack-lab` that add it. */
  readonly cure?: string;
}

/**
 * The first program of cdktf.json's list that is possible on this machine, chosen before anything is synthesized: each program is
 * the same everywhere. A project without a list has the one program that cdktf knows.
 */
export async function chooseProgram(): Promise<Choice> {
  const { app, vipstack } = JSON.parse(readFileSync("cdktf.json", "utf8")) as CdktfJson;
  const candidates = vipstack?.programs ?? [];
  return candidates.length === 0 ? { app } : firstPossible(candidates, await suppliesOf(candidates));
}

/** @throws CliError where none is possible */
export function firstPossible(candidates: readonly Candidate[], supplies: readonly Supply[]): Choice {
  const missing = ({ software = [], images = [] }: Candidate): Supply[] =>
    supplies.filter(({ name, available }) => !available && [...software, ...images].includes(name));
  const [first] = candidates;
  const chosen = candidates.find((candidate) => missing(candidate).length === 0);
  const lacks = first === undefined ? [] : missing(first);
  const cures = lacks.flatMap(({ cure }) => (cure === undefined ? [] : [typed("lab", cure)]));
  const reasons = lacks.map(({ name, why = `there is no ${name}` }) => why);
  if (chosen === undefined) throw new CliError(reasons.join("; "), `get it: ${cures.join(", then ")}`);
  if (chosen === first) return { app: chosen.app };
  return {
    app: chosen.app,
    leftOut: [
      `${chosen.title}.`,
      `Left out is ${first?.title ?? ""}:`,
      ...reasons.map((reason) => `  ${reason}`),
      "To get it:",
      ...cures.map((cure) => `  ${cure}`),
    ].join("\n"),
  };
}

async function suppliesOf(candidates: readonly Candidate[]): Promise<Supply[]> {
  const ask = async (kind: "program" | "image", names: readonly string[]): Promise<Supply[]> => {
    if (names.length === 0) return [];
    const { stdout } = await lab([kind, "check", ...names, "--json"]);
    return JSON.parse(stdout) as Supply[];
  };
  const all = (lists: readonly (readonly string[] | undefined)[]): string[] => [
    ...new Set(lists.flatMap((list) => list ?? [])),
  ];
  const supplies = await Promise.all([
    ask("program", all(candidates.map(({ software }) => software))),
    ask("image", all(candidates.map(({ images }) => images))),
  ]);
  return supplies.flat();
}

interface CdktfJson {
  readonly app: string;
  readonly vipstack?: { readonly programs?: readonly Candidate[] };
}
