import {
  Director,
  FilterAction,
  ForwardingMethod,
  Plane,
  Protocol,
  Refusal,
  Scheduler,
  VirtualService,
} from "../../constructs/lvs";
import { LabBackend, Machine, renderCloudConfig } from "../../constructs/machine";
import { cloudConfigErrors } from "../support/cloud-init-schema";
import { synth } from "../support/synth";
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

const vip = "192.168.139.100";

test("S2 step 3: masquerading with SNAT on one subnet, at the director's own address", () => {
  const { ipvs, d2 } = program(({ director, ipvs, d2 }) => {
    director().addVirtualService("web", {
      address: ipvs.address,
      port: 80,
      forwarding: ForwardingMethod.masquerading({ snat: true }),
      realServers: [
        { machine: d2, port: 80 },
        { machine: d2, port: 81 },
      ],
    });
  });
  expect(ipvsRules(ipvs)).toBe(`-A -t 192.168.139.29:80 -s rr
-a -t 192.168.139.29:80 -r 192.168.139.184:80 -m -w 1
-a -t 192.168.139.29:80 -r 192.168.139.184:81 -m -w 1
`);
  expect(iptablesV4(ipvs)).toBe(`*nat
:VIPSTACK-POSTROUTING - [0:0]
-A POSTROUTING -j VIPSTACK-POSTROUTING
-A VIPSTACK-POSTROUTING -d 192.168.139.184/32 -p tcp -m tcp --dport 80 -m ipvs --vproto 6 --vaddr 192.168.139.29 --vport 80 -j SNAT --to-source 192.168.139.29
-A VIPSTACK-POSTROUTING -d 192.168.139.184/32 -p tcp -m tcp --dport 81 -m ipvs --vproto 6 --vaddr 192.168.139.29 --vport 80 -j SNAT --to-source 192.168.139.29
COMMIT
*filter
:VIPSTACK-INPUT - [0:0]
:VIPSTACK-FORWARD - [0:0]
-A INPUT -j VIPSTACK-INPUT
-A FORWARD -j VIPSTACK-FORWARD
-A VIPSTACK-INPUT -d 192.168.139.29/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A VIPSTACK-FORWARD -s 192.168.139.184/32 -p tcp -m tcp --sport 80 -j ACCEPT
-A VIPSTACK-FORWARD -s 192.168.139.184/32 -p tcp -m tcp --sport 81 -j ACCEPT
COMMIT
`);
  expect(iptablesV6(ipvs)).toBe("");
  expect(fileOf(ipvs, "/etc/vipstack/addresses")).toBe("");
  expect(fileOf(ipvs, "/etc/default/vipstack-ipvs")).toBe("DRAIN_SECONDS=60\n");
  expect(fileOf(ipvs, "/etc/modules-load.d/vipstack-ipvs.conf")).toBe("ip_vs_rr\n");
  expect(ipvs.model.packages).toEqual(["conntrack", "iptables", "ipvsadm"]);
  expect(ipvs.model.kernelModules).toEqual(["ip_vs", "nf_conntrack", "xt_ipvs"]);
  expect(sysctlsOf(ipvs)).toEqual([
    "net.ipv4.ip_forward = 1",
    "net.ipv4.conf.all.rp_filter = 0",
    "net.ipv4.conf.eth0.rp_filter = 0",
    "net.ipv4.conf.eth1.rp_filter = 0",
    "net.ipv4.conf.all.send_redirects = 0",
    "net.ipv4.conf.eth0.send_redirects = 0",
    "net.ipv4.vs.conntrack = 1",
    "net.ipv4.vs.expire_nodest_conn = 1",
    "net.netfilter.nf_conntrack_tcp_be_liberal = 1",
    "-net.netfilter.nf_conntrack_max = 262144",
  ]);
  expect(ipvs.model.units.map(({ name, enable }) => [name, enable ?? true])).toEqual([
    ["vipstack-addresses.service", true],
    ["vipstack-iptables.service", true],
    ["vipstack-iptables-keeper.service", false],
    ["vipstack-iptables-watch.service", true],
    ["vipstack-ipvs.service", true],
    ["vipstack-ipvs-keeper.service", false],
    ["vipstack-ipvs-watch.service", true],
  ]);
  expect(cloudConfigErrors(renderCloudConfig(ipvs.model))).toEqual([]);
  // With SNAT a real server needs nothing.
  expect(d2.model.units).toEqual([]);
  expect(d2.model.liveFiles).toEqual([]);
});

