import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { App, LocalBackend, TerraformStack } from "cdktf";
import { Machine } from "../../constructs/machine";
import { LibvirtBackend } from "../../examples/libvirt/libvirt-backend";
import { TERRAFORM, TERRAFORM_ENVIRONMENT, withTerraform } from "../support/terraform";

// A backend that is none of the library's, run by a real Terraform. There is no libvirt here: stand-ins accept exactly the forms
// of virt-install(1) and virsh(1) that their manual pages have, and the files that they are given have to be there.
const CONTRACTS = {
  "virt-install": `files=$(echo "$*" | grep -o '[a-z-]*=machines/[^ ,]*' | cut -d = -f 2)
[ "$(echo "$files" | wc -l)" = 3 ]
for file in $files; do [ -s "$file" ]; done`,
  virsh: `case "$1 $#" in "destroy 2" | "undefine 3") ;; *) exit 1 ;; esac`,
  ssh: `sh -n`,
};

const folder = mkdtempSync(join(tmpdir(), "vipstack-libvirt-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

withTerraform(
  "a third party's backend: terraform apply and destroy use libvirt's commands as their contract has them",
  () => {
    const app = new App({ outdir: folder });
    const stack = new TerraformStack(app, "vms");
    new LocalBackend(stack, { path: join(folder, "vms.tfstate") });
    const backend = new LibvirtBackend(stack, "libvirt", {
      network: "default",
      image: "/images/debian.qcow2",
      gateway: "192.168.122.1",
      publicKey: "ssh-ed25519 AAAA me",
    });
    const interfaces = { eth0: ["192.168.122.20/24"] };
    const box = new Machine(stack, "box", { backend, interfaces, memoryMiB: 1024 });
    box.contribute(stack, { liveFiles: [{ path: "/etc/live", content: "1\n", reloads: "a.service" }] });
    app.synth();

    for (const [name, contract] of Object.entries(CONTRACTS)) {
      writeFileSync(join(folder, name), `#!/bin/sh\nset -eu\necho "${name} $*" >> "$CONTRACT_LOG"\n${contract}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    const log = join(folder, "contract.log");
    const path = `${folder}${delimiter}${process.env.PATH ?? ""}`;
    const env = { ...TERRAFORM_ENVIRONMENT, CONTRACT_LOG: log, PATH: path };
    const cwd = join(folder, "stacks", "vms");
    for (const words of [["init"], ["apply", "-auto-approve"], ["destroy", "-auto-approve"]])
      execFileSync(TERRAFORM, [...words, "-input=false"], { cwd, env, stdio: "pipe" });

    const ssh = "ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new debian@192.168.122.20 sudo sh -s";
    expect(readFileSync(log, "utf8").trim().split("\n")).toEqual([
      "virt-install --name box --memory 1024 --import --osinfo detect=on,require=off --noautoconsole " +
        "--disk size=8,backing_store=/images/debian.qcow2 --cloud-init user-data=machines/box/user-data," +
        "meta-data=machines/box/meta-data,network-config=machines/box/network-config " +
        "--network network=default,mac=52:54:00:a8:7a:14",
      ...[ssh, ssh, ssh],
      "virsh destroy box",
      "virsh undefine box --remove-all-storage",
    ]);
  },
  60_000,
);
