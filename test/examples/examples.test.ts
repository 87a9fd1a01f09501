import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { cloudConfigErrors } from "../support/cloud-init-schema";
import { expectGolden, maskedJson } from "../support/golden";

// Every program of the repository is synthesized as `cdktf synth` does it, and what it wrote is looked at.

const PROJECT = join(__dirname, "..", "..");
const out = mkdtempSync(join(tmpdir(), "vipstack-programs-"));
process.env.VIPSTACK_STATE = join(out, "state");
afterAll(() => {
  rmSync(out, { recursive: true });
});

/** Runs a program. @returns the folder of its stack */
function synthesize(main: string, name: string): string {
  process.env.CDKTF_OUTDIR = join(out, name);
  jest.isolateModules(() => {
    jest.requireActual(main);
  });
  delete process.env.CDKTF_OUTDIR;
  return join(out, name, "stacks", "machines");
}

describe("three machines, to the letter", () => {
  let stack = "";
  beforeAll(() => {
    stack = synthesize(join(PROJECT, "examples", "three-machines", "main.ts"), "golden");
  });

  test("the stack's JSON", () => {
    const json = readFileSync(join(stack, "cdk.tf.json"), "utf8")
      .replace(/"boot": "[0-9a-f]{64}"/g, '"boot": "<sha256>"')
      .replaceAll(join(out, "state"), join(PROJECT, ".vipstack"));
    expectGolden("three-machines.machines.tf.json", maskedJson(JSON.parse(json) as object));
  });

  test.each(["d2", "ipvs", "vm-1"])("the user-data of %s", (machine) => {
    const text = readFileSync(join(stack, "machines", machine, "user-data"), "utf8");
    expectGolden(`three-machines.${machine}.user-data.yaml`, withoutPrograms(text));
  });

  test("the lab's document", () => {
    expectGolden("three-machines.lab.json", readFileSync(join(stack, "lab.json"), "utf8"));
  });
});

describe.each(readdirSync(join(PROJECT, "examples")).sort())("example %s", (example) => {
  test("synthesizes, and cloud-init's schema finds every user-data right", () => {
    const stack = synthesize(join(PROJECT, "examples", example, "main.ts"), example);
    const machines = readdirSync(join(stack, "machines"));
    expect(machines.length).toBeGreaterThan(0);
    for (const machine of machines) {
      const files = readdirSync(join(stack, "machines", machine));
      expect(files).toEqual(expect.arrayContaining(["user-data", "applied.sh", "live.sh"]));
      const userData = readFileSync(join(stack, "machines", machine, "user-data"), "utf8");
      expect(userData).toMatch(/^#cloud-config\nhostname: /);
      // The tree has the same files as the user-data, each with its text.
      const { write_files: written = [] } = parse(userData) as { write_files?: { path: string; content: string }[] };
      for (const { path, content } of written)
        expect([path, readFileSync(join(stack, "machines", machine, "files", path), "utf8")]).toEqual([path, content]);
      expect(cloudConfigErrors(userData)).toEqual([]);
    }
    // No machine has less memory than its roles need.
    expect(readFileSync(join(out, example, "manifest.json"), "utf8")).not.toContain("'memoryMiB' is");
  });
});

test("for hosts that exist the same program writes scripts, which a shell can read", () => {
  process.env.SSH_CONFIG = "hosts.conf";
  const stack = synthesize(join(PROJECT, "examples", "existing-hosts", "main.ts"), "by-ssh");
  delete process.env.SSH_CONFIG;
  const machines = readdirSync(join(stack, "machines"));
  expect(machines.sort()).toEqual(["client", "director", "web"]);
  for (const machine of machines) {
    const folder = join(stack, "machines", machine);
    // A client gets no files.
    const files = machine === "client" ? [] : ["files"];
    expect(readdirSync(folder).sort()).toEqual([...files, "live.sh", "setup.sh", "teardown.sh"]);
    for (const file of ["live.sh", "setup.sh", "teardown.sh"]) {
      expect(readFileSync(join(folder, file), "utf8")).toMatch(/^#!\/bin\/sh\nset -eu\n/);
      expect(spawnSync("sh", ["-n", join(folder, file)], { encoding: "utf8" })).toMatchObject({
        status: 0,
        stderr: "",
      });
    }
  }
  expect(readFileSync(join(stack, "machines", "director", "setup.sh"), "utf8")).toContain("put '/etc/vipstack/");
  // By this `vipstack up` knows that it has to log in to them first.
  expect(JSON.parse(readFileSync(join(stack, "deployment.json"), "utf8"))).toMatchObject({
    access: { existingHosts: true, sshConfigFile: expect.stringMatching(/\/hosts\.conf$/) as string },
  });
});

/** The programs that go to every director have tests of their own; here they would only hide what differs. */
function withoutPrograms(text: string): string {
  const document = parse(text) as { write_files?: { path: string; content: string }[] };
  const files = document.write_files?.map((file) =>
    file.content.startsWith("#!") || file.path.endsWith(".py") ? { ...file, content: "<program>" } : file,
  );
  return `#cloud-config\n${stringify({ ...document, ...(files && { write_files: files }) }, { lineWidth: 0, blockQuote: "literal" })}`;
}
