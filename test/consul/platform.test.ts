import { ConsulProvider } from "@cdktf/provider-consul/lib/provider";
import { TerraformStack } from "cdktf";
import {
  AgentCheck,
  AgentService,
  ConfigEntry,
  ConfigEntryKind,
  ConsulKeys,
  ConsulServer,
  ExternalNode,
  IConsulCluster,
  Installation,
} from "../../constructs";
import { announcedServices, provideConsul } from "../../constructs/consul";
import { Machine, SshBackend } from "../../constructs/machine";
import { synth } from "../support/synth";

type Resources = Record<string, Record<string, Record<string, unknown>>>;

/** The resources of a stack, without cdktf's own notes in them. */
function resources(build: Parameters<typeof synth>[0]): Resources {
  const { resource } = synth((stack) => {
    new ConsulProvider(stack, "provider");
    build(stack);
  }, "platform").json as unknown as { resource: Resources };
  for (const byId of Object.values(resource)) for (const one of Object.values(byId)) delete one["//"];
  return resource;
}

test("keys are deleted with the program, sorted, and free of Terraform's syntax", () => {
  const { consul_keys: keys } = resources((stack) => {
    new ConsulKeys(stack, "settings", { keys: { "web/b": "${x}", "web/a": "%{y}" } });
  });
  expect(keys).toEqual({
    settings: {
      key: [
        { path: "web/a", value: "%%{y}", delete: true },
        { path: "web/b", value: "$${x}", delete: true },
      ],
    },
  });
});

test("wrong keys are reported at once", () => {
  expect(() =>
    synth((stack) => {
      new ConsulKeys(stack, "settings", { keys: { "/web": "x", "a/../b": "x", c: "", d: "é".repeat(262145) } });
    }),
  ).toThrow(
    [
      "test/settings: 4 problems",
      "  - 'keys' must be paths without a slash at either end and without the parts '', '.' and '..', got \"/web\": write it like 'web/title'",
      "  - 'keys' must be paths without a slash at either end and without the parts '', '.' and '..', got \"a/../b\": write it like 'web/title'",
      "  - 'keys[\"c\"]' must have a value of 1 to 524288 bytes, got \"0 bytes\": leave the key out, or write a word for 'none'",
      '  - \'keys["d"]\' must have a value of 1 to 524288 bytes, got "524290 bytes": split it over several keys',
    ].join("\n"),
  );
});

test("a config entry is written as Consul stores it, else no second plan would be empty", () => {
  const { consul_config_entry: entries } = resources((stack) => {
    const web = new ConfigEntry(stack, "web", { kind: ConfigEntryKind.SERVICE_DEFAULTS, fields: { Protocol: "http" } });
    const Sources = [
      { Name: "front", Action: "allow" },
      { Name: "*", Action: "deny" },
    ];
    new ConfigEntry(stack, "allowed", {
      kind: ConfigEntryKind.SERVICE_INTENTIONS,
      name: "web",
      fields: { Sources },
      after: [web],
    });
  });
  expect(entries?.web).toMatchObject({ kind: "service-defaults", name: "web" });
  expect(JSON.parse(entries?.web?.config_json as string)).toEqual({
    Expose: {},
    MeshGateway: {},
    Protocol: "http",
    TransparentProxy: {},
  });
  expect(entries?.allowed).toMatchObject({ depends_on: ["consul_config_entry.web"] });
  expect(JSON.parse(entries?.allowed?.config_json as string)).toEqual({
    Sources: [
      { Action: "allow", Name: "front", Precedence: 9, Type: "consul" },
      { Action: "deny", Name: "*", Precedence: 8, Type: "consul" },
    ],
  });
});

test("a config entry has only what the running Consul knows", () => {
  const stored = (version?: string): unknown => {
    const { consul_config_entry: entries } = resources((stack) => {
      provideConsul(stack, { version, node: { path: "machines/consul" } });
      new ConfigEntry(stack, "global", {
        kind: ConfigEntryKind.PROXY_DEFAULTS,
        fields: { Config: { protocol: "http" } },
      });
    });
    return JSON.parse(entries?.global?.config_json as string);
  };
  const older = { Config: { protocol: "http" }, Expose: {}, MeshGateway: {}, TransparentProxy: {} };
  expect(stored("1.14.11")).toEqual(older);
  expect(stored()).toEqual(older);
  expect(stored("1.15.0")).toEqual({ AccessLogs: {}, ...older });
  expect(() =>
    synth((stack) => {
      provideConsul(stack, { version: "1.14.11", node: { path: "machines/consul" } });
      const Sources = [{ Name: "a", Action: "allow", Permissions: [{ Action: "allow", JWT: {} }] }];
      const kind = ConfigEntryKind.SERVICE_INTENTIONS;
      new ConfigEntry(stack, "web", { kind, fields: { JWT: { Providers: [] }, Sources } });
    }),
  ).toThrow(
    [
      "test/web: 2 problems",
      "  - 'fields.JWT' is known to Consul since 1.16.0, and 1.14.11 runs: leave it out, or upgrade machines/consul to 1.16.0 or newer",
      "  - 'fields.Sources[0].Permissions[0].JWT' is known to Consul since 1.16.0, and 1.14.11 runs: leave it out, or upgrade machines/consul to 1.16.0 or newer",
    ].join("\n"),
  );
});

