import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  info) # orb info NAME: fails if there is no such machine
    [ "$#" = 2 ] && [ -e "$ORB_MACHINES/$2" ] ;;
  create) # orb create [--user-data FILE] DISTRO[:VERSION] NAME: fails if there is such a machine
    [ "$#" = 5 ] && [ "$2" = --user-data ] && [ "$(head -n 1 "$3")" = "#cloud-config" ] && [ ! -e "$ORB_MACHINES/$5" ]
    cp "$3" "$ORB_MACHINES/$5" ;;
  -m) # orb -m NAME -u USER COMMAND…: standard input goes to the command
    [ "$3" = -u ] && [ -e "$ORB_MACHINES/$2" ]
    case "$5" in
      cloud-init) [ -z "\${ORB_FAILS-}" ] ;;
      grep) grep -q "$7" "$ORB_MACHINES/$2" ;; # the user-data that the machine was made with
      *) sh -n ;;
    esac ;;
  delete) # orb delete [--force] NAME
    [ "$#" = 3 ] && [ "$2" = --force ]
    rm "$ORB_MACHINES/$3" ;;
  *) echo "unknown command $1" >&2; exit 1 ;;
esac
`;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A program with one machine, `box`, and a host where the contract stands for OrbStack. */
class Mac {
  readonly folder = mkdtempSync(join(tmpdir(), "vipstack-orb-"));
  /** OrbStack's machines: each a file with its user-data. */
  readonly machines = join(this.folder, "orb-machines");

  constructor(private readonly binary: string) {
    folders.push(this.folder);
    const app = new App({ outdir: this.folder });
    const stack = new TerraformStack(app, "mac");
    new LocalBackend(stack, { path: join(this.folder, "mac.tfstate") });
    const box = new Machine(stack, "box", {
      backend: new OrbStackBackend(stack, "orbstack"),
      interfaces: { eth0: ["192.168.139.29/24"] },
    });
    box.contribute(stack, { liveFiles: [{ path: "/etc/live", content: "1\n", reloads: "a.service" }] });
    app.synth();
    mkdirSync(this.machines);
    writeFileSync(join(this.folder, "orb"), CONTRACT);
    chmodSync(join(this.folder, "orb"), 0o755);
    this.terraform(["init"]);
  }

  /** @returns whether it succeeded, and what it printed */
  terraform(words: readonly string[], environment: Record<string, string> = {}): { ok: boolean; output: string } {
    const env = {
      ...TERRAFORM_ENVIRONMENT,
      ORB_LOG: join(this.folder, "orb.log"),
      ORB_MACHINES: this.machines,
      PATH: `${this.folder}${delimiter}${process.env.PATH ?? ""}`,
      ...environment,
    };
    const cwd = join(this.folder, "stacks", "mac");
    const { status, stdout, stderr } = spawnSync(this.binary, [...words, "-input=false", "-no-color"], {
      cwd,
      env,
      encoding: "utf8",
    });
    return { ok: status === 0, output: stdout + stderr };
  }

  /** The commands that `orb` got since the last call. */
  commands(): string[] {
    const log = join(this.folder, "orb.log");
    const lines = readFileSync(log, "utf8").trim().split("\n");
    rmSync(log);
    return lines;
  }
}

const MADE = [
  "create --user-data machines/box/user-data debian:bookworm box",
  "-m box -u root cloud-init status --wait",
  "-m box -u root sh -s",
  "-m box -u root sh -s",
];

eachTerraform(
  "apply and destroy use orb as its contract has it",
  (binary) => {
    const mac = new Mac(binary);
    for (const verb of ["apply", "destroy"]) expect(mac.terraform([verb, "-auto-approve"])).toMatchObject({ ok: true });
    expect(mac.commands()).toEqual(["info box", ...MADE, "delete --force box"]);
  },
  60_000,
);

eachTerraform(
  "a machine that was left half-made is made anew",
  (binary) => {
    const mac = new Mac(binary);
    expect(mac.terraform(["apply", "-auto-approve"], { ORB_FAILS: "1" })).toMatchObject({ ok: false });
    expect(readdirSync(mac.machines)).toEqual(["box"]);
    mac.commands();
    expect(mac.terraform(["apply", "-auto-approve"])).toMatchObject({ ok: true });
    expect(mac.commands()).toEqual([
      "info box",
      "-m box -u root grep -q /var/lib/vipstack/ /var/lib/cloud/instance/user-data.txt",
      "delete --force box",
      ...MADE,
    ]);
  },
  60_000,
);

eachTerraform(
  "a machine of that name that the program did not make is never touched, also by destroy, and the error says so",
  (binary) => {
    const mac = new Mac(binary);
    writeFileSync(join(mac.machines, "box"), "the user's own");
    const { ok, output } = mac.terraform(["apply", "-auto-approve"]);
    expect(ok).toBe(false);
    expect(output.replace(/[│\s]+/g, " ")).toContain(
      "OrbStack has a machine box that this program did not make. It was not touched. Rename the machine in the program, or remove that one: orb delete box",
    );
    expect(mac.terraform(["destroy", "-auto-approve"])).toMatchObject({ ok: true });
    expect(mac.commands()).toEqual(["info box"]);
    expect(readFileSync(join(mac.machines, "box"), "utf8")).toBe("the user's own");
  },
  60_000,
);
