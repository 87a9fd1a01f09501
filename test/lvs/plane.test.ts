import {
  FilterAction,
  FilterChain,
  ForwardingMethod,
  Plane,
  Protocol,
  RealServerOptions,
  Refusal,
  Scheduler,
} from "../../constructs/lvs";
import { fileOf, iptablesV4, iptablesV6, Machines, messageOf, program, sysctlsOf } from "./support/program";

const vip = "192.168.139.29";
const service = { address: "192.168.139.100", port: 80 };

function rulesFor(scheduler: Scheduler, servers: (machines: Machines) => RealServerOptions[]): string {
  const { ipvs } = program((machines) => {
    const director = machines.director({ plane: Plane.IPTABLES });
    director.addVirtualService("web", { address: vip, port: 8080, scheduler, realServers: servers(machines) });
  });
  return iptablesV4(ipvs);
}

test("S1: two servers in turns, and SNAT of exactly what was balanced", () => {
  const { ipvs, far } = program(({ director, far, d2 }) => {
    const made = director({ plane: Plane.IPTABLES });
    made.addVirtualService("web", { address: vip, port: 8080, realServers: [{ machine: far }, { machine: d2 }] });
  });
  expect(iptablesV4(ipvs)).toBe(`*nat
:VIPSTACK-PREROUTING - [0:0]
:VIPSTACK-OUTPUT - [0:0]
:VIPSTACK-web - [0:0]
:VIPSTACK-POSTROUTING - [0:0]
-A PREROUTING -j VIPSTACK-PREROUTING
-A OUTPUT -j VIPSTACK-OUTPUT
-A POSTROUTING -j VIPSTACK-POSTROUTING
-A VIPSTACK-PREROUTING -d 192.168.139.29/32 -p tcp -m tcp --dport 8080 -j VIPSTACK-web
-A VIPSTACK-OUTPUT -d 192.168.139.29/32 -p tcp -m tcp --dport 8080 -j VIPSTACK-web
-A VIPSTACK-web -p tcp -m statistic --mode nth --every 2 --packet 0 -j DNAT --to-destination 172.16.0.9:8080
-A VIPSTACK-web -p tcp -m statistic --mode nth --every 1 --packet 0 -j DNAT --to-destination 192.168.139.184:8080
-A VIPSTACK-POSTROUTING -d 172.16.0.9/32 -p tcp -m tcp --dport 8080 -m conntrack --ctstate DNAT --ctorigdst 192.168.139.29 --ctorigdstport 8080 -j SNAT --to-source 192.168.139.29
-A VIPSTACK-POSTROUTING -d 192.168.139.184/32 -p tcp -m tcp --dport 8080 -m conntrack --ctstate DNAT --ctorigdst 192.168.139.29 --ctorigdstport 8080 -j SNAT --to-source 192.168.139.29
COMMIT
*filter
:VIPSTACK-FORWARD - [0:0]
-A FORWARD -j VIPSTACK-FORWARD
-A VIPSTACK-FORWARD -p tcp -m conntrack --ctstate DNAT --ctorigdst 192.168.139.29 --ctorigdstport 8080 -j ACCEPT
COMMIT
`);
  expect(sysctlsOf(ipvs)).toEqual([
    "net.ipv4.ip_forward = 1",
    "net.ipv4.conf.all.rp_filter = 0",
    "net.ipv4.conf.eth0.rp_filter = 0",
    "net.ipv4.conf.eth1.rp_filter = 0",
    "net.ipv4.conf.all.send_redirects = 0",
    "net.ipv4.conf.eth0.send_redirects = 0",
    "-net.netfilter.nf_conntrack_max = 262144",
  ]);
  expect(ipvs.model.packages).toEqual(["conntrack", "iptables"]);
  expect(ipvs.model.kernelModules).toEqual(["nf_conntrack"]);
  expect(ipvs.model.units.map(({ name }) => name)).toEqual([
    "vipstack-addresses.service",
    "vipstack-iptables.service",
    "vipstack-iptables-keeper.service",
    "vipstack-iptables-watch.service",
  ]);
  expect(far.model.liveFiles).toEqual([]);
});

