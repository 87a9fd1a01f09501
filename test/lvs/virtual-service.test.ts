import { ForwardingMethod, Plane, Protocol, RealServers, Refusal, Scheduler } from "../../constructs/lvs";
import {
  fileOf,
  iptablesV4,
  iptablesV6,
  ipvsRules,
  Machines,
  messageOf,
  program,
  sysctlsOf,
  warningsOf,
} from "./support/program";

// What common configuration files have, beside a port and a forwarding method a service.

const vip = "192.168.139.100";

describe("port 0: every port", () => {
  const every = { address: vip, port: 0, persistenceTimeout: "300s" };

  test("its rules name no port, and one port may go elsewhere", () => {
    const { ipvs } = program(({ director, behind, behind2 }) => {
      const made = director();
      made.addVirtualService("every", { ...every, realServers: [{ machine: behind }] });
      made.addVirtualService("web", { address: vip, port: 80, realServers: [{ machine: behind2 }] });
    });
    expect(ipvsRules(ipvs)).toBe(`-A -t 192.168.139.100:0 -s rr -p 300
-a -t 192.168.139.100:0 -r 10.0.0.11:0 -m -w 1
-A -t 192.168.139.100:80 -s rr
-a -t 192.168.139.100:80 -r 10.0.0.12:80 -m -w 1
`);
    expect(iptablesV4(ipvs)).toBe(`*nat
:VIPSTACK-POSTROUTING - [0:0]
-A POSTROUTING -j VIPSTACK-POSTROUTING
-A VIPSTACK-POSTROUTING -d 10.0.0.11/32 -p tcp -m ipvs --vproto 6 --vaddr 192.168.139.100 -j SNAT --to-source 10.0.0.1
-A VIPSTACK-POSTROUTING -d 10.0.0.12/32 -p tcp -m tcp --dport 80 -m ipvs --vproto 6 --vaddr 192.168.139.100 --vport 80 -j SNAT --to-source 10.0.0.1
COMMIT
*filter
:VIPSTACK-INPUT - [0:0]
:VIPSTACK-FORWARD - [0:0]
-A INPUT -j VIPSTACK-INPUT
-A FORWARD -j VIPSTACK-FORWARD
-A VIPSTACK-INPUT -d 192.168.139.100/32 -p tcp -j ACCEPT
-A VIPSTACK-INPUT -d 192.168.139.100/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A VIPSTACK-FORWARD -s 10.0.0.11/32 -p tcp -j ACCEPT
-A VIPSTACK-FORWARD -s 10.0.0.12/32 -p tcp -m tcp --sport 80 -j ACCEPT
COMMIT
`);
  });

  test("by direct routing and for UDP, too; the director's other ports are not affected", () => {
    const { ipvs } = program(({ director, d2, ipvs }) => {
      const options = { ...every, protocol: Protocol.UDP, forwarding: ForwardingMethod.directRouting() };
      director().addVirtualService("every", { ...options, realServers: [{ machine: d2 }] });
      ipvs.contribute(ipvs, { ports: [{ protocol: "udp", port: 53 }] });
    });
    expect(ipvsRules(ipvs)).toBe(`-A -u 192.168.139.100:0 -s rr -p 300
-a -u 192.168.139.100:0 -r 192.168.139.184:0 -g -w 1
`);
  });

  test("of a firewall mark's endpoint it needs no persistence", () => {
    const { ipvs } = program(({ director, behind }) =>
      director().addFirewallMarkService("all", {
        mark: 7,
        endpoints: [{ address: vip, port: 0 }],
        realServers: [{ machine: behind }],
      }),
    );
    expect(ipvsRules(ipvs)).toBe("-A -f 7 -s rr\n-a -f 7 -r 10.0.0.11:0 -m -w 1\n");
    expect(iptablesV4(ipvs)).toContain(
      "-A VIPSTACK-PREROUTING -d 192.168.139.100/32 -p tcp -j MARK --set-xmark 0x7/0xffffffff\n",
    );
  });

  test("fails without persistence, at the director's own address, and on the iptables plane", () => {
    expect(
      messageOf(({ director, ipvs }) =>
        director({ plane: Plane.IPTABLES }).addVirtualService("every", { address: ipvs.address, port: 0 }),
      ),
    ).toBe(`test/director/every: 3 problems
  - 'port' can't be 0 (every port) without 'persistenceTimeout', which IPVS requires: the connections of a client belong together, got 0: give 'persistenceTimeout', or choose the port that clients connect to
  - 'address' can't be an address of ipvs itself with port 0, because every port includes its ssh, got "192.168.139.29": choose another address of its subnet; ipvs gets it as an additional one
  - 'port' can't be 0 (every port) on the iptables plane: leave it out, or use a director with plane: Plane.IPVS`);
  });

  test("fails twice on one VIP", () => {
    expect(
      messageOf(({ director }) => {
        const made = director();
        made.addVirtualService("every", every);
        made.addVirtualService("again", every);
      }),
    ).toBe(
      "test/director/again: 'port' can't be taken twice; test/director/every already answers for tcp 192.168.139.100:0, got 0: choose another port or address, or add what is meant to test/director/every",
    );
  });

  test("fails for instances from Consul, and for a real server with a port", () => {
    expect(
      messageOf(({ following }) =>
        following().addVirtualService("every", { ...every, realServers: RealServers.fromConsul("hello") }),
      ),
    ).toBe(
      "test/director/every: 'port' can't be 0 (every port) for instances from Consul, each of which listens on one port, got 0: choose the port that clients connect to, or give a fixed list of real servers",
    );
    expect(
      messageOf(({ director, behind }) =>
        director().addVirtualService("every", { ...every, realServers: [{ machine: behind, port: 80 }] }),
      ),
    ).toBe(
      "test/director/every/behind-80: 'port' can't be given for a virtual service of every port, which keeps the one that the client asked for, got 80: leave it out, or make a virtual service of that port",
    );
  });
});

