import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { App } from "cdktf";
import {
  Caddy,
  defineInventory,
  Director,
  ForwardingMethod,
  Machine,
  MachinesStack,
  Refusal,
} from "../../../constructs";
import { keepBootContent } from "../../../cli/plan/boot-content";
import { confirm, machinesAtRisk, planOf } from "../../../cli/plan/plan";
import { isUnchanged, planText, ProgramPlan, whereFilesAre } from "../../../cli/plan/text";
import { Synthesis } from "../../../cli/synthesis";
import { unfinishedMachines } from "../../../cli/terraform";
import { TERRAFORM, TERRAFORM_ENVIRONMENT, withTerraform } from "../../support/terraform";

// A real Terraform compares a real program with what it has deployed; only the commands that make machines are left out.

let folder: string;
const before = process.env.VIPSTACK_STATE;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vipstack-plan-"));
  process.env.VIPSTACK_STATE = join(folder, "state");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  if (before === undefined) delete process.env.VIPSTACK_STATE;
  else process.env.VIPSTACK_STATE = before;
});

interface Knobs {
  readonly weight?: number;
  readonly memoryMiB?: number;
  /** What the web server answers: boot content of its machine. */
  readonly answer?: string;
  readonly machines?: readonly string[];
  readonly acknowledge?: boolean;
}

function synth({ weight = 1, memoryMiB = 512, answer = "old", machines: more = [], acknowledge }: Knobs): Synthesis {
  const output = join(folder, "cdktf.out");
  const app = new App({ outdir: output });
  const inventory = defineInventory({
    name: "plan",
    subnets: ["10.0.0.0/24"],
    machines: [
      { name: "client", address: "10.0.0.2" },
      { name: "ipvs", address: "10.0.0.9", memoryMiB },
      { name: "web", address: "10.0.0.31" },
      ...more.map((name, index) => ({ name, address: `10.0.0.${50 + index}` })),
    ],
  });
  const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
  const { ipvs, web } = machines.all as Record<"ipvs" | "web", Machine>;
  new Caddy(machines, "caddy", { machine: web, answers: { 80: answer } });
  new Director(machines, "director", { machine: ipvs }).addVirtualService("web", {
    address: ipvs.address,
    port: 80,
    forwarding: ForwardingMethod.masquerading({ snat: !acknowledge }),
    realServers: [{ machine: web, port: 80, weight }],
    ...(acknowledge && { acknowledge: [Refusal.MASQUERADING_SAME_SUBNET] }),
  });
  app.synth();
  const file = join(output, "stacks", "machines", "cdk.tf.json");
  const json = JSON.parse(readFileSync(file, "utf8")) as {
    resource: { terraform_data: Record<string, { provisioner?: unknown }> };
  };
  for (const resource of Object.values(json.resource.terraform_data)) delete resource.provisioner;
  writeFileSync(file, JSON.stringify(json));
  return new Synthesis(output);
}

function deploy(program: Synthesis): void {
  for (const words of [
    ["init", "-input=false"],
    ["apply", "-auto-approve", "-input=false"],
  ]) {
    const run = spawnSync(TERRAFORM, words, { cwd: program.stackFolder("machines"), env: TERRAFORM_ENVIRONMENT });
    expect(run).toMatchObject({ status: 0 });
  }
  for (const deployment of program.deployments()) keepBootContent(program, deployment);
}

function planned(program: Synthesis): Promise<ProgramPlan> {
  return planOf(program, program.deployments(), []);
}

withTerraform(
  "nothing is deployed: every machine is new",
  async () => {
    const plan = await planned(synth({}));
    expect(planText(plan)).toBe("machines\n  + client\n  + ipvs\n  + web");
    expect(isUnchanged(plan, ["machines"])).toBe(false);
  },
  60_000,
);

withTerraform(
  "what was deployed just so changes nothing",
  async () => {
    deploy(synth({}));
    const plan = await planned(synth({}));
    expect(planText(plan)).toBe("");
    expect(isUnchanged(plan, ["machines"])).toBe(true);
  },
  60_000,
);

withTerraform(
  "a new weight is one rule of a machine that runs on",
  async () => {
    deploy(synth({}));
    const plan = await planned(synth({ weight: 2 }));
    expect(planText(plan)).toBe(
      [
        "files, pushed to machines that run on",
        "  ~ ipvs /etc/vipstack/ipvs.d/static.rules",
        "      - -a -t 10.0.0.9:80 -r 10.0.0.31:80 -m -w 1",
        "      + -a -t 10.0.0.9:80 -r 10.0.0.31:80 -m -w 2",
      ].join("\n"),
    );
    expect(machinesAtRisk(plan)).toEqual({ replaced: [], removed: [] });
  },
  60_000,
);

