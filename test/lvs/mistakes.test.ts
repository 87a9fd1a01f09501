import { Fn } from "cdktf";
import { Director, FilterAction, ForwardingMethod, Plane, Protocol, Refusal, Scheduler } from "../../constructs/lvs";
import { Machines, messageOf } from "./support/program";

// Mistakes that can't be acknowledged.

const vip = "192.168.139.100";
const service = { address: vip, port: 80 };

test.each<[string, (machines: Machines) => unknown, string]>([
  [
    "drainTimeout is out of range",
    ({ director }) => director({ drainTimeout: "-1s" }),
    "test/director: 'drainTimeout' must be a duration, got \"-1s\": write it like '10s', '1m30s' or '500ms'",
  ],
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
    "a real server is there already",
    ({ director, behind }) =>
      director().addVirtualService("web", { ...service, realServers: [{ machine: behind }, { machine: behind }] }),
    "test/director/web/behind.2: 'machine' can't be a real server of one virtual service twice; 10.0.0.11:80 is already test/director/web/behind, got \"behind\": give it another port, or raise the weight of the first one",
  ],
  [
    "a real server has the VIP itself",
    ({ director, d2 }) =>
      director().addVirtualService("web", { address: "192.168.139.184", port: 80, realServers: [{ machine: d2 }] }),
    "test/director/web/d2: 'machine' can't have the VIP 192.168.139.184 as an address of its own, got \"d2\": choose a VIP that no machine has",
  ],
  [
    "a real server has no address of the VIP's family",
    ({ director, d2 }) =>
      director().addVirtualService("web", { address: "fd00:139::100", port: 80, realServers: [{ machine: d2 }] }),
    "test/director/web/d2: 'machine' must have an IPv6 address, as the VIP fd00:139::100 has, got \"d2\": give d2 one in its 'interfaces', or make an IPv4 virtual service",
  ],
  [
    "numbers of a real server are out of range, all in one message",
    ({ director, behind }) =>
      director()
        .addVirtualService("web", service)
        .addRealServer("a", { machine: behind, port: 65536, weight: -1, upperThreshold: 5, lowerThreshold: 6 }),
    "test/director/web/a: 3 problems\n" +
      "  - 'port' must be a whole number from 1 to 65535, got 65536: choose the port that the server listens on\n" +
      "  - 'weight' must be a whole number from 0 to 65535, got -1: weights count in relation to each other; 0 means no new connections\n" +
      "  - 'lowerThreshold' can't be above 'upperThreshold' (5), got 6: choose a smaller one, or leave it out for three quarters of 'upperThreshold'",
  ],
  [
    "a lower threshold stands alone",
    ({ director, behind }) =>
      director().addVirtualService("web", service).addRealServer("a", { machine: behind, lowerThreshold: 6 }),
    "test/director/web/a: 'lowerThreshold' has no effect without 'upperThreshold', got 6: give 'upperThreshold', too, or leave both out",
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
    "conntrack is set without SNAT",
    ({ director }) =>
      director().addVirtualService("web", {
        ...service,
        forwarding: ForwardingMethod.masquerading({ conntrack: true }),
      }),
    "test/director/web: 'forwarding' can't set 'conntrack' without 'snat', where it has no effect, got true: leave 'conntrack' out, or use ForwardingMethod.masquerading({ snat: true })",
  ],
  [
    "a scheduler is no word",
    ({ director }) => director().addVirtualService("web", { ...service, scheduler: Scheduler.of("rr -p") }),
    "test/director/web: 'scheduler' must be one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos, got \"rr -p\": use a member of Scheduler, or one of these words",
  ],
  [
    "a scheduler's word is unknown",
    ({ director }) => director().addVirtualService("web", { ...service, scheduler: Scheduler.of("foo") }),
    "test/director/web: 'scheduler' must be one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos, got \"foo\": use a member of Scheduler, or one of these words",
  ],
  [
    "the iptables plane doesn't know a scheduler's word either",
    ({ director }) =>
      director({ plane: Plane.IPTABLES }).addVirtualService("web", { ...service, scheduler: Scheduler.of("foo") }),
    "test/director/web: 'scheduler' must be one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos, got \"foo\": use a member of Scheduler, or one of these words",
  ],
  [
    "a scheduler's flags are another one's, unknown, and there twice",
    ({ director }) =>
      director().addVirtualService("web", {
        ...service,
        scheduler: Scheduler.of("sh", ["sh-fallback", "mh-port", "x,y", "sh-fallback"]),
      }),
    `test/director/web: 'scheduler' takes the flags sh-fallback, sh-port with sh, each once, got ["sh-fallback","mh-port","x,y","sh-fallback"]: leave mh-port, x,y, sh-fallback out`,
  ],
  [
    "a scheduler without flags is given one",
    ({ director }) =>
      director().addVirtualService("web", { ...service, scheduler: Scheduler.of("rr", ["sh-fallback"]) }),
    `test/director/web: 'scheduler' takes the flags flag-1, flag-2, flag-3 with rr, each once, got ["sh-fallback"]: leave sh-fallback out`,
  ],
  [
    "random is asked of ipvs",
    ({ director }) => director().addVirtualService("web", { ...service, scheduler: Scheduler.RANDOM }),
    "test/director/web: 'scheduler' can't be random on the ipvs plane: use Scheduler.WEIGHTED_ROUND_ROBIN, or a director with plane: Plane.IPTABLES",
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
  [
    "two directors want to be the gateway of one machine",
    ({ director, stack, behind, behind2 }) => {
      const forwarding = ForwardingMethod.masquerading();
      director().addVirtualService("web", { ...service, forwarding, realServers: [{ machine: behind }] });
      const other = new Director(stack, "other", { machine: behind2 });
      const realServers = [{ machine: behind }];
      const acknowledge = [Refusal.MASQUERADING_SAME_SUBNET];
      other.addVirtualService("web", { address: "10.0.0.99", port: 80, forwarding, realServers, acknowledge });
    },
    "test/other/web/behind: 'machine' can't have two gateways; test/director/web/behind made 10.0.0.1 the gateway of behind, got \"10.0.0.12\": use ForwardingMethod.masquerading({ snat: true }) for one of the two virtual services",
  ],
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
  [
    "a redirect's port is taken, and its range is upside down",
    ({ director }) => {
      const made = director();
      made.addVirtualService("web", service);
      made.addRedirect("r", { port: 80, toPorts: [8002, 8001] });
    },
    "test/director/r: 2 problems\n" +
      "  - 'toPorts' must name the first port, then the last one, got [8002,8001]: write [8001, 8002]\n" +
      "  - 'port' can't be redirected, because test/director/web answers for it, got 80: choose another port, or an 'address' of its own for each of the two",
  ],
  [
    "a redirect's numbers and address are none",
    ({ director }) => director().addRedirect("r", { port: 70000, toPorts: [0, 1], address: "x" }),
    "test/director/r: 3 problems\n" +
      "  - 'port' must be a whole number from 1 to 65535, got 70000: choose the port that clients connect to\n" +
      "  - 'toPorts' must be a whole number from 1 to 65535, got 0: choose local ports\n" +
      "  - 'address' must be an IPv4 or IPv6 address, got \"x\": write it like '192.168.139.29', or leave it out for every address of the director",
  ],
  [
    "a virtual service's port is redirected",
    ({ director }) => {
      const made = director();
      made.addRedirect("r", { port: 80, toPorts: [8001, 8002] });
      made.addVirtualService("web", service);
    },
    "test/director/web: 'port' can't be taken twice; test/director/r already answers for tcp 192.168.139.100:80, got 80: choose another port or address, or add what is meant to test/director/r",
  ],
  [
    "a filter has a sixteenth slot",
    ({ director }) =>
      director().addPortFilter("f", {
        ports: ["1:2", ...Array.from({ length: 14 }, (_, index) => String(100 + index))],
        action: FilterAction.DROP,
      }),
    "test/director/f: 'ports' must fit into 15 slots, of which a range takes two, got 16: make a second filter for the rest",
  ],
  [
    "a filter's ports and source are none",
    ({ director }) =>
      director().addPortFilter("f", { ports: ["25:21", "http"], action: FilterAction.DROP, source: "here" }),
    "test/director/f: 3 problems\n" +
      "  - 'ports' must hold ports from 0 to 65535 or ranges of them, got \"25:21\": write '80' or '21:25', the smaller port first\n" +
      "  - 'ports' must hold ports from 0 to 65535 or ranges of them, got \"http\": write '80' or '21:25', the smaller port first\n" +
      "  - 'source' must be an address or a network, got \"here\": write it like '10.0.0.7' or '10.0.0.0/24'",
  ],
  [
    "a filter names no port",
    ({ director }) => director().addPortFilter("f", { ports: [], action: FilterAction.DROP }),
    "test/director/f: 'ports' must name at least one port: for example [\"21:25\"]",
  ],
])("fails when %s", (_, build, message) => {
  expect(messageOf(build)).toBe(message);
});
