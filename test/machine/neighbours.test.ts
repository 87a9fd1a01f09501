import { App, TerraformStack } from "cdktf";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IBackend, LabBackend, Machine, SshBackend } from "../../constructs/machine";
import { synth } from "../support/synth";

const labOf = (stack: TerraformStack): IBackend =>
  new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24", "fd00::/64"] });

/** The lines of what is wrong with a program; none where it is right. */
function problemsOf(build: (app: App) => unknown): string[] {
  const outdir = mkdtempSync(join(tmpdir(), "vipstack-neighbours-"));
  try {
    const app = new App({ outdir });
    build(app);
    app.synth();
    return [];
  } catch (error) {
    return (error as Error).message.split("\n").filter((line) => /^ *(\[|test|-)/.test(line));
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

const taken = (path: string, owner: string, address: string): string =>
  `  [${path}] 'interfaces' can't hold an address of ${owner}, got "${address}": give each machine addresses of its own`;

test("a machine's address can't be that of another one, across stacks and spellings", () => {
  expect(
    problemsOf((app) => {
      const stack = new TerraformStack(app, "test");
      const backend = labOf(stack);
      new Machine(stack, "a", { backend, interfaces: { eth0: ["10.0.0.20/24", "fd00::20/64"] } });
      const later = new TerraformStack(app, "later");
      new Machine(later, "b", { backend, interfaces: { eth0: ["10.0.0.20/24", "fd00:0::20/64"] } });
    }),
  ).toEqual([taken("later/b", "test/a (a)", "10.0.0.20"), taken("later/b", "test/a (a)", "fd00::20")]);
});

test("two machines of a backend can't have one name", () => {
  expect(
    problemsOf((app) => {
      const stack = new TerraformStack(app, "test");
      const backend = labOf(stack);
      new Machine(stack, "a", { backend, name: "web", interfaces: { eth0: ["10.0.0.20/24"] } });
      new Machine(stack, "b", { backend, name: "web", interfaces: { eth0: ["10.0.0.21/24"] } });
    }),
  ).toEqual([`  [test/b] 'name' can't be that of test/a, too, got "web": give one of them another one`]);
});

test("a machine that is only known can't have the address of one that is made, unless it is the same", () => {
  const build = (name: string) => (app: App) => {
    const stack = new TerraformStack(app, "test");
    new Machine(stack, "a", { backend: labOf(stack), interfaces: { eth0: ["10.0.0.20/24"] } });
    for (const id of ["known", "again"])
      Machine.fromMachineAttributes(stack, id, { name, interfaces: { eth0: ["10.0.0.20/24"] } });
  };
  expect(problemsOf(build("a"))).toEqual([]);
  expect(problemsOf(build("b"))).toEqual([
    taken("test/known", "test/a (a)", "10.0.0.20"),
    taken("test/again", "test/a (a)", "10.0.0.20"),
  ]);
});

test("two labs and two backends are worlds of their own", () => {
  expect(
    problemsOf((app) => {
      for (const [id, make] of Object.entries({
        one: labOf,
        two: labOf,
        three: (stack: TerraformStack) => new SshBackend(stack, "hosts"),
      })) {
        const stack = new TerraformStack(app, id);
        new Machine(stack, "a", { backend: make(stack), interfaces: { eth0: ["10.0.0.20/24"] } });
      }
    }),
  ).toEqual([]);
});

test.each([
  ["10.0.0.1/24", "an address of test/lab itself, its router's", "10.0.0.0/24"],
  ["fd00::1/64", "an address of test/lab itself, its router's", "fd00::/64"],
  ["10.0.0.0/24", "the network address of 10.0.0.0/24", "10.0.0.0/24"],
  ["10.0.0.255/24", "the broadcast address of 10.0.0.0/24", "10.0.0.0/24"],
  ["fd00::/64", "the network address of fd00::/64", "fd00::/64"],
  ["127.0.0.1/8", "a loopback address", "127.0.0.0/8"],
  ["224.0.0.5/24", "a multicast address", "224.0.0.0/24"],
  ["fe80::5/64", "a link-local address", "fe80::/64"],
])("no machine can have %s", (address, what, subnet) => {
  const interfaces = { eth0: address.includes(":") ? ["10.0.0.5/24", address] : [address] };
  expect(
    problemsOf((app) => {
      const stack = new TerraformStack(app, "test");
      new Machine(stack, "a", { backend: labOf(stack), interfaces });
    }),
  ).toEqual([
    `test/a: 'interfaces' can't give eth0 ${what}, got "${address.replace(/\/.*/, "")}": choose another address of ${subnet}`,
  ]);
});

test("an address stands on one interface", () => {
  expect(
    problemsOf((app) => {
      const stack = new TerraformStack(app, "test");
      const interfaces = { eth0: ["10.0.0.5/24"], eth1: ["10.0.0.5/24"] };
      new Machine(stack, "a", { backend: labOf(stack), interfaces });
    }),
  ).toEqual([`test/a: 'interfaces' can't hold an address twice, got "10.0.0.5": leave one of the two out`]);
});

test.each(["10.0.0.0/31", "10.0.0.1/31", "10.0.0.7/32", "169.254.3.4/16", "203.0.113.7/24"])(
  "%s is fine",
  (address) => {
    expect(
      problemsOf((app) => {
        const stack = new TerraformStack(app, "test");
        new Machine(stack, "a", { backend: new SshBackend(stack, "hosts"), interfaces: { eth0: [address] } });
      }),
    ).toEqual([]);
  },
);

describe("names of machines", () => {
  const interfaces = { eth0: ["10.0.0.2/24"] };

  test("two of one name are an error that names the first, whatever the case of their letters", () => {
    expect(() =>
      synth((stack) => {
        const backend = new SshBackend(stack, "hosts");
        new Machine(stack, "one", { backend, name: "web", interfaces });
        new Machine(stack, "two", { backend, name: "WEB", interfaces: { eth0: ["10.0.0.3/24"] } });
      }),
    ).toThrow(`'name' can't be that of test/one, too, got "WEB"`);
  });

  test("and so are two of two backends in one stack, whose files would meet", () => {
    expect(() =>
      synth((stack) => {
        new Machine(stack, "one", { backend: new SshBackend(stack, "lan"), name: "web", interfaces });
        new Machine(stack, "two", { backend: new SshBackend(stack, "dmz"), name: "web", interfaces });
      }),
    ).toThrow(
      `[test/two] 'name' can't be that of test/one, whose files are in the same stack, got "web": give one of them another one`,
    );
  });

  test("what the lab refuses is refused at synth", () => {
    const inLab = (name: string, nics: Record<string, string[]>) => () =>
      synth((stack) => {
        const backend = new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24"] });
        new Machine(stack, "box", { backend, name, interfaces: nics });
      });
    expect(inLab("Web", { lan: ["10.0.0.2/24"] })).toThrow(
      new Error(`test/lab: 2 problems
  - 'name' must be lower-case letters, digits and hyphens, at most 32, for a machine of the lab, got "Web": choose a name like 'web-1'
  - 'interfaces' must be called eth0, eth1, … in this order, eight at most, for machine Web of the lab, got ["lan"]: rename them`),
    );
    expect(inLab("web", { "eth0; x": ["10.0.0.2/24"] })).toThrow(
      new Error(
        `test/box: 'interfaces' must have names of network interfaces, at most 15 characters, got "eth0; x": write it like 'eth0'`,
      ),
    );
  });
});
