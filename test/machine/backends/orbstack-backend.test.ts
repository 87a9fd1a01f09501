import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { App, LocalBackend, TerraformStack } from "cdktf";
import { Machine, OrbStackBackend } from "../../../constructs/machine";
import { eachTerraform, TERRAFORM_ENVIRONMENT } from "../../support/terraform";

// There is no OrbStack outside of a Mac. What is tested here is the contract of its command line as its documentation and two
// third-party providers have it (orb 2.x): a stand-in `orb` accepts exactly these forms, and a real Terraform runs them.
const CONTRACT = `#!/bin/sh
set -eu
echo "$*" >> "$ORB_LOG"
case "$1" in
  create) # orb create [--user-data FILE] DISTRO[:VERSION] NAME
    [ "$#" = 5 ] && [ "$2" = --user-data ] && [ "$(head -n 1 "$3")" = "#cloud-config" ] ;;
  -m) # orb -m NAME -u USER COMMAND…: standard input goes to the command
    [ "$3" = -u ] && { [ "$5" = cloud-init ] || sh -n; } ;;
  delete) # orb delete [--force] NAME
    [ "$#" = 3 ] && [ "$2" = --force ] ;;
  *) echo "unknown command $1" >&2; exit 1 ;;
esac
`;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

eachTerraform(
  "apply and destroy use orb as its contract has it",
  (binary) => {
    const folder = mkdtempSync(join(tmpdir(), "vipstack-orb-"));
    folders.push(folder);
    const app = new App({ outdir: folder });
    const stack = new TerraformStack(app, "mac");
    new LocalBackend(stack, { path: join(folder, "mac.tfstate") });
    const box = new Machine(stack, "box", {
      backend: new OrbStackBackend(stack, "orbstack"),
      interfaces: { eth0: ["192.168.139.29/24"] },
    });
    box.contribute(stack, { liveFiles: [{ path: "/etc/live", content: "1\n", reloads: "a.service" }] });
    app.synth();

    writeFileSync(join(folder, "orb"), CONTRACT);
    chmodSync(join(folder, "orb"), 0o755);
    const log = join(folder, "orb.log");
    const env = {
      ...TERRAFORM_ENVIRONMENT,
      ORB_LOG: log,
      PATH: `${folder}${delimiter}${process.env.PATH ?? ""}`,
    };
    const cwd = join(folder, "stacks", "mac");
    for (const words of [["init"], ["apply", "-auto-approve"], ["destroy", "-auto-approve"]]) {
      execFileSync(binary, [...words, "-input=false"], { cwd, env, stdio: "pipe" });
    }
    expect(readFileSync(log, "utf8").trim().split("\n")).toEqual([
      "create --user-data machines/box/user-data debian:bookworm box",
      "-m box -u root cloud-init status --wait",
      "-m box -u root sh -s",
      "-m box -u root sh -s",
      "delete --force box",
    ]);
  },
  60_000,
);
