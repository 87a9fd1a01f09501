import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { IBackend, IMachine, LabBackend, Machine, OrbStackBackend, SshBackend } from "../../constructs/machine";
import { cloudConfigErrors } from "../support/cloud-init-schema";
import { expectGolden } from "../support/golden";
import { synth } from "../support/synth";

const interfaces = { eth0: ["10.0.0.2/24", "fd00::2/64"] };
const inLab = (stack: TerraformStack, id = "box"): Machine =>
  new Machine(stack, id, { backend: new LabBackend(stack, `lab-${id}`, { subnets: ["10.0.0.0/24"] }), interfaces });
const weight = (stack: TerraformStack, machine: IMachine, value: number): void => {
  machine.contribute(stack, { liveFiles: [{ path: "/etc/live", content: `weight ${value}\n`, reloads: "a.service" }] });
};

test("a machine has its first IPv4 address, and all with their subnets", () => {
  synth((stack) => {
    const machine = inLab(stack);
    expect(machine.address).toBe("10.0.0.2");
    expect(machine.addresses).toEqual([
      { interface: "eth0", address: "10.0.0.2", family: 4, subnet: "10.0.0.0/24" },
      { interface: "eth0", address: "fd00::2", family: 6, subnet: "fd00::/64" },
    ]);
  });
});

test("a change of live content replaces the live document and nothing else", () => {
  const [one, two] = [1, 2].map((value) =>
    synth((stack) => {
      weight(stack, inLab(stack), value);
    }),
  );
  expect(one?.data("box")).toEqual(two?.data("box"));
  expect(one?.data("box_live").triggers_replace["/etc/live"]).toBe("weight 1\n");
  expect(two?.data("box_live").triggers_replace["/etc/live"]).toBe("weight 2\n");
});

test("a change of boot content replaces the machine", () => {
  const boot = (packages: string[]): string | undefined =>
    synth((stack) => {
      inLab(stack).contribute(stack, { packages });
    }).data("box").triggers_replace.boot;
  expect(boot(["curl"])).not.toBe(boot(["jq"]));
  expect(boot(["curl"])).toBe(boot(["curl"]));
});

test("a lab machine: user-data, hardware and push script are beside the JSON", () => {
  const result = synth((stack) => {
    weight(stack, inLab(stack), 1);
  });
  expect(cloudConfigErrors(result.file("machines/box/user-data"))).toEqual([]);
  expect(JSON.parse(result.file("machines/box/machine.json"))).toEqual({
    name: "box",
    memoryMiB: 320,
    nics: [{ interface: "eth0", addresses: interfaces.eth0 }],
  });
  expect(JSON.parse(result.file("lab.json"))).toEqual({
    name: "lab-box",
    subnets: ["10.0.0.0/24"],
    machines: ["box"],
    addresses: { box: ["10.0.0.2", "fd00::2"] },
    forwards: [],
  });
  const [create, destroy] = result.data("box").provisioner.map((each) => each["local-exec"]);
  expect(create?.command).toBe(
    'node "$VIPSTACK_LAB" create machines/box --dir "$LAB_DIRECTORY" && ssh -F "$LAB_DIRECTORY/ssh_config" box sh -s < machines/box/applied.sh',
  );
  expect(destroy).toMatchObject({ when: "destroy", command: 'node "$VIPSTACK_LAB" delete box --dir "$LAB_DIRECTORY"' });
});

test("a host that exists: one script by ssh, and one that takes everything back", () => {
  const result = synth((stack) => {
    const machine = new Machine(stack, "box", { backend: new SshBackend(stack, "hosts"), interfaces });
    machine.contribute(stack, { packages: ["curl"], units: [{ name: "a.service", content: "[Unit]\n" }] });
  });
  expect(result.data("box").provisioner.map((each) => each["local-exec"].command)).toEqual([
    "ssh -o BatchMode=yes box sudo -n sh -s < machines/box/setup.sh",
    "ssh -o BatchMode=yes box sudo -n sh -s < machines/box/teardown.sh",
  ]);
  expectGolden("ssh-host.setup.sh", result.file("machines/box/setup.sh"));
  expectGolden("ssh-host.teardown.sh", result.file("machines/box/teardown.sh"));
});

test("an existing host keeps its name", () => {
  const result = synth((stack) => {
    new Machine(stack, "box", {
      backend: new SshBackend(stack, "hosts", { configFile: "/tmp/ssh_config", sudo: false }),
      interfaces,
    });
  });
  expect(result.file("machines/box/setup.sh")).not.toMatch("hostnamectl");
  expect(result.data("box").provisioner[0]?.["local-exec"]).toEqual({
    command: 'ssh -F "$SSH_CONFIG_FILE" -o BatchMode=yes box sh -s < machines/box/setup.sh',
    environment: { SSH_CONFIG_FILE: "/tmp/ssh_config" },
  });
});

