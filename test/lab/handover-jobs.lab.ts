import { describeBothWays, Way } from "./support/handover-way";

// The same as handover.lab.ts with jobs beside the Consul objects, where a Nomad is at hand (VIPSTACK_NOMAD=FILE).

describeBothWays({ what: "jobs", agents: ["consul", "nomad"], ports: 27500, life });

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
