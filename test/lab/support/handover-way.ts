import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, relative } from "node:path";
import execa from "execa";
import { havePrograms } from "../../support/programs";
import { TERRAFORM } from "../../support/terraform";
import { Agents, ask } from "./agents";
import { ClusterContent, clusterContent } from "./cluster-content";
import { makeApp } from "./deployment";

const PROJECT = join(__dirname, "..", "..", "..");
const VIPSTACK = join(PROJECT, "dist", "cli", "vipstack.js");

/** The value of a sensitive variable: with all that a template, a shell or JSON could take for its own. */
export const SECRET = "k3y \"'\\ ${x} %{y} $${{z}} $(id)";

/** A folder with an app of its own, its agents, and what was found in them. */
export class Way {
  private readonly agents: Agents;
  readonly contents: ClusterContent[] = [];

  constructor(
    private readonly folder: string,
    ports: number,
    /** Whether Terraform finds its providers. */
    public providers: boolean,
    private readonly withJobs: boolean,
  ) {
    mkdirSync(folder, { recursive: true });
    this.agents = new Agents(join(folder, "agents"), ports, withJobs);
    makeApp(folder, "cluster");
    writeFileSync(
      join(folder, "no-providers.rc"),
      'provider_installation {\n  filesystem_mirror {\n    path = "/nowhere"\n  }\n}\n',
    );
  }

  /** Starts the agents, and waits until they are ready. */
  async start(): Promise<void> {
    await this.agents.start();
  }

  async stop(): Promise<void> {
    await this.agents.stop();
  }

  /** `vipstack up` or `down`, which has to end with that exit code. @returns what it printed */
  run(verb: "up" | "up --remove-left" | "down", step: string, expected = 0): Promise<string> {
    return this.execute("node", [VIPSTACK, ...verb.split(" ")], step, expected);
  }

  /** A plain `cdktf` of a user. */
  cdktf(words: string, step: string): Promise<string> {
    const options = ["--auto-approve", "--skip-provider-lock"];
    return this.execute("npx", ["--no-install", "cdktf", ...words.split(" "), ...options], step, 0);
  }

  /** Terraform's plan of each stack as it was deployed last; an error where one would change something. */
  async planNothing(step: string): Promise<void> {
    for (const stack of ["platform", "workloads"]) {
      const plan = ["-chdir=cdktf.out/stacks/" + stack, "plan", "-detailed-exitcode", "-no-color"];
      await this.execute(TERRAFORM, plan, step, 0);
    }
  }