test("an OrbStack machine: its own address is OrbStack's, the program's are added", () => {
  const result = synth((stack) => {
    new Machine(stack, "box", { backend: new OrbStackBackend(stack, "orbstack"), interfaces });
  });
  const userData = result.file("machines/box/user-data");
  expect(userData).toMatch("10.0.0.2/24 dev eth0\n      fd00::2/64 dev eth0\n");
  expect(userData).toMatch(/systemctl start .*vipstack-addresses\.service/);
  const [create, destroy] = result.data("box").provisioner.map((each) => each["local-exec"].command);
  // What comes before, and a machine that is there already: orbstack-backend.test.ts.
  expect(create).toMatch(`
orb create --user-data machines/box/user-data debian:bookworm box
orb -m box -u root cloud-init status --wait
orb -m box -u root sh -s < machines/box/applied.sh
`);
  expect(destroy).toBe("orb delete --force box");
});

test("fails on a conflict between roles, naming both", () => {
  expect(() =>
    synth((stack) => {
      const machine = inLab(stack);
      machine.contribute(machine, { ports: [{ protocol: "tcp", port: 80 }] });
      machine.contribute(stack, { ports: [{ protocol: "tcp", port: 80 }] });
    }),
  ).toThrow("test: 'ports' can't claim tcp port 80, which test/box listens on");
});

test("fails on a bad name, memory and address, all in one message", () => {
  const build = (stack: TerraformStack): unknown =>
    new Machine(stack, "box", {
      backend: new SshBackend(stack, "hosts"),
      name: "a_b",
      memoryMiB: 100,
      interfaces: { eth0: ["10.0.0.2"] },
    });
  expect(() => synth(build)).toThrow(
    new Error(`test/box: 4 problems
  - 'name' must be a host name: letters, digits and hyphens, at most 63, starting with a letter, got "a_b": choose a name like 'web-1'
  - 'memoryMiB' must be a whole number from 256 to 65536, got 100: 320 is enough for a director, 1500 for a Nomad client
  - 'interfaces' must hold addresses with a prefix length, got "10.0.0.2": write it like '192.168.139.29/24' or 'fd00:139::29/64'
  - 'interfaces' must hold an IPv4 address, got {"eth0":["10.0.0.2"]}: give the first interface one, for example { eth0: ["192.168.139.29/24"] }`),
  );
});

test("fails where two ids lead to one Terraform name", () => {
  const backend = (stack: TerraformStack): SshBackend => new SshBackend(stack, "hosts");
  expect(() =>
    synth((stack) => {
      const hosts = backend(stack);
      new Machine(stack, "a.b", { backend: hosts, name: "one", interfaces });
      new Machine(stack, "ab", { backend: hosts, name: "two", interfaces: { eth0: ["10.0.0.3/24"] } });
    }),
  ).toThrow(
    new Error(
      "test/ab/Default: 'id' must lead to a Terraform name of its own; 'ab' is already the name of test/a.b/Default: rename one of the two (Terraform names keep only letters, digits, '-' and '_')",
    ),
  );
});

test("logical ids are the public contract", () => {
  const names = Object.keys(
    synth((stack) => {
      inLab(stack);
    }).json.resource.terraform_data,
  );
  expect(names).toEqual(["box", "box_live", "lab-box", "lab-box_members"]);
});

describe("memory", () => {
  const warnings = (memoryMiB: number | undefined, backend: (stack: TerraformStack) => IBackend) => {
    let box: Machine | undefined;
    synth((stack) => {
      box = new Machine(stack, "box", { backend: backend(stack), memoryMiB, interfaces });
      box.contribute(new Construct(stack, "role"), { memoryMiB: 100 });
      box.contribute(stack, () => ({ memoryMiB: 80 }));
    });
    return box?.node.metadata.map(({ type, data }) => `${type} ${String(data)}`);
  };
  const lab = (stack: TerraformStack): IBackend =>
    new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24", "fd00::/64"] });

  test("less than the roles need is a warning with the figures, the default as well", () => {
    expect(warnings(undefined, lab)).toEqual([
      "@cdktf/warn 'memoryMiB' is 320, and its roles need about 324 (144 for the system, 100 for test/role, 80 for test): give it 324 or more, or the kernel ends programs",
    ]);
    expect(warnings(323, lab)).toHaveLength(1);
  });

  test("as much as they need is none, and so is a backend that gives no memory", () => {
    expect(warnings(324, lab)).toEqual([]);
    expect(warnings(256, (stack) => new SshBackend(stack, "hosts"))).toEqual([]);
  });
});