test("S2 steps 1 and 2 can be built to be watched", () => {
  const step = (forwarding: ForwardingMethod, acknowledge: Refusal[]): [Machines, string[]] => {
    const machines = program(({ director, ipvs, d2 }) => {
      const realServers = [{ machine: d2, port: 81 }];
      director().addVirtualService("web", { address: ipvs.address, port: 80, forwarding, acknowledge, realServers });
    });
    return [machines, warningsOf(machines.stack)];
  };
  const [first, firstWarnings] = step(ForwardingMethod.masquerading(), [Refusal.MASQUERADING_SAME_SUBNET]);
  expect(iptablesV4(first.ipvs)).not.toContain("SNAT");
  expect(sysctlsOf(first.ipvs)).toContain("net.ipv4.vs.conntrack = 0");
  expect(firstWarnings).toHaveLength(1);
  expect(firstWarnings[0]).toContain("d2-81: acknowledged masquerading-same-subnet: 'machine' can't share the subnet");

  const withoutConntrack = ForwardingMethod.masquerading({ snat: true, conntrack: false });
  const [second, secondWarnings] = step(withoutConntrack, [Refusal.SNAT_WITHOUT_CONNTRACK]);
  expect(iptablesV4(second.ipvs)).toContain("-j SNAT --to-source 192.168.139.29");
  expect(sysctlsOf(second.ipvs)).toContain("net.ipv4.vs.conntrack = 0");
  expect(secondWarnings).toHaveLength(1);
  expect(secondWarnings[0]).toContain("web: acknowledged snat-without-conntrack: 'forwarding' can't rewrite");
});

test("masquerading behind the director: it is the real server's gateway, and gets the VIP", () => {
  const { ipvs, behind } = program(({ director, behind }) => {
    const forwarding = ForwardingMethod.masquerading();
    director().addVirtualService("web", { address: vip, port: 80, forwarding, realServers: [{ machine: behind }] });
  });
  expect(ipvsRules(ipvs)).toBe(`-A -t 192.168.139.100:80 -s rr
-a -t 192.168.139.100:80 -r 10.0.0.11:80 -m -w 1
`);
  expect(fileOf(ipvs, "/etc/vipstack/addresses")).toBe("192.168.139.100/32 dev eth0\n");
  expect(fileOf(behind, "/etc/vipstack/addresses")).toBe("route default via 10.0.0.1 dev eth0\n");
  expect(ipvs.model.kernelModules).toEqual(["ip_vs"]);
  expect(sysctlsOf(ipvs)).toEqual([
    "net.ipv4.ip_forward = 1",
    "net.ipv4.conf.all.rp_filter = 0",
    "net.ipv4.conf.eth0.rp_filter = 0",
    "net.ipv4.conf.eth1.rp_filter = 0",
    "net.ipv4.vs.conntrack = 0",
    "net.ipv4.vs.expire_nodest_conn = 1",
  ]);
});

test("direct routing: the real server has the VIP, and keeps quiet about it", () => {
  const { ipvs, d2 } = program(({ director, d2 }) => {
    const forwarding = ForwardingMethod.directRouting();
    director().addVirtualService("web", { address: vip, port: 80, forwarding, realServers: [{ machine: d2 }] });
  });
  expect(ipvsRules(ipvs)).toContain("-a -t 192.168.139.100:80 -r 192.168.139.184:80 -g -w 1\n");
  expect(sysctlsOf(ipvs)).toEqual(["net.ipv4.vs.conntrack = 0", "net.ipv4.vs.expire_nodest_conn = 1"]);
  expect(iptablesV4(ipvs)).toBe(`*filter
:VIPSTACK-INPUT - [0:0]
-A INPUT -j VIPSTACK-INPUT
-A VIPSTACK-INPUT -d 192.168.139.100/32 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`);
  expect(fileOf(d2, "/etc/vipstack/addresses")).toBe("192.168.139.100/32 dev lo\n");
  expect(sysctlsOf(d2)).toEqual(["net.ipv4.conf.all.arp_ignore = 1", "net.ipv4.conf.all.arp_announce = 2"]);
  expect(d2.model.packages).toEqual([]);
});