test("weighted turns are spread out, and weight 0 gets none", () => {
  const rules = rulesFor(Scheduler.WEIGHTED_ROUND_ROBIN, ({ behind, behind2, d2 }) => [
    { machine: behind, weight: 4 },
    { machine: behind2, weight: 2 },
    { machine: d2, weight: 0 },
  ]);
  expect(rules.match(/--every .* --to-destination .*/g)).toEqual([
    "--every 3 --packet 0 -j DNAT --to-destination 10.0.0.11:8080",
    "--every 2 --packet 0 -j DNAT --to-destination 10.0.0.12:8080",
    "--every 1 --packet 0 -j DNAT --to-destination 10.0.0.11:8080",
  ]);
  // Its old connections still come and go.
  expect(rules).toContain("-A VIPSTACK-POSTROUTING -d 192.168.139.184/32");
});

test("plain round robin ignores weights, but for 0", () => {
  const rules = rulesFor(Scheduler.ROUND_ROBIN, ({ behind, behind2, d2 }) => [
    { machine: behind, weight: 4 },
    { machine: behind2, weight: 0 },
    { machine: d2, weight: 2 },
  ]);
  expect(rules.match(/--every .* --to-destination .*/g)).toEqual([
    "--every 2 --packet 0 -j DNAT --to-destination 10.0.0.11:8080",
    "--every 1 --packet 0 -j DNAT --to-destination 192.168.139.184:8080",
  ]);
});

test("random: each rule has its share of what is left, the last one takes the rest", () => {
  const rules = rulesFor(Scheduler.RANDOM, ({ behind, behind2, d2 }) => [
    { machine: behind, weight: 5 },
    { machine: behind2, weight: 3 },
    { machine: d2, weight: 2 },
  ]);
  expect(rules.match(/-A VIPSTACK-web .*/g)).toEqual([
    "-A VIPSTACK-web -p tcp -m statistic --mode random --probability 0.50000000000 -j DNAT --to-destination 10.0.0.11:8080",
    "-A VIPSTACK-web -p tcp -m statistic --mode random --probability 0.60000000009 -j DNAT --to-destination 10.0.0.12:8080",
    "-A VIPSTACK-web -p tcp -j DNAT --to-destination 192.168.139.184:8080",
  ]);
});

test("where no server takes new connections, clients are refused at once", () => {
  const rules = rulesFor(Scheduler.ROUND_ROBIN, ({ behind }) => [{ machine: behind, weight: 0 }]);
  expect(rules).not.toContain("DNAT --to");
  expect(rules).toContain(
    "-A VIPSTACK-INPUT -d 192.168.139.29/32 -p tcp -m tcp --dport 8080 -j REJECT --reject-with tcp-reset\n",
  );
});

test("without SNAT the director is the gateway", () => {
  const { ipvs, behind } = program(({ director, behind }) => {
    const forwarding = ForwardingMethod.masquerading();
    const made = director({ plane: Plane.IPTABLES });
    made.addVirtualService("web", { address: vip, port: 80, forwarding, realServers: [{ machine: behind }] });
  });
  expect(iptablesV4(ipvs)).not.toContain("SNAT");
  expect(fileOf(behind, "/etc/vipstack/addresses")).toBe("route default via 10.0.0.1 dev eth0\n");
});

test("SNAT to an address that the real server finds: its own network's, where the VIP is in another", () => {
  const rules = rulesFor(Scheduler.ROUND_ROBIN, ({ behind }) => [{ machine: behind }]);
  expect(rules).toContain("-j SNAT --to-source 10.0.0.1\n");
});

