import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { Protocol, Scheduler } from "../../../constructs/lvs";
import { chainName } from "../../../constructs/lvs/render/iptables";
import { addIpvsSupport } from "../../../constructs/lvs/render/iptables";
import { addBalancedService } from "../../../constructs/lvs/render/balancing";
import { IptablesRules } from "../../../constructs/lvs/render/iptables";
import { renderIpvsRules } from "../../../constructs/lvs/render/ipvs";
import { RealServerSpec, ServiceSpec } from "../../../constructs/lvs/spec";
import { normalizeAddress } from "../../../constructs/machine";

const port = fc.integer({ min: 1, max: 65535 });
const addresses = {
  4: fc.ipV4(),
  6: fc.ipV6().map((text) => normalizeAddress(text) ?? "::1"),
};

/** Unspecified, multicast, broadcast, link-local. */
const NO_MACHINE = /^(0\.|22[4-9]\.|23\d\.|255\.255\.255\.255|::$|ff..:|fe[89ab].:)/;

function realServer(family: 4 | 6, masquerading: boolean, servicePort: number): fc.Arbitrary<RealServerSpec> {
  return fc.record({
    address: addresses[family].filter((address) => !NO_MACHINE.test(address)),
    port: masquerading ? port : fc.constant(servicePort),
    weight: fc.integer({ min: 0, max: 65535 }),
    upperThreshold: fc.constant(undefined),
    lowerThreshold: fc.constant(undefined),
    snatTo: masquerading ? fc.option(addresses[family], { nil: undefined }) : fc.constant(undefined),
  });
}

const methods = [
  { name: "masquerading", option: "-m", snat: true },
  { name: "direct routing", option: "-g", snat: false },
  { name: "tunneling", option: "-i", snat: false },
] as const;

/** A virtual service with or without a mark, that the checks of the constructs would let pass. */
const anyService: fc.Arbitrary<ServiceSpec> = fc
  .record({
    family: fc.constantFrom<4 | 6>(4, 6),
    method: fc.constantFrom(...methods),
    servicePort: port,
    protocol: fc.constantFrom(Protocol.TCP, Protocol.UDP, Protocol.SCTP),
    mark: fc.option(fc.integer({ min: 1, max: 2147483647 }), { nil: undefined }),
    scheduler: fc.constantFrom(
      Scheduler.ROUND_ROBIN,
      Scheduler.WEIGHTED_LEAST_CONNECTION,
      Scheduler.sourceHashing({ port: true, fallback: true }),
      Scheduler.maglevHashing({ port: true }),
    ),
    persistenceTimeoutSeconds: fc.option(fc.integer({ min: 1, max: 2678400 }), { nil: undefined }),
    onePacket: fc.boolean(),
  })
  .chain((shape) => {
    const { family, method, servicePort, protocol } = shape;
    return fc.record({
      chain: fc.constant("VIPSTACK-x"),
      family: fc.constant(family),
      endpoints: addresses[family].map((address) => [{ address, port: servicePort, protocol }]),
      mark: fc.constant(shape.mark),
      scheduler: fc.constant(shape.scheduler),
      persistenceTimeoutSeconds: fc.constant(shape.persistenceTimeoutSeconds),
      onePacket: fc.constant(shape.onePacket && protocol === Protocol.UDP),
      forwarding: fc.constant(method),
      realServers: fc.uniqueArray(realServer(family, method.name === "masquerading", servicePort), {
        maxLength: 4,
        selector: (server) => `${server.address} ${server.port}`,
      }),
    });
  });

const keyOf = ({ mark, family, endpoints: [first] }: ServiceSpec): string =>
  mark === undefined ? `${first?.protocol ?? ""} ${first?.address ?? ""} ${first?.port ?? 0}` : `${mark} ${family}`;
const anyServices = fc.uniqueArray(anyService, { maxLength: 5, selector: keyOf });

/** Reads tables as the program on the director does, and writes them down in its own words, sorted. */
function readBack(tables: readonly string[]): string[] {
  const script = `
import json, sys
sys.path.insert(0, sys.argv[1])
import ipvs_table
answer = []
for text in json.load(sys.stdin):
    table, problems = ipvs_table.parse_table([("here", line) for line in text.splitlines()])
    lines = [f"-A {key} {service.options}" for key, service in table.items()]
    lines += [f"-a {key} -r {at} {server.text()}" for key, service in table.items() for at, server in service.servers.items()]
    answer.append("\\n".join(sorted(lines + problems)))
json.dump(answer, sys.stdout)
`;
  const folder = join(__dirname, "..", "..", "..", "constructs", "lvs", "programs");
  const input = JSON.stringify(tables);
  return JSON.parse(execFileSync("python3", ["-B", "-c", script, folder], { input, encoding: "utf8" })) as string[];
}