describe("SCTP", () => {
  const diameter = { address: vip, port: 3868, protocol: Protocol.SCTP };

  test("has the words of ipvsadm and iptables", () => {
    const { ipvs } = program(({ director, behind }) =>
      director().addVirtualService("diameter", { ...diameter, realServers: [{ machine: behind }] }),
    );
    expect(ipvsRules(ipvs)).toBe(`-A --sctp-service 192.168.139.100:3868 -s rr
-a --sctp-service 192.168.139.100:3868 -r 10.0.0.11:3868 -m -w 1
`);
    expect(iptablesV4(ipvs)).toContain(
      "-A VIPSTACK-POSTROUTING -d 10.0.0.11/32 -p sctp -m sctp --dport 3868 -m ipvs --vproto 132 --vaddr 192.168.139.100 --vport 3868 -j SNAT --to-source 10.0.0.1\n",
    );
    expect(iptablesV4(ipvs)).toContain(
      "-A VIPSTACK-INPUT -d 192.168.139.100/32 -p sctp -m sctp --dport 3868 -j ACCEPT\n",
    );
  });

  test("fails on the iptables plane", () => {
    expect(
      messageOf(({ director }) => director({ plane: Plane.IPTABLES }).addVirtualService("diameter", diameter)),
    ).toBe(
      "test/director/diameter: 'protocol' can't be sctp on the iptables plane: leave it out, or use a director with plane: Plane.IPVS",
    );
  });
});

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
      "test/director/web/d2-81: 'port' must be the virtual service's port 80 for direct routing, because the packet reaches the real server as the client sent it, got 81: leave 'port' out and let the server listen on 80, or use ForwardingMethod.masquerading(); to build it nevertheless, acknowledge: [Refusal.DIRECT_ROUTING_OTHER_PORT]",
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
      "test/director/web/behind: 'forwarding' can't rewrite the client's address without conntrack, because IPVS then keeps its connections away from the SNAT rules and they hang in SYN_RECV: leave 'conntrack' out: ForwardingMethod.masquerading({ snat: true }); to build it nevertheless, acknowledge: [Refusal.SNAT_WITHOUT_CONNTRACK]",
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
          realServers: [
            { machine: d2 },
            { machine: behind, forwarding: ForwardingMethod.masquerading({ conntrack: true }) },
          ],
        }),
      `test/director/dns/behind: 2 problems
  - 'forwarding' can't set 'conntrack' without 'snat', where it has no effect, got true: leave 'conntrack' out, or use ForwardingMethod.masquerading({ snat: true })
  - 'onePacket' can't go with masquerading, because the connection is forgotten before its answer comes and the answer is not rewritten, got true: use ForwardingMethod.directRouting() or ForwardingMethod.tunneling(), or leave 'onePacket' out; to build it nevertheless, acknowledge: [Refusal.ONE_PACKET_MASQUERADING]`,
    ],
    [
      "tunneling on the iptables plane",
      ({ director, far }) =>
        director({ plane: Plane.IPTABLES }).addVirtualService("web", {
          address: vip,
          port: 80,
          realServers: [{ machine: far, forwarding: ForwardingMethod.tunneling() }],
        }),
      "test/director/web/far: 'forwarding' can't be tunneling on the iptables plane: leave it out, or use a director with plane: Plane.IPVS",
    ],
  ])("what can't work of a real server's own method is refused at that one: %s", (_, build, message) => {
    expect(messageOf(build)).toBe(message);
  });
});

test("a posted configuration: a local server beside one by direct routing, both ports as one service", () => {
  const { ipvs, stack, d2 } = program(({ director, ipvs, d2 }) =>
    director().addFirewallMarkService("web", {
      mark: 3,
      endpoints: [80, 443].map((port) => ({ address: vip, port })),
      scheduler: Scheduler.WEIGHTED_ROUND_ROBIN,
      forwarding: ForwardingMethod.directRouting(),
      realServers: [
        { machine: ipvs, weight: 1 },
        { machine: d2, weight: 2 },
      ],
      acknowledge: [Refusal.REAL_SERVER_IS_DIRECTOR],
    }),
  );
  expect(ipvsRules(ipvs)).toBe(`-A -f 3 -s wrr
-a -f 3 -r 192.168.139.29:0 -g -w 1
-a -f 3 -r 192.168.139.184:0 -g -w 2
`);
  expect(fileOf(d2, "/etc/vipstack/addresses")).toBe("192.168.139.100/32 dev lo\n");
  expect(warningsOf(stack)).toHaveLength(1);
});
