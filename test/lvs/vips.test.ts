import { App, TerraformStack } from "cdktf";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Director, Refusal, VirtualServiceOptions } from "../../constructs/lvs";
import { IBackend, IMachine, LabBackend, Machine, SshBackend } from "../../constructs/machine";
import { warningsOf } from "./support/program";

const labOf = (stack: TerraformStack): IBackend =>
  new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24", "fd00::/64"] });
const machineOf = (backend: IBackend, id: string, ...addresses: string[]): Machine =>
  new Machine(TerraformStack.of(backend), id, { backend, interfaces: { eth0: addresses } });
const balance = (machine: IMachine, server: IMachine, address: string, more: Partial<VirtualServiceOptions> = {}) =>
  new Director(TerraformStack.of(machine), `director-${machine.name}`, { machine }).addVirtualService("web", {
    address,
    port: 80,
    realServers: [{ machine: server }],
    ...more,
  });

/** What is wrong with a program, line by line; nothing where it is right. */
function problemsOf(build: (app: App) => unknown): string[] {
  const outdir = mkdtempSync(join(tmpdir(), "vipstack-vips-"));
  try {
    const app = new App({ outdir });
    build(app);
    app.synth();
    return [];
  } catch (error) {
    return (error as Error).message.split("\n").filter((line) => /^ *(\[|test|other)/.test(line));
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/** Two directors and a server in one lab. */
function two(app: App): { lab: IBackend; a: Machine; b: Machine; web: Machine } {
  const lab = labOf(new TerraformStack(app, "test"));
  return {
    lab,
    a: machineOf(lab, "a", "10.0.0.20/24", "fd00::20/64"),
    b: machineOf(lab, "b", "10.0.0.21/24", "fd00::21/64"),
    web: machineOf(lab, "web", "10.0.0.31/24", "fd00::31/64"),
  };
}

/** How the message starts, which refusals.test.ts has in whole, and what it got. */
const shared = (vip: string): unknown =>
  expect.stringMatching(
    `^  \\[test/director-b/web\\] 'address' can't be a VIP of test/director-a/web, too, because a and b .*, got "${vip}": `,
  );

test.each([
  ["10.0.0.100", "10.0.0.100", 80],
  ["10.0.0.100", "10.0.0.100", 443],
  ["fd00::100", "fd00:0:0::100", 80],
])("two directors can't have the VIP %s: %s, port %i", (first, second, port) => {
  expect(
    problemsOf((app) => {
      const { a, b, web } = two(app);
      balance(a, web, first);
      balance(b, web, second, { port });
    }),
  ).toEqual([shared(first)]);
});

test("a VIP among the endpoints of a firewall mark counts, too", () => {
  expect(
    problemsOf((app) => {
      const { a, b, web } = two(app);
      balance(a, web, "10.0.0.100");
      new Director(TerraformStack.of(b), "director-b", { machine: b }).addFirewallMarkService("web", {
        mark: 1,
        endpoints: ["10.0.0.101", "10.0.0.100"].map((address) => ({ address, port: 443 })),
      });
    }),
  ).toEqual([shared("10.0.0.100")]);
});

test.each([
  ["at the second", undefined, [Refusal.VIP_ON_TWO_DIRECTORS], ["director-b"]],
  ["at the first", [Refusal.VIP_ON_TWO_DIRECTORS], undefined, ["director-a"]],
  ["at both", [Refusal.VIP_ON_TWO_DIRECTORS], [Refusal.VIP_ON_TWO_DIRECTORS], ["director-a", "director-b"]],
])("it is acknowledged %s, and said there", (_, first, second, told) => {
  let stack: TerraformStack | undefined;
  expect(
    problemsOf((app) => {
      const { a, b, web } = two(app);
      stack = TerraformStack.of(a);
      balance(a, web, "10.0.0.100", { acknowledge: first });
      balance(b, web, "10.0.0.100", { acknowledge: second });
    }),
  ).toEqual([]);
  const [one, other] = [stack!.node.findChild("director-a"), stack!.node.findChild("director-b")];
  const said = [one, other].flatMap((each) =>
    warningsOf(each).map((text) => `${each.node.id} ${text.replace(/: 'address'.*/, "")}`),
  );
  expect(said).toEqual(told.map((id) => `${id} web: acknowledged vip-on-two-directors`));
});

test("a VIP can't be the address of any other machine, in this stack or in another one", () => {
  expect(
    problemsOf((app) => {
      const { lab, a, b, web } = two(app);
      balance(a, web, "10.0.0.10");
      balance(b, web, "fd00::20");
      const later = new TerraformStack(app, "later");
      new Machine(later, "client", { backend: lab, interfaces: { eth0: ["10.0.0.10/24"] } });
      Machine.fromMachineAttributes(TerraformStack.of(a), "stranger", { interfaces: { eth0: ["10.0.0.11/24"] } });
    }),
  ).toEqual([
    `  [test/director-a/web] 'address' can't be an address of later/client (client), which answers for it, too, got "10.0.0.10": choose a VIP that no machine has`,
    `  [test/director-b/web] 'address' can't be an address of test/a (a), which answers for it, too, got "fd00::20": choose a VIP that no machine has`,
  ]);
});

test("a VIP can't be the address of a machine that exists already", () => {
  expect(
    problemsOf((app) => {
      const { a, web } = two(app);
      balance(a, web, "10.0.0.11");
      Machine.fromMachineAttributes(TerraformStack.of(a), "stranger", { interfaces: { eth0: ["10.0.0.11/24"] } });
    }),
  ).toEqual([
    `  [test/director-a/web] 'address' can't be an address of test/stranger (stranger), which answers for it, too, got "10.0.0.11": choose a VIP that no machine has`,
  ]);
});

test.each([
  ["10.0.0.1", "an address of the lab's router"],
  ["fd00::1", "an address of the lab's router"],
  ["10.0.0.0", "the network address of 10.0.0.0/24"],
  ["fd00::", "the network address of fd00::/64"],
  ["10.0.0.255", "the broadcast address of 10.0.0.0/24"],
  ["127.0.0.1", "a loopback address"],
  ["224.0.0.18", "a multicast address"],
  ["ff02::1", "a multicast address"],
  ["255.255.255.255", "the broadcast address"],
  ["fe80::1", "a link-local address"],
])("a VIP can't be %s", (vip, what) => {
  const [problem] = problemsOf((app) => {
    const { a, web } = two(app);
    balance(a, web, vip, { acknowledge: [Refusal.VIP_OUTSIDE_SUBNETS] });
  });
  expect(problem).toBe(
    `test/director-a/web: 'address' can't be ${what}, got "${vip}": choose another address of the director's subnets`,
  );
});

test.each(["0.0.0.0", "::"])("a VIP can't be %s", (vip) => {
  const [problem] = problemsOf((app) => {
    const { a, web } = two(app);
    balance(a, web, vip, { acknowledge: [Refusal.VIP_OUTSIDE_SUBNETS] });
  });
  expect(problem).toBe(
    `test/director-a/web: 'address' can't stand for every address of the director, because IPVS identifies a virtual service by its address, got "${vip}": make a virtual service of each address, or one of all with addFirewallMarkService; addRedirect takes a port at every address`,
  );
});

test("machines of two labs, or of two backends, are no neighbours: the same addresses are fine", () => {
  expect(
    problemsOf((app) => {
      for (const [id, make] of Object.entries({
        test: labOf,
        other: labOf,
        hosts: (stack: TerraformStack) => new SshBackend(stack, "hosts"),
      })) {
        const backend = make(new TerraformStack(app, id));
        const director = machineOf(backend, "a", "10.0.0.20/24");
        balance(director, machineOf(backend, "web", "10.0.0.31/24"), "10.0.0.100");
      }
    }),
  ).toEqual([]);
});

test("one director may have a VIP for several services, and a real server may have it on lo", () => {
  expect(
    problemsOf((app) => {
      const { a, web } = two(app);
      const first = balance(a, web, "10.0.0.100");
      (first.node.scope as Director).addVirtualService("https", { address: "10.0.0.100", port: 443 });
      (first.node.scope as Director).addVirtualService("own", { address: "10.0.0.20", port: 81 });
    }),
  ).toEqual([]);
});
