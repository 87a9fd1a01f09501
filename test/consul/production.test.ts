import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack } from "cdktf";
import { AgentProfile } from "../../constructs/agents";
import {
  AgentService,
  ConfigEntry,
  ConfigEntryKind,
  ConsulClient,
  ConsulKeys,
  ConsulServer,
  ExternalNode,
} from "../../constructs/consul";
import { Director, ForwardingMethod, RealServers } from "../../constructs/lvs";
import { Machine } from "../../constructs/machine";
import { NomadServer } from "../../constructs/nomad";
import { defineInventory, PlatformStack } from "../../constructs/stacks";
import { asText, complaints, filesBelow, machinesOf, modelsOf, OfferingBackend, withProgram } from "../support/agents";
import { expectGolden } from "../support/golden";
import { synth } from "../support/synth";

const FOLDER = "/etc/consul.d";
const { PRODUCTION } = AgentProfile;
const folder = mkdtempSync(join(tmpdir(), "vipstack-production-"));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function threeServers(stack: TerraformStack): Machine[] {
  const machines = machinesOf(stack, ["s1", "s2", "s3", "web"]) as [Machine, Machine, Machine, Machine];
  const [s1, s2, s3, web] = machines;
  const consul = new ConsulServer(stack, "consul", { machine: s1, profile: PRODUCTION });
  consul.addServers([s2, s3]);
  new AgentService(stack, "page", { machine: web, consul, port: 80 });
  return machines;
}

test("configuration of a server and a client", () => {
  const [s1, , , web] = modelsOf(threeServers);
  expectGolden("consul.production.server.hcl", asText(filesBelow(s1!, FOLDER)));
  expectGolden("consul.production.client.hcl", asText(filesBelow(web!, FOLDER)));
});

const withConsul = withProgram("consul");
withConsul("consul itself takes it", () => {
  // The files of keys and certificates are not there yet; it reads them when it starts.
  expect(modelsOf(threeServers).map((model) => complaints("consul", filesBelow(model, FOLDER)))).toEqual(
    Array(4).fill(""),
  );
});

test("the unit waits for its secrets, and the first boot does not wait for the unit", () => {
  const [s1] = modelsOf(threeServers);
  const unit = s1!.units.find(({ name }) => name === "consul.service");
  expectGolden("consul.production.service", unit?.content ?? "");
  expect(unit?.wait).toBe(false);
  expect(s1!.ready.map(({ check }) => check)).toEqual(["/usr/local/lib/vipstack/iptables-rules check"]);
});

test("no secret is in user-data or in the JSON: Terraform has sensitive variables in their place", () => {
  const { json } = synth(threeServers);
  const variables = (json as unknown as { variable: Record<string, { sensitive: boolean; default?: string }> })
    .variable;
  expect(Object.keys(variables).sort()).toEqual(
    [
      "authority",
      "certificate_s1",
      "certificate_s2",
      "certificate_s3",
      "certificate_web",
      "gossip_key",
      "management_token",
      "token_agent_s1",
      "token_agent_s2",
      "token_agent_s3",
      "token_agent_web",
      "token_service_page_80_web",
    ].map((name) => expect.stringMatching(new RegExp(`_consul_${name}$`)) as unknown),
  );
  for (const variable of Object.values(variables)) expect(variable).toMatchObject({ sensitive: true });
  expect(Object.values(variables).flatMap((variable) => variable.default ?? [])).toEqual([]);
});

test("a machine has the secrets of its own agent and services, a server those of all", () => {
  const [s1, , , web] = modelsOf(threeServers);
  const pathsOf = (model: typeof web) => model?.secrets.map(({ path }) => path.replace("/etc/vipstack/secrets/", ""));
  const agents = ["consul/agent.pem", "consul/authority.pem", "consul/gossip.hcl", "consul/tokens.hcl"];
  expect(pathsOf(web)?.sort()).toEqual(
    [
      "consul-tokens/agent",
      "consul-tokens/service-page-80",
      ...agents.slice(0, 3),
      "consul/service-page-80.json",
      ...agents.slice(3),
    ].sort(),
  );
  expect(pathsOf(s1)?.sort()).toEqual(
    ["consul-access/access.json", "consul-tokens/agent", "consul-tokens/management", ...agents].sort(),
  );
});

