import { Director, ForwardingMethod, Protocol, RealServers, Refusal, Scheduler } from "../../constructs/lvs";
import { Machines, messageOf, program, warningsOf } from "./support/program";

const vip = "192.168.139.100";
const { DIRECT_ROUTING_ACROSS_SUBNETS } = Refusal;

interface Refused {
  readonly refusal: Refusal;
  readonly build: (machines: Machines, acknowledge?: Refusal[]) => unknown;
  readonly message: string;
}

const refused: Refused[] = [
  {
    refusal: Refusal.MASQUERADING_SAME_SUBNET,
    build: ({ director, ipvs, d2 }, acknowledge) => {
      director().addVirtualService("web", {
        address: ipvs.address,
        port: 80,
        forwarding: ForwardingMethod.masquerading(),
        realServers: [{ machine: d2, port: 81 }],
        acknowledge,
      });
    },
    message:
      "test/director/web/d2-81: 'machine' can't share the subnet 192.168.139.0/24 with the VIP 192.168.139.29 when masquerading without SNAT, because d2 answers a client there directly and the connection hangs in SYN_RECV, got \"192.168.139.184\": use ForwardingMethod.masquerading({ snat: true }) or ForwardingMethod.directRouting(), or move d2 to a subnet behind the director; to build it nevertheless, acknowledge: [Refusal.MASQUERADING_SAME_SUBNET]",
  },
  {
    refusal: Refusal.SNAT_WITHOUT_CONNTRACK,
    build: ({ director, d2 }, acknowledge) => {
      director().addVirtualService("web", {
        address: vip,
        port: 80,
        forwarding: ForwardingMethod.masquerading({ snat: true, conntrack: false }),
        realServers: [{ machine: d2 }],
        acknowledge,
      });
    },
    message:
      "test/director/web: 'forwarding' can't rewrite the client's address without conntrack, because IPVS then keeps its connections away from the SNAT rules and they hang in SYN_RECV: leave 'conntrack' out: ForwardingMethod.masquerading({ snat: true }); to build it nevertheless, acknowledge: [Refusal.SNAT_WITHOUT_CONNTRACK]",
  },
  {
    refusal: Refusal.GATEWAY_OUT_OF_REACH,
    build: ({ director, far }, acknowledge) => {
      const forwarding = ForwardingMethod.masquerading();
      const realServers = [{ machine: far }];
      director().addVirtualService("web", { address: vip, port: 80, forwarding, realServers, acknowledge });
    },
    message:
      "test/director/web/far: 'machine' must share a subnet with the director ipvs (192.168.139.0/24, fd00:139::/64, 10.0.0.0/24, fd00:10::/64) when masquerading without SNAT, because ipvs has to be the gateway of far, got \"172.16.0.9\": use ForwardingMethod.masquerading({ snat: true }), or give ipvs an address in 172.16.0.0/24; to build it nevertheless, acknowledge: [Refusal.GATEWAY_OUT_OF_REACH]",
  },
  {
    refusal: Refusal.DIRECT_ROUTING_OTHER_PORT,
    build: ({ director, d2 }, acknowledge) => {
      const forwarding = ForwardingMethod.directRouting();
      const realServers = [{ machine: d2, port: 81 }];
      director().addVirtualService("web", { address: vip, port: 80, forwarding, realServers, acknowledge });
    },
    message:
      "test/director/web/d2-81: 'port' must be the virtual service's port 80 for direct routing, because the packet reaches the real server as the client sent it, got 81: leave 'port' out and let the server listen on 80, or use ForwardingMethod.masquerading(); to build it nevertheless, acknowledge: [Refusal.DIRECT_ROUTING_OTHER_PORT]",
  },
  {
    refusal: DIRECT_ROUTING_ACROSS_SUBNETS,
    build: ({ director, far }, acknowledge) => {
      const forwarding = ForwardingMethod.directRouting();
      const realServers = [{ machine: far }];
      director().addVirtualService("web", { address: vip, port: 80, forwarding, realServers, acknowledge });
    },
    message:
      "test/director/web/far: 'machine' must share a subnet with the director ipvs (192.168.139.0/24, fd00:139::/64, 10.0.0.0/24, fd00:10::/64) for direct routing, because only the MAC address of a packet changes, got \"172.16.0.9\": use ForwardingMethod.tunneling(), or give ipvs and far addresses in one subnet; to build it nevertheless, acknowledge: [Refusal.DIRECT_ROUTING_ACROSS_SUBNETS]",
  },
  {
    refusal: Refusal.TUNNELING_OTHER_PORT,
    build: ({ director, far }, acknowledge) => {
      const forwarding = ForwardingMethod.tunneling();
      const realServers = [{ machine: far, port: 81 }];
      director().addVirtualService("web", { address: vip, port: 80, forwarding, realServers, acknowledge });
    },
    message:
      "test/director/web/far-81: 'port' must be the virtual service's port 80 for tunneling, because the packet reaches the real server as the client sent it, got 81: leave 'port' out and let the server listen on 80, or use ForwardingMethod.masquerading(); to build it nevertheless, acknowledge: [Refusal.TUNNELING_OTHER_PORT]",
  },
  {
    refusal: Refusal.ONE_PACKET_MASQUERADING,
    build: ({ director, behind }, acknowledge) => {
      director().addVirtualService("dns", {
        address: vip,
        port: 53,
        protocol: Protocol.UDP,
        onePacket: true,
        realServers: [{ machine: behind }],
        acknowledge,
      });
    },
    message:
      "test/director/dns: 'onePacket' can't go with masquerading, because the connection is forgotten before its answer comes and the answer is not rewritten, got true: use ForwardingMethod.directRouting() or ForwardingMethod.tunneling(), or leave 'onePacket' out; to build it nevertheless, acknowledge: [Refusal.ONE_PACKET_MASQUERADING]",
  },
  {
    refusal: Refusal.VIP_OUTSIDE_SUBNETS,
    build: ({ director, behind }, acknowledge) => {
      const realServers = [{ machine: behind }];
      director().addVirtualService("web", { address: "203.0.113.7", port: 80, realServers, acknowledge });
    },
    message:
      "test/director/web: 'address' must lie in a subnet of the director ipvs (192.168.139.0/24, fd00:139::/64, 10.0.0.0/24, fd00:10::/64), or no host there asks it for the VIP, got \"203.0.113.7\": choose an address of such a subnet, or give ipvs an interface in the VIP's; to build it nevertheless, acknowledge: [Refusal.VIP_OUTSIDE_SUBNETS]",
  },
  {
    refusal: Refusal.VIP_IS_DIRECTOR_ADDRESS,
    build: ({ director, ipvs, d2 }, acknowledge) => {
      const forwarding = ForwardingMethod.directRouting();
      const realServers = [{ machine: d2 }];
      director().addVirtualService("web", { address: ipvs.address, port: 80, forwarding, realServers, acknowledge });
    },
    message:
      "test/director/web/d2: 'machine' can't be reached by ipvs from the VIP 192.168.139.29 for direct routing, because d2 gets the VIP on lo and then never answers ipvs, got \"192.168.139.184\": choose another VIP of that subnet; ipvs gets it as an additional address; to build it nevertheless, acknowledge: [Refusal.VIP_IS_DIRECTOR_ADDRESS]",
  },
  {
    refusal: Refusal.REAL_SERVER_IS_DIRECTOR,
    build: ({ director, ipvs }, acknowledge) => {
      const realServers = [{ machine: ipvs, port: 8080 }];
      director().addVirtualService("web", { address: vip, port: 80, realServers, acknowledge });
    },
    message:
      "test/director/web/ipvs-8080: 'machine' can't be the director ipvs itself: nothing would be forwarded, IPVS passes such a connection to a local server, and this is almost always a mistake, got \"192.168.139.29\": put the server on a machine of its own; to build it nevertheless, acknowledge: [Refusal.REAL_SERVER_IS_DIRECTOR]",
  },
  {
    refusal: Refusal.CONSUL_WITHOUT_SNAT,
    build: ({ following }, acknowledge) => {
      const forwarding = ForwardingMethod.masquerading();
      const realServers = RealServers.fromConsul("hello");
      following().addVirtualService("web", { address: vip, port: 80, forwarding, realServers, acknowledge });
    },
    message:
      "test/director/web: 'forwarding' can't be masquerading without SNAT for instances of hello in Consul, because their machines are not known and do not have the director as their gateway; they answer past it and connections hang in SYN_RECV: use ForwardingMethod.masquerading({ snat: true }); to build it nevertheless, acknowledge: [Refusal.CONSUL_WITHOUT_SNAT]",
  },
  {
    refusal: Refusal.HASHING_WITHOUT_FALLBACK,
    build: ({ director, behind, behind2 }, acknowledge) => {
      director().addVirtualService("web", {
        address: vip,
        port: 80,
        scheduler: Scheduler.DESTINATION_HASHING,
        realServers: [{ machine: behind, weight: 0 }, { machine: behind2 }],
        acknowledge,
      });
    },
    message:
      "test/director/web/behind: 'weight' can't be 0 with dh without fallback, because clients that hash to this real server are then refused, although others could serve them, got 0: use Scheduler.LOCALITY_BASED_LEAST_CONNECTION, which keeps a destination with its real server and gives it another one where that takes none; to build it nevertheless, acknowledge: [Refusal.HASHING_WITHOUT_FALLBACK]",
  },
  {
    refusal: Refusal.VIP_ON_TWO_DIRECTORS,
    build: ({ director, stack, d2, behind }, acknowledge) => {
      const realServers = [{ machine: behind }];
      director().addVirtualService("web", { address: vip, port: 80, realServers });
      const second = new Director(stack, "second", { machine: d2 });
      second.addVirtualService("https", { address: vip, port: 443, realServers, acknowledge });
    },
    message:
      "Validation failed with the following errors:\n  [test/second/https] 'address' can't be a VIP of test/director/web, too, because ipvs and d2 then both answer for it, and a client reaches one of them arbitrarily, got \"192.168.139.100\": give each director a VIP of its own; to build it nevertheless, acknowledge: [Refusal.VIP_ON_TWO_DIRECTORS]\n\nIf you wish to ignore these validations, pass 'skipValidation: true' to your App configuration.\n",
  },
];

