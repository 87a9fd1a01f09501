import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack } from "cdktf";
import { IBackend, LabBackend, Machine, MachineProps, OrbStackBackend, SshBackend } from "../../constructs/machine";

const interfaces = { eth0: ["10.0.0.2/24", "fd00::2/64"], eth1: ["10.1.0.2/24"] };
const lab = (stack: TerraformStack): IBackend => new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24"] });
const CHECK = `test "$(cat /sys/class/net/eth1/mtu)" -eq 1450`;

/** The documents of a machine, one after the other, and the machine. */
function box(backend: (stack: TerraformStack) => IBackend, mtu?: MachineProps["mtu"]): [string, Machine] {
  const outdir = mkdtempSync(join(tmpdir(), "vipstack-mtu-"));
  try {
    const app = new App({ outdir });
    const stack = new TerraformStack(app, "test");
    const machine = new Machine(stack, "box", { backend: backend(stack), interfaces, mtu });
    app.synth();
    const folder = join(outdir, "stacks", "test", "machines", "box");
    return [
      readdirSync(folder, { withFileTypes: true })
        .filter((each) => each.isFile())
        .map(({ name }) => readFileSync(join(folder, name), "utf8"))
        .join(""),
      machine,
    ];
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

test("each address has the MTU of its interface, where one is given", () => {
  const [, machine] = box(lab, { eth1: 1450 });
  expect(machine.addresses.map(({ address, mtu }) => [address, mtu])).toEqual([
    ["10.0.0.2", undefined],
    ["fd00::2", undefined],
    ["10.1.0.2", 1450],
  ]);
});

test("a guest of the lab gets it as hardware, and its boot waits until it has it", () => {
  const [documents, machine] = box(lab, { eth1: 1450 });
  expect(documents).toContain(`      "interface": "eth1",
      "addresses": [
        "10.1.0.2/24"
      ],
      "mtu": 1450
`);
  expect(machine.model.ready).toEqual([{ check: CHECK, timeout: "1m" }]);
});

test("a machine of OrbStack's sets it at every boot", () => {
  const [documents, machine] = box((stack) => new OrbStackBackend(stack, "orbstack"), { eth1: 1450 });
  expect(documents).toContain("ExecStart=/sbin/ip link set dev eth1 mtu 1450\n");
  expect(machine.model.ready).toEqual([{ check: CHECK, timeout: "1m" }]);
});

test("a host that exists must have it: the script looks, and changes nothing", () => {
  const [script] = box((stack) => new SshBackend(stack, "hosts"), { eth1: 1450 });
  expect(script).toContain(CHECK);
  expect(script).not.toContain("ip link set");
});

test("nothing is said, set or asked where it is 1500", () => {
  for (const backend of [
    lab,
    (stack: TerraformStack) => new SshBackend(stack, "hosts"),
    (stack: TerraformStack) => new OrbStackBackend(stack, "orbstack"),
  ]) {
    const [documents] = box(backend);
    expect(documents).not.toBe("");
    expect(documents).not.toMatch(/mtu/i);
  }
});

test.each<[MachineProps["mtu"], string]>([
  [
    { eth0: 1000, eth1: 575, eth2: 1400 },
    `test/box: 3 problems
  - 'mtu.eth0' must be at least 1280 with an IPv6 address, or the kernel takes IPv6 away from the interface, got 1000: choose 1280 or more, or leave the IPv6 address of eth0 out
  - 'mtu.eth1' must be a whole number from 576 to 65535, got 575: 1500 is usual; IPv4 hosts take packets of 576 bytes at least
  - 'mtu' can't be that of eth2, which is none of the interfaces, got 1400: use one of eth0, eth1, or add eth2 to 'interfaces'`,
  ],
  [
    { eth1: 65536 },
    "test/box: 'mtu.eth1' must be a whole number from 576 to 65535, got 65536: 1500 is usual; IPv4 hosts take packets of 576 bytes at least",
  ],
  [
    { eth1: 1450.5 },
    "test/box: 'mtu.eth1' must be a whole number from 576 to 65535, got 1450.5: 1500 is usual; IPv4 hosts take packets of 576 bytes at least",
  ],
  [
    { eth1: 9000 },
    "test/lab: 'mtu' must be a whole number from 576 to 1500, got 9000: eth1 of box can't have more in the lab",
  ],
])("fails on %j", (mtu, message) => {
  expect(() => box(lab, mtu)).toThrow(new Error(message));
});
