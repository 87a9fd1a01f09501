import { RealServerOptions, RealServers, VirtualServiceOptions } from "../../constructs/lvs";
import { ipvsRules, messageOf, program } from "./support/program";

const web = { address: "192.168.139.100", port: 80 };

test("RealServers.of is the plain list", () => {
  const rulesOf = (wrap: (list: RealServerOptions[]) => VirtualServiceOptions["realServers"]): string => {
    const { ipvs } = program(({ director, behind, behind2 }) => {
      const list = [{ machine: behind, weight: 2 }, { machine: behind2 }];
      director().addVirtualService("web", { ...web, realServers: wrap(list) });
    });
    return ipvsRules(ipvs);
  };
  expect(rulesOf((list) => RealServers.of(list))).toBe(rulesOf((list) => list));
  expect(rulesOf((list) => list)).toContain("-r 10.0.0.11:80 -m -w 2");
});

test("what RealServers made is known by its class, not by the names of its properties", () => {
  expect(RealServers.isRealServers(RealServers.of([]))).toBe(true);
  expect(RealServers.isRealServers(RealServers.fromConsul("hello"))).toBe(true);
  const copy: unknown = Object.defineProperty({}, Symbol.for("vipstack.RealServers"), { value: true });
  expect(RealServers.isRealServers(copy)).toBe(true);
  for (const other of [undefined, null, [], "hello", { name: "hello" }, { service: { name: "hello" }, machines: [] }])
    expect(RealServers.isRealServers(other)).toBe(false);
});

test("fails when a program without types gives a service or a gateway itself", () => {
  const realServers = { name: "hello" } as unknown as RealServers;
  expect(messageOf(({ director }) => director().addVirtualService("web", { ...web, realServers }))).toBe(
    "test/director/web: 'realServers' must be a list, or made by RealServers: use RealServers.ofJob(job), RealServers.ofGateway(gateway) or RealServers.fromConsul(name)",
  );
});
