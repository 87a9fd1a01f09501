import { TerraformStack } from "cdktf";
import { AgentProfile } from "../../constructs/agents";
import { Caddy } from "../../constructs/caddy";
import { AgentService, ConsulServer } from "../../constructs/consul";
import { Director, ForwardingMethod, RealServers } from "../../constructs/lvs";
import { CloudInit, IMachine, Machine, PortClaim } from "../../constructs/machine";
import { NomadServer } from "../../constructs/nomad";
import { Firewall } from "../../constructs/packets";
import { machinesOf, modelsOf, OfferingBackend } from "../support/agents";
import { synth } from "../support/synth";

const { PRODUCTION } = AgentProfile;
const FILE = "/etc/vipstack/iptables.d/firewall.v4";

interface Scene {
  readonly stack: TerraformStack;
  /** 10.0.0.11 to 10.0.0.13: servers of Consul. */
  readonly s1: Machine;
  readonly s2: Machine;
  readonly s3: Machine;
  /** 10.0.0.14 */
  readonly web: Machine;
  /** 10.0.0.15 */
  readonly lb: Machine;
  readonly consul: ConsulServer;
}

/** The peers of each limited port of a machine: `tcp 8300` to their last bytes. */
function openings(model: CloudInit): Record<string, string> {
  const text = model.liveFiles.find(({ path }) => path === FILE)?.content ?? "";
  const found: Record<string, string[]> = {};
  for (const [, source, protocol, ports] of text.matchAll(/(?:-s (\S+) )?-p (\S+) .*--dports (\S+) -j/g))
    for (const port of ports?.split(",") ?? []) {
      const peers = (found[`${protocol ?? ""} ${port}`] ??= []);
      if (source !== undefined) peers.push(source.replace("10.0.0.", "").replace("/32", ""));
    }
  return Object.fromEntries(Object.entries(found).map(([port, peers]) => [port, peers.join(" ")]));
}

function secured(build: (scene: Scene) => void, operators?: string[]): Record<string, CloudInit> {
  const models = modelsOf((stack) => {
    const versions = { consul: "1.14.11", nomad: "1.6.3", "consul-template": "0.41.1" };
    const machines = machinesOf(
      stack,
      ["s1", "s2", "s3", "web", "lb"],
      new OfferingBackend(stack, "offering", versions),
    );
    const [s1, s2, s3, web, lb] = machines as [Machine, Machine, Machine, Machine, Machine];
    const consul = new ConsulServer(stack, "consul", { machine: s1, profile: PRODUCTION, operators });
    consul.addServers([s2, s3]);
    build({ stack, s1, s2, s3, web, lb, consul });
    return machines;
  });
  return Object.fromEntries(models.map((model) => [model.hostname ?? "", model]));
}

test("Consul: 8300 and 8301 for all agents, 8302 for servers, 8501 for operators", () => {
  const { s1, web, lb } = secured(
    ({ web, consul, stack }) => {
      consul.ensureAgent(stack, web);
    },
    ["10.9.0.0/16"],
  );
  const all = "11 12 13 14";
  expect(openings(s1!)).toEqual({
    "tcp 8300": all,
    "tcp 8301": all,
    "udp 8301": all,
    "tcp 8302": "11 12 13",
    "udp 8302": "11 12 13",
    "tcp 8501": "10.9.0.0/16",
  });
  expect(openings(web!)).toEqual({ "tcp 8301": all, "udp 8301": all });
  expect(lb!.liveFiles).toEqual([]);
});

test("operators are by default those of the machine's networks", () => {
  expect(openings(secured(() => undefined)["s1"]!)["tcp 8501"]).toBe("0/24");
});

test("Nomad: 4646 for its agents and operators, 4647 for its agents, 4648 for its servers", () => {
  const { s1, web } = secured(
    ({ stack, s1, s2, s3, web, consul }) => {
      const nomad = new NomadServer(stack, "nomad", { machine: s1, consul, profile: PRODUCTION });
      nomad.addServers([s2, s3]);
      nomad.addClients([web]);
    },
    ["10.9.0.1"],
  );
  const agents = { "tcp 4646": "11 12 13 14 10.9.0.1", "tcp 4647": "11 12 13 14" };
  expect(openings(s1!)).toMatchObject({ ...agents, "tcp 4648": "11 12 13", "udp 4648": "11 12 13" });
  expect(openings(web!)).toMatchObject(agents);
  expect(openings(web!)["tcp 4648"]).toBeUndefined();
});