/** It works until a client uses a port twice, so it is a warning: shared-real-servers.test.ts. */
const WARNED_OF = Refusal.SHARED_REAL_SERVER;

test("every refusal has a case here", () => {
  const all = [...refused.map(({ refusal }) => refusal), WARNED_OF];
  expect(all.sort()).toEqual(Object.values(Refusal).sort());
});

test.each(refused)("fails when $refusal, with the cure", ({ build, message }) => {
  expect(messageOf((machines) => build(machines))).toBe(message);
});

test.each(refused)("$refusal can be acknowledged: it is built, and said as a warning", ({ build, refusal }) => {
  const { stack } = program((machines) => build(machines, [refusal]));
  const warnings = warningsOf(stack);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(`acknowledged ${refusal}: `);
});

test.each<[string, (machines: Machines) => unknown]>([
  [
    "behind another interface of the director",
    ({ director, ipvs, behind }) => {
      const forwarding = ForwardingMethod.directRouting();
      director().addVirtualService("web", {
        address: ipvs.address,
        port: 80,
        forwarding,
        realServers: [{ machine: behind }],
      });
    },
  ],
  [
    "a neighbour by IPv6, which is asked for from a link-local address",
    ({ director, behind }) => {
      const forwarding = ForwardingMethod.directRouting();
      director().addVirtualService("web", {
        address: "fd00:10::1",
        port: 80,
        forwarding,
        realServers: [{ machine: behind }],
      });
    },
  ],
])("the VIP may be the director's own address where the real server is %s", (_, build) => {
  expect(warningsOf(program(build).stack)).toEqual([]);
});

test.each<[string, (machines: Machines) => unknown]>([
  [
    "behind a router",
    ({ director, ipvs, far }) => {
      const forwarding = ForwardingMethod.tunneling();
      director().addVirtualService("web", {
        address: ipvs.address,
        port: 80,
        forwarding,
        realServers: [{ machine: far }],
      });
    },
  ],
  [
    "a neighbour by IPv6",
    ({ director, behind }) => {
      const forwarding = ForwardingMethod.tunneling();
      director().addVirtualService("web", {
        address: "fd00:10::1",
        port: 80,
        forwarding,
        realServers: [{ machine: behind }],
      });
    },
  ],
])("the VIP can't be the address that a tunnel to the real server starts from, which is %s", (_, build) => {
  expect(messageOf(build)).toMatch(/can't be reached by ipvs from the VIP \S+ for tunneling/);
});