test("IPv6 and UDP", () => {
  const { ipvs } = program(({ director, behind }) => {
    const made = director({ plane: Plane.IPTABLES });
    const realServers = [{ machine: behind, port: 5353 }];
    made.addVirtualService("dns", { address: "fd00:139::53", port: 53, protocol: Protocol.UDP, realServers });
    made.addVirtualService("none", { address: "fd00:139::54", port: 53, protocol: Protocol.UDP });
  });
  expect(iptablesV4(ipvs)).toBe("");
  expect(iptablesV6(ipvs)).toContain(
    "-A VIPSTACK-dns -p udp -m statistic --mode nth --every 1 --packet 0 -j DNAT --to-destination [fd00:10::11]:5353\n",
  );
  expect(iptablesV6(ipvs)).toContain("--reject-with icmp6-port-unreachable\n");
  expect(fileOf(ipvs, "/etc/vipstack/addresses")).toBe("fd00:139::53/128 dev eth0\nfd00:139::54/128 dev eth0\n");
});

test("S1: port 80 to the local ports 8001 and 8002, and shut ports, which come first", () => {
  const { ipvs } = program(({ director }) => {
    const made = director({ plane: Plane.IPTABLES });
    made.addRedirect("web", { port: 80, toPorts: [8001, 8002] });
    made.addRedirect("own", { address: vip, port: 81, toPorts: [8003, 8003], protocol: Protocol.UDP });
    made.addPortFilter("shut", { ports: ["21:25", "135:139"], action: FilterAction.DROP });
    made.addPortFilter("office", {
      ports: ["22"],
      action: FilterAction.ACCEPT,
      chain: FilterChain.FORWARD,
      source: "10.0.0.9/24",
    });
  });
  expect(iptablesV4(ipvs)).toBe(`*nat
:VIPSTACK-PREROUTING - [0:0]
:VIPSTACK-OUTPUT - [0:0]
-A PREROUTING -j VIPSTACK-PREROUTING
-A OUTPUT -j VIPSTACK-OUTPUT
-A VIPSTACK-PREROUTING -p tcp -m tcp --dport 80 -m addrtype --dst-type LOCAL -j REDIRECT --to-ports 8001-8002
-A VIPSTACK-PREROUTING -d 192.168.139.29/32 -p udp -m udp --dport 81 -j REDIRECT --to-ports 8003
-A VIPSTACK-OUTPUT -p tcp -m tcp --dport 80 -m addrtype --dst-type LOCAL -j REDIRECT --to-ports 8001-8002
-A VIPSTACK-OUTPUT -d 192.168.139.29/32 -p udp -m udp --dport 81 -j REDIRECT --to-ports 8003
COMMIT
*filter
:VIPSTACK-INPUT - [0:0]
:VIPSTACK-FORWARD - [0:0]
-A INPUT -j VIPSTACK-INPUT
-A FORWARD -j VIPSTACK-FORWARD
-A VIPSTACK-INPUT -p tcp -m multiport --dports 21:25,135:139 -j DROP
-A VIPSTACK-INPUT -p tcp -m tcp --dport 8001:8002 -m conntrack --ctstate DNAT --ctorigdstport 80 -j ACCEPT
-A VIPSTACK-INPUT -p udp -m udp --dport 8003 -m conntrack --ctstate DNAT --ctorigdstport 81 -j ACCEPT
-A VIPSTACK-FORWARD -s 10.0.0.0/24 -p tcp -m multiport --dports 22 -j ACCEPT
COMMIT
`);
  expect(iptablesV6(ipvs)).toContain("--dst-type LOCAL -j REDIRECT --to-ports 8001-8002\n");
  expect(iptablesV6(ipvs)).not.toContain("8003");
  expect(iptablesV6(ipvs)).not.toContain("--dports 22");
});

test("two redirects of one port need addresses of their own", () => {
  const { ipvs } = program(({ director }) => {
    const made = director();
    made.addRedirect("a", { address: vip, port: 80, toPorts: [8001, 8002] });
    made.addRedirect("b", { address: "10.0.0.1", port: 80, toPorts: [8003, 8004] });
  });
  expect(iptablesV4(ipvs)).toContain("-d 10.0.0.1/32 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8003-8004\n");
});

