import { ForwardingMethod, Plane, Protocol } from "../../constructs/lvs";
import { iptablesV4, iptablesV6, ipvsRules, Machines, messageOf, program, sysctlsOf } from "./support/program";

const vip = "192.168.139.100";

describe("forwarding methods mixed within one service", () => {
  test("each end gets what its own needs", () => {
    const { ipvs, d2, behind, far } = program(({ director, d2, behind, far }) =>
      director().addVirtualService("web", {
        address: vip,
        port: 80,
        realServers: [
          { machine: behind, port: 8080 },
          { machine: d2, forwarding: ForwardingMethod.directRouting() },
          { machine: far, forwarding: ForwardingMethod.tunneling() },
        ],
      }),
    );
    expect(ipvsRules(ipvs)).toBe(`-A -t 192.168.139.100:80 -s rr
-a -t 192.168.139.100:80 -r 10.0.0.11:8080 -m -w 1
-a -t 192.168.139.100:80 -r 192.168.139.184:80 -g -w 1
-a -t 192.168.139.100:80 -r 172.16.0.9:80 -i -w 1
`);
    expect(iptablesV4(ipvs)).toBe(`*nat
:VIPSTACK-POSTROUTING - [0:0]
-A POSTROUTING -j VIPSTACK-POSTROUTING
-A VIPSTACK-POSTROUTING -d 10.0.0.11/32 -p tcp -m tcp --dport 8080 -m ipvs --vproto 6 --vaddr 192.168.139.100 --vport 80 -j SNAT --to-source 10.0.0.1
COMMIT
*filter
:VIPSTACK-INPUT - [0:0]
:VIPSTACK-FORWARD - [0:0]
-A INPUT -j VIPSTACK-INPUT
-A FORWARD -j VIPSTACK-FORWARD
-A VIPSTACK-INPUT -d 192.168.139.100/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A VIPSTACK-FORWARD -s 10.0.0.11/32 -p tcp -m tcp --sport 8080 -j ACCEPT
COMMIT
`);
    expect(iptablesV6(ipvs)).toBe("");
    expect(sysctlsOf(ipvs)).toEqual(expect.arrayContaining(["net.ipv4.ip_forward = 1", "net.ipv4.vs.conntrack = 1"]));
    expect(behind.model.addresses).toEqual([]);
    expect(d2.model.addresses).toEqual(["192.168.139.100/32 dev lo"]);
    expect(d2.model.kernelModules).toEqual([]);
    expect(far.model.kernelModules).toEqual(["ipip"]);
  });

  test("an unused default brings nothing", () => {
    const build = (forwarding?: ForwardingMethod): string[] => {
      const own = ForwardingMethod.directRouting();
      const { ipvs } = program(({ director, d2 }) =>
        director().addVirtualService("web", {
          address: vip,
          port: 80,
          forwarding,
          realServers: [{ machine: d2, forwarding: own }],
        }),
      );
      return [ipvsRules(ipvs), iptablesV4(ipvs), ...sysctlsOf(ipvs), ...ipvs.model.kernelModules];
    };
    expect(build()).toEqual(build(ForwardingMethod.directRouting()));
  });

  test.each<[string, (machines: Machines) => unknown, string]>([
    [
      "another port by direct routing",
      ({ director, d2 }) =>
        director().addVirtualService("web", {
          address: vip,
          port: 80,
          realServers: [{ machine: d2, port: 81, forwarding: ForwardingMethod.directRouting() }],
        }),
      "test/director/web/d2-81: 'port' must be the virtual service's port 80 for direct routing",
    ],
    [
      "SNAT without conntrack",
      ({ director, behind }) =>
        director().addVirtualService("web", {
          address: vip,
          port: 80,
          realServers: [
            { machine: behind, forwarding: ForwardingMethod.masquerading({ snat: true, conntrack: false }) },
          ],
        }),
      "test/director/web/behind: 'forwarding' can't rewrite the client's address without conntrack",
    ],
    [
      "one packet by masquerading",
      ({ director, d2, behind }) =>
        director().addVirtualService("dns", {
          address: vip,
          port: 53,
          protocol: Protocol.UDP,
          forwarding: ForwardingMethod.directRouting(),
          onePacket: true,
          realServers: [{ machine: d2 }, { machine: behind, forwarding: ForwardingMethod.masquerading() }],
        }),
      "test/director/dns/behind: 'onePacket' can't go with masquerading",
    ],
    [
      "tunneling on the iptables plane",
      ({ director, far }) =>
        director({ plane: Plane.IPTABLES }).addVirtualService("web", {
          address: vip,
          port: 80,
          realServers: [{ machine: far, forwarding: ForwardingMethod.tunneling() }],
        }),
      "test/director/web/far: 'forwarding' can't be tunneling on the iptables plane",
    ],
  ])("what can't work of a real server's own method is refused at that one: %s", (_, build, start) => {
    expect(messageOf(build)?.slice(0, start.length)).toBe(start);
  });
});

test("fails when conntrack is set without SNAT, of a virtual service and of one of its real servers", () => {
  const forwarding = ForwardingMethod.masquerading({ conntrack: true });
  expect(messageOf(({ director }) => director().addVirtualService("web", { address: vip, port: 80, forwarding }))).toBe(
    "test/director/web: 'forwarding' can't set 'conntrack' without 'snat', where it has no effect, got true: leave 'conntrack' out, or use ForwardingMethod.masquerading({ snat: true })",
  );
  expect(
    messageOf(({ director, behind }) =>
      director().addVirtualService("web", { address: vip, port: 80, realServers: [{ machine: behind, forwarding }] }),
    ),
  ).toMatch(/^test\/director\/web\/behind: 'forwarding' can't set 'conntrack' without 'snat'/);
});
