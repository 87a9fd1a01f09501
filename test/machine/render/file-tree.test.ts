import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack, TerraformVariable } from "cdktf";
import { Contribution, Machine, SshBackend } from "../../../constructs/machine";

const outdir = mkdtempSync(join(tmpdir(), "vipstack-tree-"));
const tree = join(outdir, "stacks", "test", "machines", "box", "files");
afterAll(() => {
  rmSync(outdir, { recursive: true });
});

/** The files of a machine as a synth into always the same folder writes them. */
function treeOf(part: (stack: TerraformStack) => Contribution): Record<string, string> {
  const app = new App({ outdir });
  const stack = new TerraformStack(app, "test");
  const machine = new Machine(stack, "box", {
    backend: new SshBackend(stack, "hosts"),
    interfaces: { eth0: ["10.0.0.2/24"] },
  });
  machine.contribute(stack, part(stack));
  app.synth();
  if (!existsSync(tree)) return {};
  const files = readdirSync(tree, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(tree, name)).isFile(),
  );
  return Object.fromEntries(files.map((name) => [`/${name}`, readFileSync(join(tree, name), "utf8")]));
}

test("every file that a machine gets is there under its path, a secret by its name only", () => {
  const files = treeOf((stack) => ({
    packages: ["curl"],
    kernelModules: ["ip_vs"],
    sysctls: [{ key: "net.ipv4.ip_forward", value: "1", reason: "it forwards" }],
    users: ["app"],
    files: [{ path: "/usr/local/bin/app", content: "#!/bin/sh\necho ü\n", mode: "0755" }],
    units: [{ name: "app.service", content: "[Unit]\n" }, { name: "cron.service" }],
    liveFiles: [{ path: "/etc/app.conf", content: "live\n", reloads: "app.service" }],
    secrets: [
      {
        path: "/etc/app.key",
        content: new TerraformVariable(stack, "key", { type: "string", sensitive: true }).stringValue,
        reloads: "app.service",
      },
    ],
  }));
  expect(files).toEqual({
    "/etc/modules-load.d/vipstack.conf": "ip_vs\n",
    "/etc/sysctl.d/90-vipstack.conf": "# it forwards\nnet.ipv4.ip_forward = 1\n",
    "/etc/sysusers.d/vipstack.conf": "u app -\n",
    "/usr/local/bin/app": "#!/bin/sh\necho ü\n",
    "/etc/systemd/system/app.service": "[Unit]\n",
    "/etc/app.conf": "live\n",
    "/etc/app.key": "A secret. Terraform knows its content and brings it to the machine.\n",
  });
});

test("what has left the program is not there after the next synth", () => {
  expect(treeOf(() => ({ files: [{ path: "/etc/one", content: "1\n" }] }))).toEqual({ "/etc/one": "1\n" });
  expect(treeOf(() => ({ files: [{ path: "/etc/two", content: "2\n" }] }))).toEqual({ "/etc/two": "2\n" });
  expect(treeOf(() => ({}))).toEqual({});
});
