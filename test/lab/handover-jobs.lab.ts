import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { havePrograms } from "../support/programs";
import { have, missingProviders, Way } from "./support/handover-way";

// The same as handover.lab.ts with jobs beside the Consul objects, where a Nomad is at hand (VIPSTACK_NOMAD=FILE).

const HAVE_AGENTS = havePrograms("jobs on real agents", "consul", "nomad");
const HAVE_PROVIDERS = have("jobs by Terraform", missingProviders("consul", "nomad"));
const withAgents = HAVE_AGENTS ? describe : describe.skip;
const withProviders = HAVE_PROVIDERS ? test : test.skip;

withAgents("jobs", () => {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-handover-"));
  const byTerraform = new Way(join(folder, "terraform"), 27500, true, true);
  const byHandover = new Way(join(folder, "handover"), 27600, false, true);
  const ways = HAVE_PROVIDERS ? [byTerraform, byHandover] : [byHandover];

  beforeAll(async () => {
    await Promise.all(ways.map((way) => way.start()));
  }, 120_000);
  afterAll(async () => {
    await Promise.all(ways.map((way) => way.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  withProviders(
    "Terraform's way",
    async () => {
      expect(await life(byTerraform)).toContain("Terraform's providers come from a local mirror");
    },
    600_000,
  );

  test("the handover", async () => {
    const reason = "handed to the agents without Terraform, which has no providers here";
    expect(await life(byHandover)).toContain(reason);
  }, 600_000);

  withProviders("both lead to the same", () => {
    expect(byHandover.contents).toEqual(byTerraform.contents);
  });

  /** A program that is brought up, again, changed, broken, mended and taken down. @returns what the first `up` printed */
  async function life(way: Way): Promise<string> {
    const output = await way.run("up", "first");
    await way.remember();
    expect(way.contents[0]?.jobs).toMatchObject({ web: { running: true }, gone: { running: true } });

    expect(await way.run("up", "first")).toContain("Nothing to change");

    await way.run("up", "second");
    await way.remember();
    expect(way.contents[1]?.jobs).toMatchObject({ web: { running: true }, gone: { running: false } });

    const broken = await way.run("up", "broken", 1);
    expect(broken).toContain("job 'broken' failed");
    expect(broken).toMatch(/task 'task' of group 'group' on \S+, allocation [0-9a-f]{8}/);
    expect(broken).toContain("Terminated: Exit Code: 3");
    expect(broken).toContain("stderr: it is broken");

    // A change that fails: Terraform's next plan is empty, and still the job is down.
    expect(await way.run("up", "worse", 1)).toContain("Terminated: Exit Code: 4");
    expect(await way.run("up", "worse", 1)).toContain("Terminated: Exit Code: 4");

    await way.run("up", "second");
    await way.run("down", "second");
    await way.remember();
    expect(way.contents[2]?.jobs).toMatchObject({ web: { running: false } });
    return output;
  }
});
