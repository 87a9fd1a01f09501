import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import { Agents, ask, MISSING_AGENTS } from "./support/agents";
import { ClusterContent, clusterContent } from "./support/cluster-content";

// Consul objects and jobs get to real agents of this host by `vipstack up`: once by Terraform's real providers, once by the
// handover. Both have to lead to the same, at every step of a program's life.

const PROJECT = join(__dirname, "..", "..");
const VIPSTACK = join(PROJECT, "dist", "cli", "vipstack.js");
const PROGRAM = join(__dirname, "support", "cluster-program.js");
const MIRROR = join(homedir(), ".terraform.d", "plugins");
const HAVE_PROVIDERS = existsSync(MIRROR) && readdirSync(MIRROR, { recursive: true }).some(isProvider);

if (MISSING_AGENTS.length > 0) console.warn(`SKIPPED the handover: there is no ${MISSING_AGENTS.join(", no ")}`);
else if (!HAVE_PROVIDERS) console.warn(`SKIPPED Terraform's way of the handover: no providers in ${MIRROR}`);

const withAgents = MISSING_AGENTS.length > 0 ? describe.skip : describe;
const withProviders = HAVE_PROVIDERS ? test : test.skip;

withAgents("Consul objects and jobs", () => {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-handover-"));
  const byTerraform = new Way(join(folder, "terraform"), 26500, true);
  const byHandover = new Way(join(folder, "handover"), 27500, false);
  const ways = HAVE_PROVIDERS ? [byTerraform, byHandover] : [byHandover];

  beforeAll(async () => {
    await Promise.all(ways.map((way) => way.agents.ready()));
  }, 120_000);
  afterAll(async () => {
    await Promise.all(ways.map((way) => way.agents.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  withProviders(
    "Terraform's way",
    async () => {
      await life(byTerraform, "Terraform's providers come from a local mirror");
    },
    600_000,
  );

  test("the handover", async () => {
    await life(byHandover, "handed to the agents without Terraform, which has no providers here");
  }, 600_000);

  withProviders("both lead to the same", () => {
    expect(byHandover.contents).toEqual(byTerraform.contents);
  });

  /** A program that is brought up, again, changed, broken, mended and taken down. */
  async function life(way: Way, reason: string): Promise<void> {
    const up = await way.run("up", "first");
    expect(up).toMatchObject({ exitCode: 0, output: expect.stringContaining(reason) as string });
    await way.remember();
    expect(way.contents[0]).toMatchObject({
      keys: { "web/title": "Hello ${name} %{if} $${x} é" },
      jobs: { web: { running: true }, gone: { running: true } },
    });

    const again = await way.run("up", "first");
    expect(again).toMatchObject({ exitCode: 0, output: expect.stringContaining("Nothing to change") as string });

    expect(await way.run("up", "second")).toMatchObject({ exitCode: 0 });
    await way.remember();
    expect(Object.keys(way.contents[1]?.keys ?? {})).toEqual(["web/page", "web/title"]);
    expect(way.contents[1]?.jobs.gone).toMatchObject({ running: false });

    const broken = await way.run("up", "broken");
    expect(broken.exitCode).toBe(1);
    expect(broken.output).toContain("job 'broken' failed");
    expect(broken.output).toMatch(/task 'task' of group 'group' on \S+, allocation [0-9a-f]{8}/);
    expect(broken.output).toContain("Terminated: Exit Code: 3");

    expect(await way.run("up", "second")).toMatchObject({ exitCode: 0 });
    expect(await way.run("down", "second")).toMatchObject({ exitCode: 0 });
    await way.remember();
    expect(way.contents[2]).toMatchObject({
      keys: {},
      configEntries: [],
      nodes: {},
      jobs: { web: { running: false } },
    });
  }
});

/** A folder with an app of its own, its agents, and what was found in them. */
class Way {
  readonly agents: Agents;
  readonly contents: ClusterContent[] = [];

  constructor(
    private readonly folder: string,
    ports: number,
    private readonly providers: boolean,
  ) {
    mkdirSync(folder, { recursive: true });
    this.agents = new Agents(join(folder, "agents"), ports);
    writeFileSync(join(folder, "cdktf.json"), JSON.stringify({ language: "typescript", app: `node ${PROGRAM}` }));
    writeFileSync(
      join(folder, "no-providers.rc"),
      'provider_installation {\n  filesystem_mirror {\n    path = "/nowhere"\n  }\n}\n',
    );
    symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"));
  }

  async run(verb: "up" | "down", step: string): Promise<{ exitCode: number; output: string }> {
    const { exitCode, all = "" } = await execa("node", [VIPSTACK, verb], {
      cwd: this.folder,
      all: true,
      reject: false,
      env: {
        STEP: step,
        VIPSTACK_STATE: join(this.folder, "state"),
        CONSUL_ADDRESS: this.agents.consul,
        NOMAD_ADDRESS: this.agents.nomad,
        ...(this.providers ? {} : { TF_CLI_CONFIG_FILE: join(this.folder, "no-providers.rc") }),
      },
    });
    return { exitCode, output: all };
  }

  async remember(): Promise<void> {
    this.contents.push(await clusterContent(this.agents, ask));
  }
}

function isProvider(path: string | Buffer): boolean {
  return /terraform-provider-nomad/.test(path.toString());
}
