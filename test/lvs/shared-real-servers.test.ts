import { Testing } from "cdktf";
import { AgentService } from "../../constructs/consul";
import { ForwardingMethod, Plane, Protocol, RealServerOptions, RealServers, Refusal } from "../../constructs/lvs";
import { Machines, program, warningsOf } from "./support/program";

const vip = "192.168.139.100";
const other = "192.168.139.101";

function warnings(build: (machines: Machines) => unknown): string[] {
  return warningsOf(program(build).stack);
}

/** Two virtual services of one director, with these real servers. */
function two(
  first: (machines: Machines) => RealServerOptions[],
  second: (machines: Machines) => RealServerOptions[],
  more: { readonly acknowledge?: Refusal[]; readonly forwarding?: ForwardingMethod; readonly plane?: Plane } = {},
): string[] {
  const { plane, ...options } = more;
  return warnings((machines) => {
    const director = machines.director({ plane });
    director.addVirtualService("first", { address: vip, port: 80, realServers: first(machines) });
    director.addVirtualService("second", { address: other, port: 80, ...options, realServers: second(machines) });
  });
}

const warning = (has: string, leads = "test/director/first"): string =>
  `second: 'realServers' has ${has}, to which ${leads} leads, too: where a client uses one of its ports for a connection through each of them, IPVS sends the answers of both through the newer one, and the older one hangs: let the server listen on a port for each of them, or use Plane.IPTABLES or ForwardingMethod.directRouting(); to have it without a warning, acknowledge: [Refusal.SHARED_REAL_SERVER]`;

test("two virtual services that lead to one port of a real server: a warning at the second, once", () => {
  expect(
    two(
      ({ behind, behind2 }) => [{ machine: behind }, { machine: behind2 }],
      ({ behind, behind2 }) => [{ machine: behind2 }, { machine: behind, port: 80 }],
    ),
  ).toEqual([warning("10.0.0.12:80")]);
});

test("acknowledged it is silent", () => {
  const one = ({ behind }: Machines): RealServerOptions[] => [{ machine: behind }];
  expect(two(one, one, { acknowledge: [Refusal.SHARED_REAL_SERVER] })).toEqual([]);
});

test("an acknowledgement that is not needed is a warning", () => {
  expect(
    two(
      ({ behind }) => [{ machine: behind }],
      ({ behind2 }) => [{ machine: behind2 }],
      { acknowledge: [Refusal.SHARED_REAL_SERVER] },
    ),
  ).toEqual(["second: 'acknowledge' names shared-real-server, which does not apply here: leave it out"]);
});

test.each<[string, Parameters<typeof two>]>([
  ["another port", [({ behind }) => [{ machine: behind }], ({ behind }) => [{ machine: behind, port: 81 }]]],
  ["another machine", [({ behind }) => [{ machine: behind }], ({ behind2 }) => [{ machine: behind2 }]]],
  [
    "direct routing: answers do not come through the director",
    [
      ({ behind }) => [{ machine: behind }],
      ({ behind }) => [{ machine: behind }],
      { forwarding: ForwardingMethod.directRouting() },
    ],
  ],
  [
    "the iptables plane: connection tracking has the virtual address",
    [({ behind }) => [{ machine: behind }], ({ behind }) => [{ machine: behind }], { plane: Plane.IPTABLES }],
  ],
])("nothing to warn of with %s", (_, words) => {
  expect(two(...words)).toEqual([]);
});

test("nothing to warn of with another protocol", () => {
  expect(
    warnings(({ director, behind }) => {
      const balancer = director();
      const dns = { address: vip, port: 53, realServers: [{ machine: behind }] };
      balancer.addVirtualService("first", dns);
      balancer.addVirtualService("second", { ...dns, protocol: Protocol.UDP });
    }),
  ).toEqual([]);
});

test("a firewall mark whose endpoints all lead to one port", () => {
  const endpoints = [
    { address: vip, port: 80 },
    { address: vip, port: 443 },
  ];
  expect(
    warnings(({ director, behind }) =>
      director().addFirewallMarkService("second", {
        mark: 1,
        endpoints,
        realServers: [{ machine: behind, port: 8080 }],
      }),
    ),
  ).toEqual([warning("10.0.0.11:8080", "another endpoint")]);
  expect(
    warnings(({ director, behind }) =>
      director().addFirewallMarkService("second", { mark: 1, endpoints, realServers: [{ machine: behind }] }),
    ),
  ).toEqual([]);
});

test("a real server that is added after the program was synthesized once", () => {
  expect(
    warnings(({ director, behind, behind2, stack }) => {
      const balancer = director();
      const one = { port: 80, realServers: [{ machine: behind }] };
      balancer.addVirtualService("first", { ...one, address: vip });
      const second = balancer.addVirtualService("second", {
        port: 80,
        address: other,
        realServers: [{ machine: behind2 }],
      });
      Testing.synth(stack);
      second.addRealServer("late", { machine: behind });
    }),
  ).toEqual([warning("10.0.0.11:80")]);
});

test("two that follow one service of Consul", () => {
  const follow = (tag?: string) =>
    warnings(({ following }) => {
      const director = following();
      director.addVirtualService("first", { address: vip, port: 80, realServers: RealServers.fromConsul("hello") });
      const realServers = RealServers.fromConsul("hello", { tag });
      director.addVirtualService("second", { address: other, port: 80, realServers });
    });
  expect(follow()).toEqual([warning("the instances of hello")]);
  expect(follow("canary")).toEqual([]);
});

test("a fixed real server that is registered as an instance of a followed service", () => {
  const follow = (port: number) =>
    warnings(({ following, behind, stack }) => {
      const director = following();
      new AgentService(stack, "hello", { machine: behind, consul: director.consul!, port: 8080 });
      director.addVirtualService("first", { address: vip, port: 80, realServers: [{ machine: behind, port }] });
      director.addVirtualService("second", { address: other, port: 80, realServers: RealServers.fromConsul("hello") });
    });
  expect(follow(8080)).toEqual([warning("10.0.0.11:8080")]);
  expect(follow(8081)).toEqual([]);
});