test("tunneling: the real server has the VIP, a tunnel, no reverse path filter, and segments that fit", () => {
  const { ipvs, far } = program(({ director, far }) => {
    const forwarding = ForwardingMethod.tunneling();
    director().addVirtualService("web", { address: vip, port: 80, forwarding, realServers: [{ machine: far }] });
  });
  expect(ipvsRules(ipvs)).toContain("-a -t 192.168.139.100:80 -r 172.16.0.9:80 -i -w 1\n");
  expect(fileOf(far, "/etc/vipstack/addresses")).toBe("192.168.139.100/32 dev lo\n");
  expect(far.model.kernelModules).toEqual(["ipip"]);
  expect(far.model.packages).toEqual(["iptables"]);
  expect(sysctlsOf(far)).toEqual([
    "net.ipv4.conf.all.arp_ignore = 1",
    "net.ipv4.conf.all.arp_announce = 2",
    "net.ipv4.conf.all.rp_filter = 0",
    "net.ipv4.conf.tunl0.rp_filter = 0",
    "net.ipv4.conf.eth0.rp_filter = 0",
  ]);
  expect(fileOf(far, "/etc/vipstack/iptables.d/real-server.v4")).toBe(`*mangle
:VIPSTACK-POSTROUTING - [0:0]
-A POSTROUTING -j VIPSTACK-POSTROUTING
-A VIPSTACK-POSTROUTING -s 192.168.139.100/32 -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1440
COMMIT
`);
  expect(far.model.units.map(({ name }) => name)).toEqual([
    "vipstack-addresses.service",
    "vipstack-tunl0.service",
    "vipstack-iptables.service",
    "vipstack-iptables-keeper.service",
    "vipstack-iptables-watch.service",
  ]);
  expect(cloudConfigErrors(renderCloudConfig(far.model))).toEqual([]);
});

test("IPv6: each method, with the real server's IPv6 address", () => {
  const { ipvs, behind } = program(({ director, behind }) => {
    const made = director();
    const add = (id: string, address: string, forwarding: ForwardingMethod): VirtualService =>
      made.addVirtualService(id, { address, port: 80, forwarding, realServers: [{ machine: behind }] });
    add("snat", "fd00:139::1", ForwardingMethod.masquerading({ snat: true }));
    add("gateway", "fd00:139:0:0::2", ForwardingMethod.masquerading());
    add("tunnel", "fd00:139::3", ForwardingMethod.tunneling());
  });
  expect(ipvsRules(ipvs)).toBe(`-A -t [fd00:139::1]:80 -s rr
-a -t [fd00:139::1]:80 -r [fd00:10::11]:80 -m -w 1
-A -t [fd00:139::2]:80 -s rr
-a -t [fd00:139::2]:80 -r [fd00:10::11]:80 -m -w 1
-A -t [fd00:139::3]:80 -s rr
-a -t [fd00:139::3]:80 -r [fd00:10::11]:80 -i -w 1
`);
  expect(iptablesV4(ipvs)).toBe("");
  expect(iptablesV6(ipvs)).toContain(
    "-d fd00:10::11/128 -p tcp -m tcp --dport 80 -m ipvs --vproto 6 --vaddr fd00:139::1 --vport 80 -j SNAT --to-source fd00:10::1\n",
  );
  expect(sysctlsOf(ipvs)).toContain("net.ipv6.conf.all.forwarding = 1");
  expect(sysctlsOf(ipvs)).not.toContain("net.ipv4.ip_forward = 1");
  expect(fileOf(behind, "/etc/vipstack/addresses")).toBe(
    "fd00:139::3/128 dev lo\nroute default via fd00:10::1 dev eth0\n",
  );
  expect(behind.model.kernelModules).toEqual(["ip6_tunnel"]);
  expect(sysctlsOf(behind)).toEqual([]);
  expect(fileOf(behind, "/etc/vipstack/iptables.d/real-server.v6")).toContain("-j TCPMSS --set-mss 1400\n");
});