test("ipvs: the program on the director reads every line, and would write it the same way", () => {
  const tables = fc.sample(anyServices, 300).map(renderIpvsRules);
  expect(tables.filter((text) => text !== "").length).toBeGreaterThan(100);
  expect(readBack(tables)).toEqual(tables.map((text) => text.trimEnd().split("\n").sort().join("\n")));
});

test("ipvs: thresholds", () => {
  const text = renderIpvsRules([
    {
      chain: "VIPSTACK-x",
      family: 4,
      endpoints: [{ address: "10.0.0.1", port: 80, protocol: Protocol.TCP }],
      scheduler: Scheduler.ROUND_ROBIN,
      onePacket: false,
      forwarding: methods[0],
      realServers: [{ address: "10.0.0.2", port: 80, weight: 1, upperThreshold: 10 }],
    },
  ]);
  expect(readBack([text])).toEqual(["-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1 -x 10 -y 0"]);
});

test("a real server more changes no other service's lines", () => {
  fc.assert(
    fc.property(anyServices, realServer(4, true, 80), (services, extra) => {
      const [first, ...others] = services;
      if (first === undefined) return;
      const grown = { ...first, realServers: [...first.realServers, extra] };
      expect(othersOf(renderIpvsRules([grown, ...others]), first)).toEqual(othersOf(renderIpvsRules(services), first));
      const support = (all: readonly ServiceSpec[]): string[] => {
        const rules = new IptablesRules();
        for (const service of all) addIpvsSupport(rules, service);
        return rules.render().split("\n");
      };
      expect(support([grown, ...others])).toEqual(expect.arrayContaining(support(services)));
    }),
  );
});

function othersOf(text: string, service: ServiceSpec): string[] {
  const [name] = renderIpvsRules([{ ...service, realServers: [] }]).split(" -s ");
  const words = ` ${name?.replace("-A ", "") ?? ""} `;
  return text.split("\n").filter((line) => !line.includes(words));
}

test("the order of services does not matter", () => {
  fc.assert(
    fc.property(anyServices, (services) => {
      expect(renderIpvsRules([...services].reverse())).toBe(renderIpvsRules(services));
    }),
  );
});

test("chain names: what fits stays readable, all fit, none are shared", () => {
  expect(chainName("web")).toBe("VIPSTACK-web");
  expect(chainName("OUTPUT")).toBe("VIPSTACK-OUTPUT.5dbf351336");
  expect(chainName("a service with a long name")).toMatch(/^VIPSTACK-a_servic\.[0-9a-f]{10}$/);
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (one, other) => {
      expect(chainName(one)).toMatch(/^[A-Za-z0-9._-]{1,28}$/);
      return one === other || chainName(one) !== chainName(other);
    }),
  );
});

const restore = { 4: "iptables-restore", 6: "ip6tables-restore" };
const namespace = spawnSync("unshare", ["--net", restore[4], "--version"]);
if (namespace.status !== 0)
  process.stderr.write("SKIPPED: rules in a real kernel (needs root, unshare and iptables on this machine)\n");
const inKernel = namespace.status === 0 ? describe : describe.skip;

inKernel("in a real kernel, in an empty network namespace", () => {
  test.each([4, 6] as const)("iptables takes every rule of the iptables plane, IPv%d", (family) => {
    const balanced = anyService.filter(
      ({ forwarding, mark }) => forwarding.name === "masquerading" && mark === undefined,
    );
    const services = fc.sample(balanced, 40).filter((each) => each.family === family);
    const rules = new IptablesRules();
    for (const [index, service] of services.entries())
      addBalancedService(rules, {
        ...service,
        chain: chainName(`s${index}`),
        scheduler: { word: "random", flags: [] },
      });
    const done = spawnSync("unshare", ["--net", restore[family], "--noflush"], {
      input: rules.render(),
      encoding: "utf8",
    });
    expect({ status: done.status, stderr: done.stderr }).toEqual({ status: 0, stderr: "" });
  });
});