test("there is one proxy-defaults", () => {
  expect(() =>
    synth((stack) => {
      new ConfigEntry(stack, "web", { kind: ConfigEntryKind.PROXY_DEFAULTS, fields: { Kind: "x" } });
    }),
  ).toThrow(
    [
      "test/web: 2 problems",
      "  - 'name' must be 'global' for proxy-defaults: there is one such entry, got \"web\": name it 'global', or use service-defaults for a single service",
      "  - 'fields' can't hold Kind and Name: they are properties of their own, got [\"Kind\"]: leave them out",
    ].join("\n"),
  );
});

test("two instances of a service on a machine without an agent", () => {
  const { consul_node: nodes, consul_service: services } = resources((stack) => {
    const d2 = new ExternalNode(stack, "d2", { address: "192.168.139.184" });
    d2.addService("web", { port: 80, tags: ["a"] });
    d2.addService("web", { port: 81 });
  });
  expect(nodes).toEqual({ d2: { name: "d2", address: "192.168.139.184", meta: { "external-node": "true" } } });
  expect(Object.values(services ?? {})).toEqual([
    {
      ...{ name: "web", service_id: "web-80", node: "d2", address: "192.168.139.184", port: 80, tags: ["a"] },
      depends_on: ["consul_node.d2"],
    },
    {
      ...{ name: "web", service_id: "web-81", node: "d2", address: "192.168.139.184", port: 81 },
      depends_on: ["consul_node.d2"],
    },
  ]);
});

test("an external node without an address", () => {
  expect(() =>
    synth((stack) => {
      new ExternalNode(stack, "d2", { address: "d2.example" }).addService("web", { port: 80 });
    }),
  ).toThrow("test/d2: 'address' must be an IP address, got \"d2.example\": write it like '192.168.139.184'");
});

describe("a service that a machine's own agent registers and checks", () => {
  test("is live content of the machine, and puts an agent there", () => {
    let machine: Machine | undefined;
    synth((stack) => {
      const interfaces = { eth0: ["192.168.139.184/24"] };
      machine = new Machine(stack, "d2", { backend: new SshBackend(stack, "hosts"), interfaces });
      const checks = [AgentCheck.http("/health", { interval: "5s" }), AgentCheck.tcp()];
      new AgentService(stack, "caddy", { machine, consul: someConsul(stack), port: 81, checks, tags: ["plain"] });
      expect(announcedServices(stack)).toEqual(["caddy"]);
    });
    const { units = [], liveFiles = [] } = machine?.model ?? {};
    expect(units.map(({ name }) => name)).toEqual(["consul.service"]);
    const definition = liveFiles.find(({ path }) => path === "/etc/consul.d/service-caddy-81.json");
    expect(JSON.parse(definition?.content ?? "")).toEqual({
      service: {
        ...{ id: "caddy-81", name: "caddy", address: "192.168.139.184", port: 81, tags: ["plain"] },
        checks: [
          {
            ...{ id: "caddy-81-1", name: "http://192.168.139.184:81/health" },
            ...{ http: "http://192.168.139.184:81/health", interval: "5s", timeout: "3s", failures_before_critical: 2 },
          },
          {
            id: "caddy-81-2",
            name: "tcp 192.168.139.184:81",
            tcp: "192.168.139.184:81",
            interval: "2s",
            timeout: "3s",
            failures_before_critical: 2,
          },
        ],
      },
    });
  });

  test("needs a check", () => {
    expect(() =>
      synth((stack) => {
        const machine = Machine.fromAddresses(stack, "d2", { interfaces: { eth0: ["192.168.139.184/24"] } });
        new AgentService(stack, "my_web", { machine, consul: someConsul(stack), port: 0, checks: [] });
      }),
    ).toThrow(
      [
        "test/my_web: 3 problems",
        "  - 'name' must be a DNS label: letters, digits and hyphens, at most 63, got \"my_web\": choose a name like 'web'",
        "  - 'port' must be a whole number from 1 to 65535, got 0: give the port that it listens on",
        "  - 'checks' must hold at least one check: leave it out for an http check of '/'",
      ].join("\n"),
    );
  });
});

/** A cluster that exists, whose agents come from a URL. */
function someConsul(stack: TerraformStack): IConsulCluster {
  const install = Installation.url({
    version: "1.14.11",
    url: "https://downloads.example/consul",
    sha256: "5".repeat(64),
  });
  return ConsulServer.fromAddress(stack, "consul", {
    address: "http://10.0.0.5:8500",
    retryJoin: ["10.0.0.5"],
    install,
  });
}
