import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import { isAlive, killAll, labProcesses } from "./support/processes";
import { BOOT, eventually, MINUTES } from "./support/waiting";

// What the user sees when something goes wrong, in an app of their own outside the tree.

const PROJECT = join(__dirname, "..", "..");
const app = mkdtempSync(join(tmpdir(), "vipstack-failures-"));
const VIPSTACK = join(PROJECT, "dist", "cli", "vipstack.js");

beforeAll(() => {
  symlinkSync(join(PROJECT, "node_modules"), join(app, "node_modules"));
  writeFileSync(
    join(app, "cdktf.json"),
    JSON.stringify({ language: "typescript", app: "node main.js", projectId: "failures", sendCrashReports: "false" }),
  );
});

afterAll(async () => {
  await vipstack("down");
  rmSync(app, { recursive: true, force: true });
}, BOOT);

/** Writes the program: one machine with one role that contributes what is given. */
function program(contribution: object): void {
  writeFileSync(
    join(app, "main.js"),
    `const { App, TerraformStack, LocalBackend } = require("cdktf");
const { Deployment, LabBackend, Machine } = require(${JSON.stringify(join(PROJECT, "dist", "constructs"))});
const app = new App();
const stack = new TerraformStack(app, "failing");
new LocalBackend(stack, { path: ${JSON.stringify(join(app, "state", "failing.tfstate"))} });
const backend = new LabBackend(stack, "lab", { subnets: ["10.66.0.0/24"], directory: ${JSON.stringify(join(app, "state", "lab"))} });
const box = new Machine(stack, "box", { backend, interfaces: { eth0: ["10.66.0.2/24"] } });
box.contribute(stack, ${JSON.stringify(contribution)});
new Deployment(stack, "deployment", { name: "failing", backend, stateFolder: ${JSON.stringify(join(app, "state"))} });
app.synth();
`,
  );
}

function vipstack(verb: string, environment: NodeJS.ProcessEnv = {}): execa.ExecaChildProcess {
  return execa("node", [VIPSTACK, verb], { cwd: app, all: true, reject: false, env: environment });
}

/** `down` succeeds, and not one process of the lab is left. */
async function goesDown(): Promise<void> {
  const processes = await labProcesses(labDirectory);
  expect(processes).not.toEqual([]);
  expect((await vipstack("down")).exitCode).toBe(0);
  expect(processes.filter(isAlive)).toEqual([]);
}

const labDirectory = join(app, "state", "lab");

test("a program with a mistake: the library's own sentence, no stack trace, exit code 1", async () => {
  const text = `const { App, TerraformStack } = require("cdktf");
const { Director, LabBackend, Machine } = require(${JSON.stringify(join(PROJECT, "dist", "constructs"))});
const app = new App();
const stack = new TerraformStack(app, "failing");
const machine = new Machine(stack, "box", { backend: new LabBackend(stack, "lab", { subnets: ["10.66.0.0/24"] }), interfaces: { eth0: ["10.66.0.2/24"] } });
new Director(stack, "director", { machine }).addVirtualService("web", { address: "10.66.0.2", port: 99999 });
app.synth();
`;
  writeFileSync(join(app, "main.js"), text);
  const { exitCode, all = "" } = await vipstack("up");
  expect(exitCode).toBe(1);
  expect(all).toMatch(/failing\/director\/web: .*'port' must be a whole number from 0 to 65535, got 99999: /);
  expect(all).not.toMatch(/^\s+at /m);
});

test("no Terraform: what is missing, and what to do", async () => {
  program({});
  const bin = join(app, "bin");
  mkdirSync(bin);
  for (const name of ["node", "npx", "sh", "env"]) symlinkSync((await execa("which", [name])).stdout, join(bin, name));
  const { exitCode, all = "" } = await vipstack("up", { PATH: bin });
  expect(exitCode).toBe(1);
  expect(all).toMatch(/terraform is not on the PATH\n→ install Terraform 1\.5 or newer/);
});

test(
  "a failing guest ends up with its name, the stage, its last lines and exit code 1; down still cleans up",
  async () => {
    program({ commands: ["echo 'no license key' >&2; false"] });
    const { exitCode, all = "" } = await vipstack("up");
    expect(exitCode).toBe(1);
    for (const text of ["box", "runcmd", "no license key", "npx vipstack down"]) expect(all).toContain(text);
    await goesDown();
  },
  BOOT,
);

test(
  "after a failure the mended program comes up without going down first",
  async () => {
    program({ commands: ["false"] });
    expect((await vipstack("up")).exitCode).toBe(1);
    program({ commands: ["true"] });
    const { exitCode, all } = await vipstack("up");
    expect(all).toMatch(/Up after \d+ s/);
    expect(exitCode).toBe(0);
  },
  BOOT,
);

test(
  "a lab that died with its host is made anew",
  async () => {
    const processes = await labProcesses(labDirectory);
    expect(processes.length).toBeGreaterThan(1);
    killAll(processes);
    const { exitCode, all } = await vipstack("up");
    expect(all).toMatch(/Up after \d+ s/);
    expect(exitCode).toBe(0);
    expect((await execa("ssh", ["-F", join(app, "state", "lab", "ssh_config"), "box", "hostname"])).stdout).toBe("box");
  },
  BOOT,
);

test(
  "interrupted, up says so; run again, it goes on; down removes everything",
  async () => {
    await vipstack("down");
    program({ commands: ["true"] });
    const running = vipstack("up");
    await eventually(() => {
      expect(existsSync(join(labDirectory, "guests", "box", "cow"))).toBe(true);
    }, 3 * MINUTES);
    running.kill("SIGINT", { forceKillAfterTimeout: false });
    const { exitCode, all } = await running;
    expect(exitCode).not.toBe(0);
    expect(all).toMatch(/interrupted/);
    expect((await vipstack("up")).all).toMatch(/Up after/);
    await goesDown();
  },
  2 * BOOT,
);
