import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { havePrograms } from "../support/programs";
import { have, missingProviders, Way } from "./support/handover-way";

// Consul objects get to a real agent of this host by `vipstack up`: once by Terraform's real provider, once by the handover.
// Both have to lead to the same, at every step of a program's life.

const HAVE_AGENTS = havePrograms("Consul objects on real agents", "consul");
const HAVE_PROVIDERS = have("Consul objects by Terraform", missingProviders("consul"));
const withAgents = HAVE_AGENTS ? describe : describe.skip;
const withProviders = HAVE_PROVIDERS ? test : test.skip;

withAgents("Consul objects", () => {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-handover-"));
  const byTerraform = new Way(join(folder, "terraform"), 26500, true, false);
  const byHandover = new Way(join(folder, "handover"), 26600, false, false);
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

  withProviders(
    "what was handed over is Terraform's once it has its providers, and stays so",
    async () => {
      await byHandover.run("up", "first");
      byHandover.providers = true;
      await byHandover.run("up", "second");
      await byHandover.remember();
      expect(byHandover.contents.at(-1)).toEqual(byTerraform.contents[1]);

      byHandover.providers = false;
      expect(await byHandover.run("up", "second", 1)).toContain(
        "Terraform has made 6 resources of stack 'platform', and has no providers any more to look after them",
      );
      byHandover.providers = true;
      await byHandover.run("down", "second");
    },
    600_000,
  );

  /** A program that is brought up, again, changed and taken down. @returns what the first `up` printed */
  async function life(way: Way): Promise<string> {
    const output = await way.run("up", "first");
    await way.remember();
    expect(way.contents[0]?.keys).toMatchObject({ "web/title": "Hello ${name} %{if} $${x} é", "web/gone": "soon" });

    expect(await way.run("up", "first")).toContain("Nothing to change");

    await way.run("up", "second");
    await way.remember();
    expect(Object.keys(way.contents[1]?.keys ?? {})).toEqual(["web/page", "web/title"]);

    await way.run("down", "second");
    await way.remember();
    expect(way.contents[2]).toMatchObject({ keys: {}, configEntries: [], nodes: {} });
    return output;
  }
});