withTerraform(
  "machines made anew, with the reason; machines added and removed",
  async () => {
    deploy(synth({ machines: ["one"] }));
    const plan = await planned(synth({ memoryMiB: 640, answer: "new", machines: ["two"] }));
    const lines = planText(plan).split("\n");
    expect(lines).toContain("  ± ipvs is made anew: memoryMiB: 512 → 640");
    expect(lines).toContain("  ± web is made anew: boot content");
    expect(lines).toContain("  + two");
    expect(lines).toContain("  - one is removed");
    const web = lines.slice(lines.indexOf("  ± web is made anew: boot content") + 1);
    expect(web.shift()).toBe("      its real servers are drained first, by ipvs");
    expect(web[0]).toMatch(/^ {6}\/etc\/caddy\/\S+$/);
    expect(web.filter((line) => /old|new/.test(line)).map((line) => line.trim().slice(0, 2))).toEqual(["- ", "+ "]);
    expect(machinesAtRisk(plan)).toEqual({ replaced: ["ipvs", "web"], removed: ["one"] });
  },
  60_000,
);

withTerraform(
  "a machine that was not finished is made anew, and nothing is lost with it",
  async () => {
    const program = synth({});
    deploy(program);
    const words = ["taint", "terraform_data.web"];
    const run = spawnSync(TERRAFORM, words, { cwd: program.stackFolder("machines"), env: TERRAFORM_ENVIRONMENT });
    expect(run).toMatchObject({ status: 0 });
    // `up` does not switch it on before.
    expect(unfinishedMachines({ stateFolder: join(folder, "state", "plan"), stack: "machines" })).toEqual(["web"]);
    const plan = await planned(program);
    expect(planText(plan)).toBe(
      "machines\n  ± web is made anew: it was not finished\n      its real servers are drained first, by ipvs",
    );
    expect(machinesAtRisk(plan)).toEqual({ replaced: [], removed: [] });
  },
  60_000,
);

withTerraform(
  "boot content of a machine that another command deployed: only that it changes",
  async () => {
    deploy(synth({}));
    rmSync(join(folder, "state", "plan", "deployed"), { recursive: true });
    expect(planText(await planned(synth({ answer: "new" })))).toBe(
      "machines\n  ± web is made anew: boot content\n      its real servers are drained first, by ipvs",
    );
  },
  60_000,
);

withTerraform(
  "a state that Terraform can't read is a problem, and counts as a change",
  async () => {
    deploy(synth({}));
    const program = synth({});
    writeFileSync(join(program.stackFolder("machines"), "broken.tf.json"), "{");
    const plan = await planned(program);
    expect(plan.problems).toEqual([expect.stringMatching(/^stack 'machines': Error: /)]);
    expect(isUnchanged(plan, ["machines"])).toBe(false);
  },
  60_000,
);

test("where the files of machines can be read, if the program has machines", () => {
  expect(whereFilesAre(["cdktf.out/stacks/machines"])).toBe(
    "every file of a machine, as it will be there\n  cdktf.out/stacks/machines/machines/NAME/files",
  );
  expect(whereFilesAre([])).toBe("");
});

test("an acknowledged refusal is shown", async () => {
  const plan = await planned(synth({ acknowledge: true }));
  expect(planText(plan)).toContain("warnings\n  machines/director/web/web-80: acknowledged masquerading-same-subnet: ");
});

describe("before a machine is lost", () => {
  const lossy: ProgramPlan = {
    stacks: [
      {
        stack: "machines",
        machines: [
          { name: "ipvs", action: "replace", reasons: ["boot content"], boot: [], drainedBy: [] },
          { name: "web", action: "remove", reasons: [], boot: [], drainedBy: [] },
        ],
        files: [],
        others: [],
        objects: [],
      },
    ],
    warnings: [],
    problems: [],
  };

  async function asked(plan: ProgramPlan, ask: boolean, answer = ""): Promise<{ printed: string; refused: boolean }> {
    const [input, output] = [new PassThrough(), new PassThrough()];
    input.write(`${answer}\n`);
    const refused = await confirm(plan, ask, "three-machines", { input, output }).then(
      () => false,
      (error: unknown) => {
        expect(error).toMatchObject({
          message: "nothing was changed",
          cure: "answer yes, or run `npm run up -- --yes three-machines`",
        });
        return true;
      },
    );
    return { printed: String(output.read() ?? ""), refused };
  }

  const question = "What is on them is lost. Make ipvs anew and remove web? (yes/no) ";
  const shown = "\nmachines\n  ± ipvs is made anew: boot content\n  - web is removed\n\n";

  test.each(["no", "", "yesterday"])("'%s' changes nothing", async (answer) => {
    expect(await asked(lossy, true, answer)).toEqual({ printed: shown + question, refused: true });
  });

  test.each(["yes", "y", "Yes"])("'%s' goes on", async (answer) => {
    expect(await asked(lossy, true, answer)).toEqual({ printed: shown + question, refused: false });
  });

  test("with --yes or without a terminal it is only shown", async () => {
    expect(await asked(lossy, false)).toEqual({ printed: shown, refused: false });
  });

  test("a new machine is no reason to ask", async () => {
    const [stack] = lossy.stacks;
    const machines = [{ name: "web", action: "add", reasons: [], boot: [], drainedBy: [] }] as const;
    const plan = { ...lossy, stacks: stack === undefined ? [] : [{ ...stack, machines }] };
    expect(await asked(plan, true, "no")).toEqual({ printed: "\nmachines\n  + web\n\n", refused: false });
  });
});