test.each([
  ["the real server's", undefined, 1450, 1390, 1350],
  ["the director's", 1450, undefined, 1390, 1350],
  ["the smaller", 1400, 1450, 1340, 1300],
  ["no other than 1500", 1500, 1500, 1440, 1400],
])("tunneling's TCP segments follow %s MTU", (_, near, far, ipv4, ipv6) => {
  let web: Machine | undefined;
  synth((stack) => {
    const backend = new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24", "10.1.0.0/24", "fd00::/64", "fd01::/64"] });
    const machine = (id: string, eth0: string[], mtu?: number): Machine =>
      new Machine(stack, id, { backend, interfaces: { eth0 }, ...(mtu !== undefined && { mtu: { eth0: mtu } }) });
    const front = machine("front", ["10.0.0.20/24", "fd00::20/64"], near);
    web = machine("web", ["10.1.0.31/24", "fd01::31/64"], far);
    const director = new Director(stack, "director", { machine: front });
    const rest = { port: 80, forwarding: ForwardingMethod.tunneling(), realServers: [{ machine: web }] };
    director.addVirtualService("four", { address: "10.0.0.100", ...rest });
    director.addVirtualService("six", { address: "fd00::100", ...rest });
  });
  const rule = (vip: string, size: number): string =>
    `-A VIPSTACK-POSTROUTING -s ${vip} -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss ${size}\n`;
  expect(fileOf(web!, "/etc/vipstack/iptables.d/real-server.v4")).toContain(rule("10.0.0.100/32", ipv4));
  expect(fileOf(web!, "/etc/vipstack/iptables.d/real-server.v6")).toContain(rule("fd00::100/128", ipv6));
});

test("tunneling in IPv6 needs room for its smallest packet and a header", () => {
  expect(() =>
    synth((stack) => {
      const backend = new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24", "fd00::/64"] });
      const [front, web] = ["20", "31"].map(
        (host) =>
          new Machine(stack, `m${host}`, {
            backend,
            interfaces: { eth0: [`10.0.0.${host}/24`, `fd00::${host}/64`] },
            mtu: { eth0: 1300 },
          }),
      );
      new Director(stack, "director", { machine: front! }).addVirtualService("web", {
        address: "fd00::100",
        port: 80,
        forwarding: ForwardingMethod.tunneling(),
        realServers: [{ machine: web! }],
      });
    }),
  ).toThrow(
    new Error(
      "test/director/web/m31: 'machine' must be reached over an MTU of at least 1320 for tunneling in IPv6, whose smallest packet of 1280 bytes gets a header of 40, got 1300: raise the 'mtu' of m31 or m20, or use ForwardingMethod.masquerading({ snat: true })",
    ),
  );
});

test("every option of a virtual service and a real server reaches its rule", () => {
  const { ipvs } = program(({ director, d2, behind }) => {
    const made = director({ drainTimeout: "0s" });
    made.addVirtualService("sticky", {
      address: vip,
      port: 80,
      scheduler: Scheduler.sourceHashing({ port: true, fallback: true }),
      persistenceTimeout: "300s",
      persistenceNetmask: "255.255.255.0",
      realServers: [{ machine: behind, port: 8080, weight: 5, upperThreshold: 100, lowerThreshold: 50 }],
    });
    made.addVirtualService("dns", {
      address: vip,
      port: 53,
      protocol: Protocol.UDP,
      scheduler: Scheduler.WEIGHTED_ROUND_ROBIN,
      forwarding: ForwardingMethod.directRouting(),
      onePacket: true,
      realServers: [{ machine: d2, weight: 0 }],
    });
  });
  expect(ipvsRules(ipvs)).toBe(`-A -t 192.168.139.100:80 -s sh -p 300 -M 255.255.255.0 -b sh-fallback,sh-port
-a -t 192.168.139.100:80 -r 10.0.0.11:8080 -m -w 5 -x 100 -y 50
-A -u 192.168.139.100:53 -s wrr -o
-a -u 192.168.139.100:53 -r 192.168.139.184:53 -g -w 0
`);
  expect(fileOf(ipvs, "/etc/default/vipstack-ipvs")).toBe("DRAIN_SECONDS=0\n");
  expect(fileOf(ipvs, "/etc/modules-load.d/vipstack-ipvs.conf")).toBe("ip_vs_sh\nip_vs_wrr\n");
  expect(sysctlsOf(ipvs)).toContain("net.ipv4.vs.expire_quiescent_template = 1");
});

