import { ConfigEntry, ConfigEntryKind } from "../../constructs";
import { provideConsul } from "../../constructs/consul";
import { synth } from "../support/synth";
import { resources } from "./support/resources";

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