describe("a real server", () => {
  const snat = ForwardingMethod.masquerading({ snat: true });
  const direct = ForwardingMethod.directRouting();
  const opening = (forwarding: ForwardingMethod, port = 80, clients?: string[]): string | undefined =>
    openings(
      secured(({ stack, web, lb, consul }) => {
        consul.ensureAgent(stack, web);
        new Caddy(stack, "caddy", { machine: web, answers: { 80: "web" } });
        new Director(stack, "director", { machine: lb }).addVirtualService("web", {
          address: "10.0.0.100",
          port: 80,
          forwarding,
          clients,
          realServers: [{ machine: web, ...(port !== 80 && { port }) }],
        });
      })["web"]!,
    )["tcp 80"];

  test("is open to a director that takes the client's place, and to the cluster", () => {
    expect(opening(snat)).toBe("11 12 13 14 15");
  });

  test("is open to all where packets keep the client's address, and another port is not its own", () => {
    expect(opening(direct)).toBeUndefined();
    expect(opening(snat, 81)).toBeUndefined();
  });

  test("is open to the clients of the virtual service where packets keep their address, beside director and cluster", () => {
    expect(opening(direct, 80, ["10.8.0.0/16"])).toBe("11 12 13 14 15 10.8.0.0/16");
    expect(opening(snat, 80, ["10.8.0.0/16"])).toBe("11 12 13 14 15");
  });

  test("that is an instance of a service is open to the directors that follow it, if there is one", () => {
    const followed = (name: string): string | undefined =>
      openings(
        secured(({ stack, web, lb, consul }) => {
          new Caddy(stack, "caddy", { machine: web, answers: { 80: "web" } });
          new AgentService(stack, "page", { machine: web, consul, port: 80 });
          new AgentService(stack, "other", { machine: lb, consul, port: 9 });
          new Director(stack, "director", { machine: lb, consul }).addVirtualService("web", {
            address: "10.0.0.100",
            port: 80,
            realServers: RealServers.fromConsul(name),
          });
        })["web"]!,
      )["tcp 80"];
    expect(followed("page")).toBe("11 12 13 14 15");
    expect(followed("other")).toBeUndefined();
  });
});

test("a director's rules come before the firewall's, as IPVS takes its connections after INPUT", () => {
  const { lb } = secured(({ stack, web, lb, consul }) => {
    new Director(stack, "director", { machine: lb, consul }).addVirtualService("web", {
      address: "10.0.0.100",
      port: 80,
      realServers: [{ machine: web }],
    });
  });
  const files = lb!.liveFiles.map(({ path }) => path).filter((path) => path.endsWith(".v4"));
  expect(files.sort()).toEqual(["/etc/vipstack/iptables.d/director.v4", FILE]);
});

test("the rules are there before the agents start", () => {
  const { s1 } = secured(() => undefined);
  const order = s1!.files.find(({ path }) => path.endsWith("vipstack-iptables.service.d/vipstack-firewall.conf"));
  expect(order?.content).toBe("[Unit]\nBefore=consul.service\n");
});

test("no other profile has one", () => {
  const [s1] = modelsOf((stack) => {
    const machines = machinesOf(stack, ["s1"]);
    new ConsulServer(stack, "consul", { machine: machines[0]! });
    return machines;
  });
  expect(s1!.packages).not.toContain("iptables");
});

describe("a role of one's own", () => {
  const claim: PortClaim = { protocol: "tcp", port: 9100, from: ["10.0.0.9"] };
  const withRole = (role: (machine: IMachine, stack: TerraformStack) => void) => () =>
    modelsOf((stack) => {
      const machines = machinesOf(stack, ["s1"]);
      role(machines[0]!, stack);
      return machines;
    });

  test("limits its port by the firewall", () => {
    const [s1] = withRole((machine, stack) => {
      Firewall.of(machine, stack);
      machine.contribute(stack, { ports: [claim] });
    })();
    expect(openings(s1!)).toEqual({ "tcp 9100": "9" });
  });

  test("can't limit it without one", () => {
    expect(
      withRole((machine, stack) => {
        machine.contribute(stack, { ports: [claim] });
      }),
    ).toThrow(
      "can't limit who reaches tcp port 9100 ('from') on a machine without a firewall: call Firewall.of(machine, role) in the role, too, or leave out 'from'",
    );
  });

  test.each([
    [{ ...claim, from: ["10.0.0.0/33"] }, /must be open to addresses and networks \('from' of 9100\)/],
    [{ ...claim, protocol: "udp" as const, port: 40000 }, /must be below 32768 for a udp port/],
  ])("can't claim %j", (wrong, message) => {
    expect(
      withRole((machine, stack) => {
        Firewall.of(machine, stack);
        machine.contribute(stack, { ports: [wrong] });
      }),
    ).toThrow(message);
  });

  test("has no effect on a machine that the program only knows", () => {
    synth((stack) => {
      const known = Machine.fromMachineAttributes(stack, "known", { interfaces: { eth0: ["10.0.0.9/24"] } });
      expect(Firewall.of(known, stack)).toBe(Firewall.of(known, stack));
    });
  });
});
