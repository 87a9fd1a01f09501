import { describeBothWays, Way } from "./support/handover-way";

// Consul objects get to a real agent of this host by `vipstack up`: once by Terraform's real provider, once by the handover.
// Both have to lead to the same, at every step of a program's life.

describeBothWays({
  what: "Consul objects",
  agents: ["consul"],
  ports: 26500,
  life,
  more: (byTerraform, byHandover, withProviders) => {
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
          "Terraform has made 6 resources of stack 'platform', and no longer has providers to manage them",
        );
        byHandover.providers = true;
        await byHandover.run("down", "second");
      },
      600_000,
    );
  },
});

/** A program that is brought up, again, changed and taken down. @returns what the first `up` printed */
async function life(way: Way): Promise<string> {
  const output = await way.run("up", "first");
  await way.remember();
  expect(way.contents[0]?.keys).toMatchObject({ "web/title": "Hello ${name} %{if} $${x} é", "web/gone": "soon" });

  expect(await way.run("up", "first")).toContain("Nothing to change");

  // A stack has left the program: `down` takes what is left of it along.
  expect(await way.run("up", "second")).toContain("Left behind: stack 'extra'");
  await way.remember();
  expect(Object.keys(way.contents[1]?.keys ?? {})).toEqual(["extra/title", "web/page", "web/title"]);

  await way.run("down", "second");
  await way.remember();
  expect(way.contents[2]).toMatchObject({ keys: {}, configEntries: [], nodes: {} });
  return output;
}