test("a firewall mark makes one virtual service of several endpoints", () => {
  const { ipvs } = program(({ director, behind, d2 }) => {
    const service = director().addFirewallMarkService("shop", {
      mark: 17,
      endpoints: [
        { address: vip, port: 80 },
        { address: vip, port: 443 },
      ],
      persistenceTimeout: "60s",
      realServers: [{ machine: behind }],
    });
    service.addRealServer("other", { machine: d2, port: 8443 });
    expect(service.realServers.map(({ address, port, weight }) => [address, port, weight])).toEqual([
      ["10.0.0.11", 0, 1],
      ["192.168.139.184", 8443, 1],
    ]);
  });
  expect(ipvsRules(ipvs)).toBe(`-A -f 17 -s rr -p 60
-a -f 17 -r 10.0.0.11:0 -m -w 1
-a -f 17 -r 192.168.139.184:8443 -m -w 1
`);
  expect(iptablesV4(ipvs)).toContain(
    "-A VIPSTACK-PREROUTING -d 192.168.139.100/32 -p tcp -m tcp --dport 443 -j MARK --set-xmark 0x11/0xffffffff\n",
  );
  expect(iptablesV4(ipvs)).toContain(
    "-A VIPSTACK-POSTROUTING -d 10.0.0.11/32 -p tcp -m tcp --dport 443 -m ipvs --vproto 6 --vaddr 192.168.139.100 --vport 443 -j SNAT --to-source 10.0.0.1\n",
  );
  expect(fileOf(ipvs, "/etc/vipstack/addresses")).toBe("192.168.139.100/32 dev eth0\n");
});

test("defaults: round robin, masquerading with SNAT, weight 1, the service's own port, tcp, ipvs, 60 s", () => {
  program(({ director, behind }) => {
    const made = director();
    const service = made.addVirtualService("web", { address: vip, port: 80, realServers: [{ machine: behind }] });
    expect(service.scheduler).toBe(Scheduler.ROUND_ROBIN);
    expect(service.forwarding).toEqual(ForwardingMethod.masquerading({ snat: true }));
    expect(service.protocol).toBe(Protocol.TCP);
    expect(service.realServers.map(({ port, weight, machine }) => [port, weight, machine.name])).toEqual([
      [80, 1, "behind"],
    ]);
    expect([made.plane, made.drainTimeout]).toEqual([Plane.IPVS, "60s"]);
  });
});

test("a weight, a real server, another scheduler and another VIP are live: the machine's boot content stays", () => {
  const bootOf = (change: (service: VirtualService, made: Director, machines: Machines) => void): string => {
    const { ipvs } = program((machines) => {
      const made = machines.director();
      const realServers = [{ machine: machines.d2, port: 80 }];
      const service = made.addVirtualService("web", { address: "192.168.139.29", port: 80, realServers });
      change(service, made, machines);
    });
    return renderCloudConfig(ipvs.model, { live: false });
  };
  const before = bootOf(() => undefined);
  expect(bootOf((service, _, { d2 }) => service.addRealServer("b", { machine: d2, port: 81, weight: 7 }))).toBe(before);
  expect(
    bootOf((_, made, { d2 }) => {
      const scheduler = Scheduler.MAGLEV_HASHING;
      made.addVirtualService("b", { address: vip, port: 81, scheduler, realServers: [{ machine: d2 }] });
    }),
  ).toBe(before);
  expect(bootOf((_, made) => made.addPortFilter("shut", { ports: ["135:139"], action: FilterAction.DROP }))).toBe(
    before,
  );
  expect(bootOf((_, made) => made.addRedirect("r", { port: 90, toPorts: [8001, 8002] }))).toBe(before);
});