  /** Files with a text in them, anywhere in its folder but what its agents keep: mode and path. */
  filesWith(text: string): string[] {
    const files = readdirSync(this.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return files
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((file) => !file.startsWith(join(this.folder, "agents")) && readFileSync(file).includes(text))
      .map((file) => `${(statSync(file).mode & 0o777).toString(8)} ${relative(this.folder, file)}`)
      .sort();
  }

  private async execute(program: string, words: readonly string[], step: string, expected: number): Promise<string> {
    const { exitCode, all = "" } = await execa(program, words, {
      cwd: this.folder,
      all: true,
      reject: false,
      env: {
        STEP: step,
        CHECKPOINT_DISABLE: "1",
        CI: "1",
        TF_VAR_key: SECRET,
        VIPSTACK_STATE: join(this.folder, "state"),
        CONSUL_ADDRESS: this.agents.consul,
        ...(this.withJobs ? { NOMAD_ADDRESS: this.agents.nomad } : {}),
        ...(this.providers ? {} : { TF_CLI_CONFIG_FILE: join(this.folder, "no-providers.rc") }),
      },
    });
    if (exitCode !== expected) throw new Error(`${words.join(" ")} of ${step} ended with ${exitCode}:\n${all}`);
    return all;
  }

  /** What its Nomad answers. */
  nomad<T>(path: string): Promise<T | undefined> {
    return ask<T>(`${this.agents.nomad}${path}`);
  }

  async remember(): Promise<void> {
    this.contents.push(await clusterContent(this.agents));
  }
}

const MIRROR = join(homedir(), ".terraform.d", "plugins");

/** Which of Terraform's providers are not in the local mirror. */
function missingProviders(...names: readonly string[]): string[] {
  const files = existsSync(MIRROR) ? readdirSync(MIRROR, { recursive: true }).map(String) : [];
  return names
    .map((name) => `terraform-provider-${name}`)
    .filter((name) => !files.some((file) => file.includes(`${name}_v`)))
    .map((name) => join(MIRROR, "…", name));
}

/** Says loudly what can't be tested here. @returns whether nothing is missing */
function have(what: string, missing: readonly string[]): boolean {
  if (missing.length > 0) process.stderr.write(`SKIPPED ${what}: there is no ${missing.join(", no ")}\n`);
  return missing.length === 0;
}

interface BothWays {
  /** What is tried, in words. */
  readonly what: string;
  /** The agents that it needs. */
  readonly agents: readonly ("consul" | "nomad")[];
  /** The first of three dozen free ports. */
  readonly ports: number;
  /** What a plain `cdktf` does of it, on agents of its own. @default - it is not tried */
  readonly plain?: (way: Way) => Promise<void>;
  /** A program's life, from its first `up` to its `down`. @returns what the first `up` printed */
  readonly life: (way: Way) => Promise<string>;
  /** Further tests, with both ways after their lives. */
  readonly more?: (byTerraform: Way, byHandover: Way, withProviders: typeof test) => void;
}

/** The same life on agents of its own by Terraform's providers and by the handover, which have to leave the same behind. */
export function describeBothWays({ what, agents, ports, life, plain, more }: BothWays): void {
  const haveAgents = havePrograms(`${what} on real agents`, ...agents);
  const haveProviders = have(`${what} by Terraform`, missingProviders(...agents));
  const withProviders = haveProviders ? test : test.skip;

  (haveAgents ? describe : describe.skip)(what, () => {
    const folder = mkdtempSync(join(tmpdir(), "vipstack-handover-"));
    const jobs = agents.includes("nomad");
    const byTerraform = new Way(join(folder, "terraform"), ports, true, jobs);
    const byHandover = new Way(join(folder, "handover"), ports + 12, false, jobs);
    const byHand = new Way(join(folder, "plain"), ports + 24, true, jobs);
    const ways = [byHandover, ...(haveProviders ? [byTerraform] : []), ...(haveProviders && plain ? [byHand] : [])];

    // Side by side: most of a life is waiting for jobs to be healthy.
    const lives = new Map<Way, Promise<string>>();
    beforeAll(async () => {
      await Promise.all(ways.map((way) => way.start()));
      for (const way of ways) {
        const lived = way === byHand ? plain?.(way).then(() => "") : life(way);
        // The code that waits for it gets the failure.
        lived?.catch(() => undefined);
        if (lived !== undefined) lives.set(way, lived);
      }
    }, 120_000);
    afterAll(async () => {
      await Promise.all(ways.map((way) => way.stop()));
      rmSync(folder, { recursive: true, force: true });
    });

    withProviders(
      "Terraform's way",
      async () => {
        expect(await lives.get(byTerraform)).toContain("Terraform's providers come from a local mirror");
      },
      600_000,
    );

    test("the handover", async () => {
      const reason = "handed to the agents without Terraform, which has no providers here";
      expect(await lives.get(byHandover)).toContain(reason);
    }, 600_000);

    withProviders("both lead to the same", () => {
      expect(byHandover.contents).toEqual(byTerraform.contents);
    });

    if (plain !== undefined)
      withProviders(
        "a plain cdktf leads to the same, too",
        async () => {
          await lives.get(byHand);
          expect(byHand.contents).toEqual(byHandover.contents);
        },
        600_000,
      );

    more?.(byTerraform, byHandover, withProviders);
  });
}
