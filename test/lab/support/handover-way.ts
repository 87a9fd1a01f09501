import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import { Agents } from "./agents";
import { ClusterContent, clusterContent } from "./cluster-content";

const PROJECT = join(__dirname, "..", "..", "..");
const VIPSTACK = join(PROJECT, "dist", "cli", "vipstack.js");
const PROGRAM = join(__dirname, "cluster-program.js");

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
    writeFileSync(join(folder, "cdktf.json"), JSON.stringify({ language: "typescript", app: `node ${PROGRAM}` }));
    writeFileSync(
      join(folder, "no-providers.rc"),
      'provider_installation {\n  filesystem_mirror {\n    path = "/nowhere"\n  }\n}\n',
    );
    symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"));
  }

  /** Starts the agents, and waits until they are ready. */
  async start(): Promise<void> {
    await this.agents.start();
  }

  async stop(): Promise<void> {
    await this.agents.stop();
  }

  /** `vipstack up` or `down`, which has to end with that exit code. @returns what it printed */
  async run(verb: "up" | "down", step: string, expected = 0): Promise<string> {
    const { exitCode, all = "" } = await execa("node", [VIPSTACK, verb], {
      cwd: this.folder,
      all: true,
      reject: false,
      env: {
        STEP: step,
        VIPSTACK_STATE: join(this.folder, "state"),
        CONSUL_ADDRESS: this.agents.consul,
        ...(this.withJobs ? { NOMAD_ADDRESS: this.agents.nomad } : {}),
        ...(this.providers ? {} : { TF_CLI_CONFIG_FILE: join(this.folder, "no-providers.rc") }),
      },
    });
    if (exitCode !== expected) throw new Error(`${verb} of ${step} ended with ${exitCode}:\n${all}`);
    return all;
  }

  async remember(): Promise<void> {
    this.contents.push(await clusterContent(this.agents));
  }
}

const MIRROR = join(homedir(), ".terraform.d", "plugins");

/** Which of Terraform's providers are not in the local mirror. */
export function missingProviders(...names: readonly string[]): string[] {
  const files = existsSync(MIRROR) ? readdirSync(MIRROR, { recursive: true }).map(String) : [];
  return names
    .map((name) => `terraform-provider-${name}`)
    .filter((name) => !files.some((file) => file.includes(`${name}_v`)))
    .map((name) => join(MIRROR, "…", name));
}

/** Says loudly what can't be tested here. @returns whether nothing is missing */
export function have(what: string, missing: readonly string[]): boolean {
  if (missing.length > 0) process.stderr.write(`SKIPPED ${what}: there is no ${missing.join(", no ")}\n`);
  return missing.length === 0;
}