test("the policy of each role is derived from what it does", () => {
  const app = new App({ outdir: join(folder, "policies") });
  const stack = new TerraformStack(app, "machines");
  const backend = new OfferingBackend(stack, "offering", { consul: "1.14.11", "consul-template": "0.41.1" });
  const machines = machinesOf(stack, ["s1", "s2", "s3", "box"], backend);
  const [s1, s2, s3, box] = machines as [Machine, Machine, Machine, Machine];
  const consul = new ConsulServer(stack, "consul", { machine: s1, profile: PRODUCTION });
  consul.addServers([s2, s3]);
  new AgentService(stack, "page", { machine: s3, consul, port: 80 });
  new Director(stack, "director", { machine: box, consul }).addVirtualService("web", {
    address: "10.0.0.100",
    port: 80,
    forwarding: ForwardingMethod.masquerading({ snat: true }),
    realServers: RealServers.fromConsul("page"),
  });
  const subnets = ["10.0.0.0/24"];
  const inventory = defineInventory({ name: "policies", subnets, machines: [{ name: "s1", address: "10.0.0.11" }] });
  const platform = new PlatformStack(app, "platform", { consul, inventory });
  new ConsulKeys(platform, "keys", { keys: { "web/title": "Hello", "web/word": "x" } });
  new ExternalNode(platform, "database", { address: "10.0.0.99" }).addService("sql", { port: 5432 });
  const intention = { kind: ConfigEntryKind.SERVICE_INTENTIONS, name: "sql" };
  new ConfigEntry(platform, "sql", { ...intention, fields: { Sources: [{ Name: "web", Action: "allow" }] } });
  new ConfigEntry(platform, "global", { kind: ConfigEntryKind.PROXY_DEFAULTS, fields: {} });
  const [access = ""] = s1.model.secrets.flatMap(({ path, content }) => (/access/.test(path) ? [content] : []));
  const { policies } = JSON.parse(access) as { policies: Record<string, string> };
  expectGolden("consul.production.policies.hcl", asText(policies));
});

describe("what is refused", () => {
  const refusal = (build: (stack: TerraformStack, consul: ConsulServer, machines: Machine[]) => void) => () =>
    synth((stack) => {
      const machines = machinesOf(stack, ["s1", "s2", "s3", "box"]);
      const [s1, ...others] = machines as [Machine, ...Machine[]];
      const consul = new ConsulServer(stack, "consul", { machine: s1, profile: PRODUCTION });
      build(stack, consul, [s1, ...others]);
    });

  test("one server alone", () => {
    expect(refusal(() => undefined)).toThrow(
      /consul\] 'addServers' must lead to at least 3 servers with AgentProfile.PRODUCTION: .*, got 1: add two machines/,
    );
  });

  test("roles that have no token", () => {
    expect(
      refusal((stack, consul, [s1, s2, s3]) => {
        consul.addServers([s2!, s3!]);
        new NomadServer(stack, "nomad", { machine: s1!, consul, profile: AgentProfile.CLUSTER });
      }),
    ).toThrow(/nomad: 'consul' can't be a cluster with AgentProfile.PRODUCTION yet/);
  });
});

test("another profile has no variable, and the unit of before", () => {
  const stack = new TerraformStack(new App(), "plain");
  const [server, web] = machinesOf(stack, ["server", "web"]);
  new ConsulClient(stack, "agent", { machine: web!, consul: new ConsulServer(stack, "consul", { machine: server! }) });
  expect(web!.model.secrets).toEqual([]);
});
