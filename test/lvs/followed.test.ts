import { Fn } from "cdktf";
import { Installation } from "../../constructs/agents";
import { ConsulService } from "../../constructs/consul";
import {
  ConvergenceBudget,
  ForwardingMethod,
  EmptyPolicy,
  FollowOptions,
  KnownInstances,
  Plane,
  Protocol,
  RealServers,
  Refusal,
} from "../../constructs/lvs";
import { Machine, renderCloudConfig, SshBackend } from "../../constructs/machine";
import {
  CONSUL_TEMPLATE,
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
const hello = RealServers.fromConsul("hello");

function followed(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

test("a service of Consul beside a fixed one: the table has it without real servers, the rest is consul-rules'", () => {
  const { ipvs, stack } = program(({ following, d2 }) => {
    const director = following();
    director.addVirtualService("fixed", { address: vip, port: 81, realServers: [{ machine: d2 }] });
    director.addVirtualService("web", { address: vip, port: 80, realServers: hello });
  });
  expect(ipvsRules(ipvs)).toBe(`-A -t 192.168.139.100:80 -s rr
-A -t 192.168.139.100:81 -s rr
-a -t 192.168.139.100:81 -r 192.168.139.184:81 -m -w 1
`);
  expect(followed(fileOf(ipvs, "/etc/vipstack/consul-followed.json"))).toEqual({
    web: {
      virtualService: "-t 192.168.139.100:80",
      forwarding: "-m",
      service: "hello",
      family: 4,
      graceSeconds: 30,
      never: ["10.0.0.1", "192.168.139.100", "192.168.139.29", "fd00:10::1", "fd00:139::29"],
    },
  });
  expect(fileOf(ipvs, "/etc/vipstack/consul-template.hcl")).toContain('range service "hello|passing"');
  expect(iptablesV4(ipvs)).toContain("--vaddr 192.168.139.100 --vport 80 -j SNAT --to-source 192.168.139.29\n");
  expect(iptablesV4(ipvs)).toContain("-d 10.0.0.0/24 -p tcp -m ipvs --vproto 6 --vaddr 192.168.139.100 --vport 80");
  expect(warningsOf(stack)).toEqual([]);
});

test("one more followed service is a push, not a new machine", () => {
  const bootOf = (more: boolean): string => {
    const { ipvs } = program(({ following }) => {
      const director = following();
      director.addVirtualService("web", { address: vip, port: 80, realServers: hello });
      if (more) director.addVirtualService("more", { address: vip, port: 81, realServers: hello });
    });
    return renderCloudConfig(ipvs.model, { live: false });
  };
  expect(bootOf(true)).toBe(bootOf(false));
});

test("a job's service by the label of its port; options say more", () => {
  const { ipvs } = program(({ following }) => {
    const service = { name: "hello", port: "www", lag: "10s" };
    const job = { service: (port?: string) => ({ ...service, name: port === "www" ? "hello" : "other" }) };
    const director = following();
    director.addVirtualService("a", { address: vip, port: 80, realServers: RealServers.ofJob(job, { port: "www" }) });
    director.addVirtualService("b", {
      address: vip,
      port: 53,
      protocol: Protocol.UDP,
      realServers: RealServers.fromConsul(service, {
        tag: "v2",
        datacenter: "west",
        whenEmpty: EmptyPolicy.keepLast(),
        wait: { min: "0s", max: "9s" },
      }),
    });
  });
  const list = followed(fileOf(ipvs, "/etc/vipstack/consul-followed.json"));
  expect(list).toEqual({
    a: expect.objectContaining({ service: "hello", graceSeconds: 30 }) as unknown,
    b: expect.objectContaining({ virtualService: "-u 192.168.139.100:53", graceSeconds: null }) as unknown,
  });
  const config = fileOf(ipvs, "/etc/vipstack/consul-template.hcl");
  expect(config).toContain('range service "v2.hello@west|passing"');
  expect(config).toContain('min = "0s"\n    max = "9s"\n');
});

test("an IPv6 service has rules for IPv6 only", () => {
  const { ipvs } = program(({ following }) => {
    following().addVirtualService("web", { address: "fd00:139::100", port: 80, realServers: hello });
  });
  expect(iptablesV4(ipvs)).toBe("");
  expect(iptablesV6(ipvs)).toContain("--vaddr fd00:139::100 --vport 80 -j SNAT --to-source fd00:139::29\n");
});

test("without SNAT, acknowledged: connections are tracked, because FORWARD knows the answers by that alone", () => {
  const { ipvs } = program(({ following }) => {
    following().addVirtualService("web", {
      address: vip,
      port: 80,
      forwarding: ForwardingMethod.masquerading(),
      realServers: hello,
      acknowledge: [Refusal.CONSUL_WITHOUT_SNAT],
    });
  });
  expect(iptablesV4(ipvs)).not.toContain("SNAT");
  expect(iptablesV4(ipvs)).toContain("--ctorigdst 192.168.139.100 --ctorigdstport 80 --ctdir REPLY -j ACCEPT\n");
  expect(sysctlsOf(ipvs)).toContain("net.ipv4.vs.conntrack = 1");
  expect(ipvs.model.kernelModules).toContain("nf_conntrack");
});

test("a director without 'consul' is what it was", () => {
  const { ipvs } = program(({ director, d2 }) => {
    director().addVirtualService("web", { address: vip, port: 80, realServers: [{ machine: d2 }] });
  });
  expect(renderCloudConfig(ipvs.model)).not.toMatch(/consul/i);
});

test.each<[string, (machines: Machines) => unknown, string]>([
  [
    "the director has no Consul",
    ({ director }) => director().addVirtualService("web", { address: vip, port: 80, realServers: hello }),
    "test/director/web: 'realServers' can't come from Consul, because the director has no Consul to ask: give the director one: new Director(…, { machine, consul })",
  ],
  [
    "the plane is iptables",
    ({ director }) =>
      director({ plane: Plane.IPTABLES }).addVirtualService("web", { address: vip, port: 80, realServers: hello }),
    "test/director/web: 'realServers' can't come from Consul on the iptables plane, whose rules only a deployment changes: give a fixed list, or use a director with plane: Plane.IPVS",
  ],
  [
    "a director of the iptables plane is given a Consul",
    ({ following }) => following({ plane: Plane.IPTABLES }),
    "test/director: 'consul' can't be given on the iptables plane: leave it out, or use a director with plane: Plane.IPVS",
  ],
  [
    "forwarding is direct routing",
    ({ following }) => {
      const forwarding = ForwardingMethod.directRouting();
      following().addVirtualService("web", { address: vip, port: 80, forwarding, realServers: hello });
    },
    "test/director/web: 'realServers' can't come from Consul with direct routing, which can't change the port, and has to set up every real server's machine: neither is known before an instance runs: use ForwardingMethod.masquerading({ snat: true }), or give a fixed list",
  ],
  [
    "forwarding is tunneling",
    ({ following }) => {
      const forwarding = ForwardingMethod.tunneling();
      following().addVirtualService("web", { address: vip, port: 80, forwarding, realServers: hello });
    },
    "test/director/web: 'realServers' can't come from Consul with tunneling, which can't change the port, and has to set up every real server's machine: neither is known before an instance runs: use ForwardingMethod.masquerading({ snat: true }), or give a fixed list",
  ],
  [
    "there is no consul-template",
    ({ stack, following }) => {
      const backend = new SshBackend(stack, "hosts");
      const machine = new Machine(stack, "host", { backend, interfaces: { eth0: ["192.168.139.30/24"] } });
      following({ machine, consulTemplate: undefined });
    },
    "test/director: 'consulTemplate' must say where consul-template comes from: the backend of host has none to offer: Installation.release(version), Installation.vendorApt({ version, key }), or Installation.url({ url, sha256, version })",
  ],
  [
    "consul-template has no checksum",
    ({ following }) => following({ consulTemplate: Installation.url({ ...CONSUL_TEMPLATE, sha256: "latest" }) }),
    "test/director: 'consulTemplate' must have a sha256 of 64 hexadecimal digits, got \"latest\": sha256sum FILE prints it",
  ],
  [
    "consul-template is given and no Consul",
    ({ director }) => director({ consulTemplate: Installation.url(CONSUL_TEMPLATE) }),
    "test/director: 'consulTemplate' has no effect without 'consul': give 'consul', too, or leave both out",
  ],
  [
    "a fixed real server is added to followed ones",
    ({ following, d2 }) => {
      const web = following().addVirtualService("web", { address: vip, port: 80, realServers: hello });
      web.addRealServer("d2", { machine: d2 });
    },
    "test/director/web: 'addRealServer' can't add d2, because the real servers are the instances of hello in Consul: register it in Consul as an instance of hello, or make a virtual service of fixed ones",
  ],
  [
    "names and times are wrong",
    ({ following }) => {
      const realServers = RealServers.fromConsul("web.v2", {
        tag: "a b",
        datacenter: "west|any",
        whenEmpty: EmptyPolicy.refuse({ grace: "1500ms" }),
        wait: { min: "5s", max: "4s" },
      });
      following().addVirtualService("web", { address: vip, port: 80, realServers });
    },
    `test/director/web: 5 problems
  - 'service' must consist of letters, digits, '-' and '_', got "web.v2": write it as it is registered in Consul; another name can't be followed
  - 'tag' must consist of letters, digits and any of '-_=:.', got "a b": write it as it is registered in Consul; another name can't be followed
  - 'datacenter' must consist of letters, digits and any of '-_.', got "west|any": write it as it is registered in Consul; another name can't be followed
  - 'wait' can't have a 'min' above its 'max', got {"min":"5s","max":"4s"}: swap them, or leave it out for { min: "1s", max: "4s" }
  - 'grace' must be a duration of whole seconds from 0s to 24h, got "1500ms": '30s' is usual; EmptyPolicy.keepLast() has no limit`,
  ],
])("fails when %s", (_, build, message) => {
  expect(messageOf(build)).toBe(message);
});

test("fails when a name is a reference", () => {
  const message = messageOf(({ following }) => {
    const realServers = RealServers.fromConsul(Fn.upper("hello"));
    following().addVirtualService("web", { address: vip, port: 80, realServers });
  });
  expect(message).toContain("'service' must be known at synth, and this is a reference that Terraform resolves later");
});

test("a tag may distinguish a service from others of its name", () => {
  const { ipvs } = program(({ following }) =>
    following().addVirtualService("web", {
      address: vip,
      port: 80,
      realServers: RealServers.fromConsul({ name: "logs", tag: "http" }),
    }),
  );
  expect(fileOf(ipvs, "/etc/vipstack/consul-template.hcl")).toContain('{{ range service "http.logs|passing" -}}');
});

test("fails when the service has another tag than the one asked for", () => {
  expect(
    messageOf(({ following }) => {
      const realServers = RealServers.fromConsul({ name: "logs", tag: "http" }, { tag: "es" });
      following().addVirtualService("web", { address: vip, port: 80, realServers });
    }),
  ).toBe(
    `test/director/web: 'tag' can't be another one than that of the service, which is http, got "es": leave it out, or give the service's name alone`,
  );
});

describe("what doesn't fit together in time is a warning", () => {
  const warnings = (service: ConsulService, options: FollowOptions = {}): string[] =>
    warningsOf(
      program(({ following }) =>
        following().addVirtualService("web", {
          address: vip,
          port: 80,
          realServers: RealServers.fromConsul(service, options),
        }),
      ).stack,
    );

  test("an instance must serve until the director knows that it left: as long as a job's budget says", () => {
    const { lag } = new ConvergenceBudget();
    expect(warnings({ name: "hello", shutdownDelay: lag })).toEqual([]);
    expect(warnings({ name: "hello", shutdownDelay: "9.4s" })).toEqual([
      `web: 'wait' lets up to 9.5s pass until an instance of hello that left gets no new connections, and it serves for 9.4s after it left: lower 'wait.max', or raise the shutdown delay of hello to 10s`,
    ]);
    expect(warnings({ name: "hello", shutdownDelay: "10s" }, { wait: { min: "1s", max: "5s" } })).toEqual([
      expect.stringContaining("lets up to 10.5s pass") as string,
    ]);
  });

  test("a grace must last until checks can pass again", () => {
    expect(warnings({ name: "hello", lag: "30s" })).toEqual([]);
    expect(warnings({ name: "hello", lag: "31s" })).toEqual([
      `web: 'whenEmpty' has a grace of 30s, and the checks of hello need up to 31s to find a healthy instance again after a restart of Consul: raise 'grace' to '31s', or shorten the checks`,
    ]);
    for (const whenEmpty of [EmptyPolicy.refuse({ grace: "0s" }), EmptyPolicy.keepLast()])
      expect(warnings({ name: "hello", lag: "31s" }, { whenEmpty })).toEqual([]);
  });

  test("nothing is said of a name alone", () => {
    expect(warnings({ name: "hello" })).toEqual([]);
  });
});

describe("instances on machines that the program knows, as a gateway's are", () => {
  function known(machines: readonly Machine[], ports: number[] = []): KnownInstances {
    return { service: { name: "gateway", lag: "3s" }, machines, listenOn: (port) => ports.push(port) };
  }

  test("direct routing: both ends are set up, instances elsewhere count for nothing, the port is the virtual one", () => {
    const ports: number[] = [];
    const { ipvs, d2 } = program(({ following, d2 }) => {
      const options = { address: vip, port: 80, realServers: RealServers.ofGateway(known([d2], ports)) };
      following().addVirtualService("web", { ...options, forwarding: ForwardingMethod.directRouting() });
    });
    expect(ports).toEqual([80]);
    expect(ipvsRules(ipvs)).toBe("-A -t 192.168.139.100:80 -s rr\n");
    expect(followed(fileOf(ipvs, "/etc/vipstack/consul-followed.json")).web).toMatchObject({
      forwarding: "-g",
      only: ["192.168.139.184"],
      port: 80,
    });
    expect(d2.model.addresses).toEqual(["192.168.139.100/32 dev lo"]);
    expect(sysctlsOf(d2)).toContain("net.ipv4.conf.all.arp_ignore = 1");
    expect(sysctlsOf(ipvs)).toContain("net.ipv4.vs.conntrack = 0");
    expect(iptablesV4(ipvs)).not.toContain("SNAT");
  });

  test("masquerading follows them like other methods", () => {
    const ports: number[] = [];
    const { ipvs, d2 } = program(({ following, d2 }) => {
      following().addVirtualService("web", {
        address: vip,
        port: 80,
        realServers: RealServers.ofGateway(known([d2], ports)),
      });
    });
    expect(ports).toEqual([]);
    expect(followed(fileOf(ipvs, "/etc/vipstack/consul-followed.json")).web).not.toHaveProperty("only");
    expect(d2.model.addresses).toEqual([]);
  });

  test("a machine that comes after the virtual service would not be set up", () => {
    expect(
      messageOf(({ following, d2, behind }) => {
        const machines = [d2];
        const forwarding = ForwardingMethod.directRouting();
        following().addVirtualService("web", {
          address: vip,
          port: 80,
          realServers: RealServers.ofGateway(known(machines)),
          forwarding,
        });
        machines.push(behind);
      }),
    ).toContain(
      "'realServers' must have all its machines before it is used: make the virtual service after the last of them",
    );
  });
});
