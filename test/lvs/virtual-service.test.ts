import { Fn } from "cdktf";
import { ForwardingMethod, Plane, Protocol, RealServers, Refusal, Scheduler } from "../../constructs/lvs";
import { fileOf, iptablesV4, ipvsRules, Machines, messageOf, program, warningsOf } from "./support/program";

// What common configuration files have, beside a port and a forwarding method a service.

const vip = "192.168.139.100";
const service = { address: vip, port: 80 };

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
    ).toMatch(
      /^test\/director\/again: 'port' can't be taken twice; test\/director\/every already answers for tcp .*:0,/,
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

test.each<[string, (machines: Machines) => unknown, string]>([
  [
    "address and port are malformed, both in one message",
    ({ director }) => director().addVirtualService("web", { address: "192.168.139.100/24", port: 65536 }),
    "test/director/web: 2 problems\n" +
      "  - 'port' must be a whole number from 0 to 65535, got 65536: choose the port that clients connect to; 0 is every port\n" +
      "  - 'address' must be an IPv4 or IPv6 address, got \"192.168.139.100/24\": write it like '192.168.139.100' or 'fd00:139::100', without prefix length",
  ],
  [
    "a value is only known to Terraform",
    ({ director }) => director().addVirtualService("web", { address: Fn.join("", ["a"]), port: 80 }),
    "test/director/web: 'address' must be known at synth, and this is a reference that Terraform resolves later: write the value itself, or take it from a machine of the inventory",
  ],
  [
    "a virtual service is there already",
    ({ director }) => {
      const made = director();
      made.addVirtualService("web", service);
      made.addVirtualService("again", service);
    },
    "test/director/again: 'port' can't be taken twice; test/director/web already answers for tcp 192.168.139.100:80, got 80: choose another port or address, or add what is meant to test/director/web",
  ],
  [
    "persistence is out of range",
    ({ director }) => director().addVirtualService("web", { ...service, persistenceTimeout: "0s" }),
    "test/director/web: 'persistenceTimeout' must be a duration of whole seconds from 1s to 744h, got \"0s\": '300s' is usual, 31 days are the most",
  ],
  [
    "a netmask stands alone, and is none",
    ({ director }) => director().addVirtualService("web", { ...service, persistenceNetmask: "255.0.255.0" }),
    "test/director/web: 2 problems\n" +
      "  - 'persistenceNetmask' has no effect without 'persistenceTimeout', got \"255.0.255.0\": give 'persistenceTimeout', too, or leave both out\n" +
      "  - 'persistenceNetmask' must be a netmask, got \"255.0.255.0\": for example '255.255.255.0'",
  ],
  [
    "an IPv6 netmask is no prefix length",
    ({ director }) =>
      director().addVirtualService("web", {
        address: "fd00:139::100",
        port: 80,
        persistenceTimeout: "300s",
        persistenceNetmask: "129",
      }),
    "test/director/web: 'persistenceNetmask' must be a prefix length from 1 to 128, got \"129\": for example '64'",
  ],
  [
    "one packet is asked of TCP",
    ({ director }) =>
      director().addVirtualService("web", {
        ...service,
        forwarding: ForwardingMethod.directRouting(),
        onePacket: true,
      }),
    "test/director/web: 'onePacket' must go with UDP, got true: use protocol: Protocol.UDP, or leave 'onePacket' out",
  ],
  [
    "a mark is out of range and its endpoints are of two families",
    ({ director }) =>
      director().addFirewallMarkService("shop", {
        mark: 0,
        endpoints: [
          { address: vip, port: 80 },
          { address: "fd00:139::100", port: 80 },
        ],
      }),
    "test/director/shop: 2 problems\n" +
      '  - \'endpoints\' must be of one address family, got ["192.168.139.100","fd00:139::100"]: make one firewall mark service for IPv4 and one for IPv6; both may have the same mark\n' +
      "  - 'mark' must be a whole number from 1 to 2147483647, got 0: choose a number that nothing else marks the director's packets with",
  ],
  [
    "a mark is another service's",
    ({ director }) => {
      const made = director();
      made.addFirewallMarkService("a", { mark: 1, endpoints: [{ address: vip, port: 80 }] });
      made.addFirewallMarkService("b", { mark: 1, endpoints: [{ address: vip, port: 81 }] });
    },
    "test/director/b: 'mark' can't be that of test/director/a, too, got 1: choose another number, or add the endpoints to test/director/a",
  ],
  [
    "a mark stands for nothing",
    ({ director }) => director().addFirewallMarkService("a", { mark: 1, endpoints: [] }),
    "test/director/a: 'endpoints' must name at least one address and port: for example [{ address: \"192.168.139.100\", port: 80 }]",
  ],
])("fails when %s", (_, build, message) => {
  expect(messageOf(build)).toBe(message);
});
