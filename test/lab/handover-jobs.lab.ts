import { describeBothWays, SECRET, Way } from "./support/handover-way";
import { eventually } from "./support/waiting";

// The same as handover.lab.ts with jobs beside the Consul objects, where a Nomad is available (VIPSTACK_NOMAD=FILE).

describeBothWays({ what: "jobs", agents: ["consul", "nomad"], ports: 27500, life, plain });

/** A program that is brought up, again, changed, broken, mended and taken down. @returns what the first `up` printed */
async function life(way: Way): Promise<string> {
  const output = await way.run("up", "first");
  await way.remember();
  const running = { running: true };
  expect(way.contents[0]?.jobs).toMatchObject({ web: running, gone: running, purged: running, front: running });
  expect(way.contents[0]?.variables).toEqual({
    "nomad/jobs/front": { KEY: SECRET, OLD: `old ${SECRET}` },
    "nomad/jobs/front/more": { A: "${x} %{y}" },
  });

  expect(await way.run("up", "first")).toContain("Nothing to change");
  // Terraform's provider has no way to write a variable and not to keep it.
  const kept = JSON.stringify(SECRET).slice(1, -1);
  const states = way.providers ? ["600 state/existing/workloads.tfstate"] : [];
  expect([...way.filesWith(SECRET), ...way.filesWith(kept)].filter((file) => !file.endsWith(".backup"))).toEqual(
    states,
  );

  expect(await way.run("up", "second")).toContain(
    "Left behind: stack 'extra' left the program, and 1 thing of it is still in Consul (vipstack up --remove-left",
  );
  expect(await way.run("up --remove-left", "second")).not.toContain("Left behind");
  await way.remember();
  expect(way.contents[1]).toMatchObject({ jobs: { web: running, gone: { running: false }, front: running } });
  expect(way.contents[1]?.jobs).not.toHaveProperty("purged");
  expect(way.contents[1]?.variables).toEqual({ "nomad/jobs/front": { KEY: SECRET } });
  expect(way.contents[1]?.keys).not.toHaveProperty("extra/title");

  await broken(way);

  await way.run("up", "second");
  await way.run("down", "second");
  await way.remember();
  expect(Object.keys(way.contents[2]?.jobs ?? {})).toEqual(["gone", "web"]);
  expect(way.contents[2]).toMatchObject({ keys: {}, variables: {}, jobs: { web: { running: false } } });
  expect(way.filesWith(SECRET.slice(0, 3))).toEqual([]);
  return output;
}

async function broken(way: Way): Promise<void> {
  const broken = await way.run("up", "broken", 1);
  expect(broken).toMatch(/task 'task' of group 'group' on \S+, allocation [0-9a-f]{8}/);
  expect(broken).toContain("Terminated: Exit Code: 3");
  expect(times("job 'broken' failed", broken)).toBe(1);
  expect(times("stderr: it is broken", broken)).toBe(1);
  expect(broken).toMatch(/\[FAILED\]\S* platform, workloads\n/);

  // It would wait for ever; the reason is shown at once.
  expect(await way.run("up", "full", 1)).toMatch(
    /job full: 0 of 1 in group group healthy; group 'group' found no place: 2 clients looked at, 2 without enough memory/,
  );

  const reverted = await way.run("up", "reverted", 1);
  expect(reverted).toMatch(/job 'web' failed: Failed due to unhealthy allocations - rolling back to job version 1\n/);
  expect(reverted).toMatch(/version 1 serves on: [12] instances? runs?\n/);
  expect(times("job 'web' failed", reverted)).toBe(1);
  expect(reverted).toContain("Exit Code: 6");

  // A system job has no deployment: but for `up`, Nomad would go on to the next client.
  const badSystem = await way.run("up", "bad-system", 1);
  expect(badSystem).toMatch(/job 'front' failed: version 2 does not run on \S+\n/);
  expect(badSystem).toContain("stderr: no gateway");
  expect(badSystem).toContain("taken back: version 1 serves on: 1 instance runs, the others come back");
  const all = await way.nomad<FrontAllocation[]>("/v1/job/front/allocations");
  expect(all?.filter(({ JobVersion: version }) => version === 2)).toHaveLength(1);

  await eventually(async () => {
    const now = await way.nomad<FrontAllocation[]>("/v1/job/front/allocations");
    const running = now?.filter(
      ({ ClientStatus, DesiredStatus }) => ClientStatus === "running" && DesiredStatus === "run",
    );
    expect(running?.map(({ JobVersion: version }) => version)).toEqual([3, 3]);
  });
  const slowSystem = await way.run("up", "slow-system", 1);
  expect(slowSystem).toMatch(/job 'front' failed: version 4 does not run on \S+\n/);
  expect(slowSystem).toContain("does not run in time: Nomad replaces the next instance after 15 s ('update.stagger')");
  expect(slowSystem).toContain("taken back: version 3 serves on: 1 instance runs, the others come back");

  // A change that fails: Terraform's next plan is empty, and still the job is down.
  expect(await way.run("up", "worse", 1)).toContain("Terminated: Exit Code: 4");
  expect(await way.run("up", "worse", 1)).toContain("Terminated: Exit Code: 4");
}

interface FrontAllocation {
  readonly JobVersion: number;
  readonly ClientStatus: string;
  readonly DesiredStatus: string;
}

function times(text: string, output: string): number {
  return output.split(text).length - 1;
}

/** The same without `vipstack`: the user of cdktf removes a stack before it leaves the program. */
async function plain(way: Way): Promise<void> {
  await way.cdktf("deploy *", "first");
  await way.planNothing("first");
  await way.remember();
  await way.cdktf("destroy extra --ignore-missing-stack-dependencies", "first");
  await way.cdktf("deploy *", "second");
  await way.planNothing("second");
  await way.remember();
  await way.cdktf("destroy *", "second");
  await way.remember();
}