test("several virtual services and real servers on one machine share its lines", () => {
  const { d2 } = program(({ director, d2 }) => {
    const made = director();
    const forwarding = ForwardingMethod.directRouting();
    for (const port of [80, 443])
      made.addVirtualService(`web-${port}`, { address: vip, port, forwarding, realServers: [{ machine: d2 }] });
    made.addVirtualService("other", {
      address: "192.168.139.101",
      port: 80,
      forwarding: ForwardingMethod.tunneling(),
      realServers: [{ machine: d2 }],
    });
  });
  expect(fileOf(d2, "/etc/vipstack/addresses")).toBe("192.168.139.100/32 dev lo\n192.168.139.101/32 dev lo\n");
});

test("the order in which services are added does not matter", () => {
  const rules = (ports: number[]): string[] => {
    const { ipvs } = program(({ director, behind }) => {
      const made = director();
      for (const port of ports)
        made.addVirtualService(`web-${port}`, { address: vip, port, realServers: [{ machine: behind }] });
    });
    return [ipvsRules(ipvs), iptablesV4(ipvs), fileOf(ipvs, "/etc/vipstack/addresses")];
  };
  expect(rules([80, 443, 8080])).toEqual(rules([8080, 80, 443]));
});

test("collections are copies", () => {
  program(({ director, behind }) => {
    const made = director();
    const service = made.addVirtualService("web", { address: vip, port: 80, realServers: [{ machine: behind }] });
    service.realServers.pop();
    made.virtualServices.pop();
    expect(service.realServers).toHaveLength(1);
    expect(made.virtualServices).toEqual([service]);
  });
});

test("what is legal but odd is a warning", () => {
  const { stack } = program(({ director, behind, behind2 }) => {
    const made = director();
    made.addVirtualService("empty", { address: vip, port: 80 });
    made.addVirtualService("weights", {
      address: vip,
      port: 81,
      acknowledge: [Refusal.DIRECT_ROUTING_OTHER_PORT],
      realServers: [
        { machine: behind, weight: 2 },
        { machine: behind2, weight: 1 },
      ],
    });
  });
  expect(warningsOf(stack)).toEqual([
    "empty: has no real server, so clients are refused: addRealServer",
    "weights: 'acknowledge' names direct-routing-other-port, which does not apply here: leave it out",
    "weights: 'weight' has no effect with Scheduler.ROUND_ROBIN (2, 1): use WEIGHTED_ROUND_ROBIN",
  ]);
});

test("fails when a director has nothing to do", () => {
  expect(() => program(({ director }) => void director())).toThrow(
    "[test/director] a director must have at least one virtual service, redirect or port filter: addVirtualService, or leave the director out",
  );
});

test("fails when another role of the director's machine listens on a virtual service's port", () => {
  expect(() =>
    program(({ director, ipvs, behind, stack }) => {
      ipvs.contribute(stack, { ports: [{ protocol: "tcp", port: 80 }] });
      director().addVirtualService("web", { address: vip, port: 80, realServers: [{ machine: behind }] });
    }),
  ).toThrow("[test/ipvs] test/director: 'ports' can't claim tcp port 80, which test listens on");
});

test("fails when two directors share a machine", () => {
  expect(() =>
    program(({ stack, director, ipvs, behind }) => {
      director().addVirtualService("a", { address: vip, port: 80, realServers: [{ machine: behind }] });
      const second = new Director(stack, "second", { machine: ipvs });
      second.addVirtualService("b", { address: vip, port: 81, realServers: [{ machine: behind }] });
    }),
  ).toThrow(
    "test/second: 'files' can't give /etc/vipstack/ipvs.d/static.rules another content than test/director does",
  );
});

test("fails when drainTimeout is out of range", () => {
  expect(messageOf(({ director }) => director({ drainTimeout: "-1s" }))).toBe(
    "test/director: 'drainTimeout' must be a duration, got \"-1s\": write it like '10s', '1m30s' or '500ms'",
  );
});