test.each<[string, (machines: Machines) => unknown, string]>([
  [
    "the iptables plane is asked for what only IPVS has",
    ({ director }) =>
      director({ plane: Plane.IPTABLES }).addVirtualService("web", {
        ...service,
        forwarding: ForwardingMethod.directRouting(),
        scheduler: Scheduler.LEAST_CONNECTION,
        persistenceTimeout: "300s",
      }),
    "test/director/web: 3 problems\n" +
      "  - 'forwarding' can't be direct routing on the iptables plane: leave it out, or use a director with plane: Plane.IPVS\n" +
      "  - 'scheduler' can't be lc on the iptables plane: use Scheduler.ROUND_ROBIN, WEIGHTED_ROUND_ROBIN or RANDOM, or a director with plane: Plane.IPVS\n" +
      "  - 'persistenceTimeout' can't be given on the iptables plane: leave it out, or use a director with plane: Plane.IPVS",
  ],
  [
    "the iptables plane is asked for tunneling and one packet",
    ({ director }) =>
      director({ plane: Plane.IPTABLES }).addVirtualService("web", {
        ...service,
        protocol: Protocol.UDP,
        forwarding: ForwardingMethod.tunneling(),
        onePacket: true,
      }),
    "test/director/web: 2 problems\n" +
      "  - 'forwarding' can't be tunneling on the iptables plane: leave it out, or use a director with plane: Plane.IPVS\n" +
      "  - 'onePacket' can't be true on the iptables plane: leave it out, or use a director with plane: Plane.IPVS",
  ],
  [
    "the iptables plane is asked for a mark",
    ({ director }) =>
      director({ plane: Plane.IPTABLES }).addFirewallMarkService("web", { mark: 1, endpoints: [service] }),
    "test/director/web: 'mark' can't stand for a virtual service on the iptables plane: make a virtual service of each endpoint, or use a director with plane: Plane.IPVS",
  ],
  [
    "the iptables plane is asked for thresholds",
    ({ director, behind }) =>
      director({ plane: Plane.IPTABLES })
        .addVirtualService("web", service)
        .addRealServer("a", { machine: behind, upperThreshold: 1 }),
    "test/director/web/a: 'upperThreshold' can't be given on the iptables plane: leave it out, or use a director with plane: Plane.IPVS",
  ],
  [
    "the iptables plane is asked to do without conntrack",
    ({ director }) =>
      director({ plane: Plane.IPTABLES }).addVirtualService("web", {
        ...service,
        forwarding: ForwardingMethod.masquerading({ snat: true, conntrack: false }),
        acknowledge: [Refusal.SNAT_WITHOUT_CONNTRACK],
      }),
    "test/director/web: 'forwarding' can't do without conntrack on the iptables plane, which is based on it: leave 'conntrack' out, or use a director with plane: Plane.IPVS",
  ],
  [
    "the iptables plane is asked to drain",
    ({ director }) => director({ plane: Plane.IPTABLES, drainTimeout: "5s" }),
    "test/director: 'drainTimeout' can't be given on the iptables plane: leave it out, or use a director with plane: Plane.IPVS",
  ],
  [
    "weights make too many turns",
    ({ director, behind, behind2 }) =>
      director({ plane: Plane.IPTABLES }).addVirtualService("web", {
        ...service,
        scheduler: Scheduler.WEIGHTED_ROUND_ROBIN,
        realServers: [
          { machine: behind, weight: 100 },
          { machine: behind2, weight: 33 },
        ],
      }),
    "test/director/web/behind2: 'weight' must let the weights (100, 33) make at most 64 turns on the iptables plane, and they make 133, got 33: choose smaller weights, or weights with a common divisor, or Scheduler.RANDOM, which takes any",
  ],
])("fails when %s", (_, build, message) => {
  expect(messageOf(build)).toBe(message);
});
