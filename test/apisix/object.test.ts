import { ConsulProvider } from "@cdktf/provider-consul/lib/provider";
import { Fn, TerraformStack, TerraformVariable } from "cdktf";
import {
  Certificate,
  Consumer,
  DEFAULT_PLUGINS,
  Gateway,
  GatewayService,
  GlobalRule,
  IGateway,
  Plugin,
  Route,
  SharedUpstream,
  StreamRoute,
  Upstream,
} from "../../constructs";
import type * as apisix from "../../constructs/apisix";
import { expectGolden } from "../support/golden";
import { synthApp } from "../support/synth";
import { consumer, nodes, plugin, route } from "./support/builds";
import { everyObject } from "./support/every-object";
import { Build, documents, keys, refusalOf, resources } from "./support/gateway";

const plugins = [...DEFAULT_PLUGINS, "response-rewrite"];
const upstream = Upstream.toNodes({ "10.0.0.5:80": 1 });

test("every object, as Consul holds it", () => {
  const lines = Object.entries(keys(everyObject, { plugins })).map(([key, value]) => `${key}\n  ${value}\n`);
  expectGolden("apisix.objects.txt", lines.join("\n"));
});

test("the override is applied last, and the gateway gets it", () => {
  let gateway: IGateway | undefined;
  const { "routes/hello": route } = documents((stack, made) => {
    gateway = made;
    new Route(stack, "hello", {
      gateway: made,
      uri: "/hello",
      upstream,
      override: (document) => ({ ...document, filter_func: "function(vars) return true end" }),
    });
  });
  expect(route).toMatchObject({ id: "hello", uri: "/hello", filter_func: "function(vars) return true end" });
  expect(gateway?._objects).toEqual([{ path: "test/hello", kind: "routes", id: "hello", document: route }]);
});

test("what another copy of the package made is known, too", async () => {
  let copy: typeof apisix | undefined;
  await jest.isolateModulesAsync(async () => {
    copy = await import("../../constructs/apisix");
  });
  const other = copy!.Upstream.toNodes({ "10.0.0.6:80": 1 });
  expect(other).not.toBeInstanceOf(Upstream);
  expect([other, upstream, {}, null].map((each) => Upstream.isUpstream(each))).toEqual([true, true, false, false]);
  expect([copy!.Plugin.prometheus(), other].map((each) => Plugin.isPlugin(each))).toEqual([true, false]);
  const { "routes/hello": route } = documents(
    (stack, gateway) => new Route(stack, "hello", { gateway, uri: "/", upstream: other }),
  );
  expect(route).toMatchObject({ upstream: { nodes: { "10.0.0.6:80": 1 } } });
});

test("what an object names is written before it, and deleted after it", () => {
  const all = resources((stack, gateway) => {
    const shared = new SharedUpstream(stack, "nodes", { gateway, upstream });
    const service = new GatewayService(stack, "site", { gateway, upstream: shared });
    const canary = { upstream: Upstream.toNodes({ "10.0.0.6:80": 1 }), weight: 1 };
    const split = Plugin.trafficSplit({ rules: [{ weightedUpstreams: [canary, { weight: 9 }] }] });
    new Route(stack, "hello", { gateway, uri: "/", service, plugins: [split] });
  });
  const order = Object.values(all).map(({ key, depends_on: after }) => [key[0]?.path, after] as [string, unknown]);
  const [split] = Object.keys(all).filter((id) => id.startsWith("hello_split"));
  expect(Object.fromEntries(order)).toEqual({
    "apisix/gateway/upstreams/nodes": undefined,
    "apisix/gateway/services/site": ["consul_keys.nodes"],
    "apisix/gateway/upstreams/routes.hello.split-1-1": undefined,
    "apisix/gateway/routes/hello": [`consul_keys.${split ?? ""}`, "consul_keys.site"],
  });
});

test("an object may name one of another stack, which then comes first", () => {
  const { json } = synthApp((app) => {
    const [one, two] = ["one", "two"].map((id) => new TerraformStack(app, id)) as [TerraformStack, TerraformStack];
    for (const stack of [one, two]) new ConsulProvider(stack, "consul");
    const gateway = Gateway.fromGatewayAttributes(one, "gateway", { version: "3.18.0" });
    const shared = new SharedUpstream(one, "nodes", { gateway, upstream });
    new Route(two, "hello", { gateway, uri: "/", upstream: shared });
    expect(two.dependencies).toEqual([one]);
    return "two";
  });
  const { consul_keys: written } = json.resource as unknown as { consul_keys: Record<string, object> };
  expect(Object.keys(written)).toEqual(["hello"]);
  expect(written.hello).not.toHaveProperty("depends_on");
});

const PEM = `-----BEGIN CERTIFICATE-----\n${"A".repeat(128)}\n-----END CERTIFICATE-----\n`;

describe("refused at once, with what to do instead:", () => {
  test.each<[string, Build, string]>([
    [
      "an id that APISIX does not take",
      route({ objectId: "hello world" }),
      "test/hello: 'objectId' must be 1 to 64 letters, digits, '-', '_' and '.', got \"hello world\": write it like 'hello'",
    ],
    [
      "a construct's id that Terraform would shorten",
      (stack, gateway) => new Route(stack, "api.example", { gateway, uri: "/", upstream: nodes() }),
      "test/api.example: 'id' must have letters, digits, '-' and '_' only, got \"api.example\": choose another one, and give objectId: 'api.example'",
    ],
    [
      "a secret that the gateway does not have",
      consumer(Plugin.keyAuthCredential({ key: "$ENV://JOHN_KEY" })),
      "test/jack: 'plugins.key-auth.key' must name a secret that the gateway has, got \"$ENV://JOHN_KEY\": add JOHN_KEY to the gateway's secrets, or name one of them",
    ],
    [
      "an upstream of another gateway",
      (stack, gateway) => {
        const other = Gateway.fromGatewayAttributes(stack, "other", { version: "3.18.0" });
        const shared = new SharedUpstream(stack, "nodes", { gateway: other, upstream: nodes() });
        route({ upstream: shared })(stack, gateway);
      },
      "test/hello: 'upstream' must be of the same gateway, and test/nodes is of test/other, got \"nodes\": make one for test/gateway",
    ],
    [
      "what APISIX would replace",
      plugin(Plugin.proxyRewrite({ headers: { set: { "X-Key": "${{KEY}}" } } })),
      "test/hello: 'plugins.proxy-rewrite.headers.set.X-Key' can't have '${{' in it, which APISIX replaces by a variable of its environment, got \"${{KEY}}\": name a secret by gateway.secret(\"NAME\"), and write everything else itself",
    ],
    [
      "a consumer's name with a dot",
      (stack, gateway) => new Consumer(stack, "jack", { gateway, username: "jack.smith" }),
      "test/jack: 'username' must be 1 to 256 letters, digits, '-' and '_', got \"jack.smith\": write it like 'jack'",
    ],
    [
      "a private key in plain text",
      (stack, gateway) =>
        new Certificate(stack, "www", { gateway, snis: ["a.example"], certificate: PEM, privateKey: PEM }),
      "test/www: 'privateKey' must name a secret and not be one: every reader of Consul would have it: give it to the gateway's secrets, and write gateway.secret(\"NAME\") here",
    ],
    [
      "a certificate that is none, and without server names",
      (stack, gateway) =>
        new Certificate(stack, "www", {
          ...{ gateway, snis: [], certificate: "/etc/ssl/www.pem", clientDepth: 1 },
          privateKey: gateway.secret("PRIVATE_KEY"),
        }),
      [
        "test/www: 3 problems",
        "  - 'snis' must hold at least one: leave it out for every host",
        "  - 'certificate' must be a certificate as PEM of at most 64 KiB, or name a secret: give gateway.secret(\"NAME\"), or the text that starts with -----BEGIN CERTIFICATE-----",
        "  - 'clientDepth' must go with clientCa, or it does nothing, got 1: leave it out",
      ].join("\n"),
    ],
    [
      "a stream route with a plugin for requests",
      (stack, gateway) =>
        new StreamRoute(stack, "db", { gateway, serverPort: 0, upstream: nodes(), plugins: [Plugin.cors()] }),
      [
        "test/db: 2 problems",
        "  - 'serverPort' must be a whole number from 1 to 65535, got 0: give a port that the gateway listens on",
        "  - 'plugins[0]' must be one for connections, got \"cors\": leave it out of the stream route",
      ].join("\n"),
    ],
    [
      "a global rule of nothing",
      (stack, gateway) => new GlobalRule(stack, "all", { gateway, plugins: [] }),
      "test/all: 'plugins' must hold at least one: for example Plugin.prometheus()",
    ],
  ])("%s", (_, build, message) => {
    expect(refusalOf(build)).toBe(message);
  });
});

describe("a reference that Terraform resolves later", () => {
  const words = "must be known at synth, and this is a reference that Terraform resolves later";
  const cure = 'name a secret by gateway.secret("NAME"), and write everything else itself';
  const variable = (stack: TerraformStack): TerraformVariable =>
    new TerraformVariable(stack, "key", { type: "string", sensitive: true });

  test("is refused wherever it is", () => {
    const build: Build = (stack, gateway) => {
      const { stringValue: text, numberValue: number } = variable(stack);
      const plugins = [
        Plugin.limitCount({ count: number, timeWindow: "1s" }),
        Plugin.other("echo", { body: { [text]: "" } }),
      ];
      route({ hosts: [`www.${text}`], upstream: Upstream.toService(text), plugins })(stack, gateway);
    };
    expect(refusalOf(build)).toBe(
      [
        "test/hello: 4 problems",
        `  - 'hosts[0]' ${words}: ${cure}`,
        `  - 'upstream.service_name' ${words}: ${cure}`,
        `  - 'plugins.limit-count.count' ${words}: ${cure}`,
        `  - 'plugins.echo.body' ${words}: ${cure}`,
      ].join("\n"),
    );
  });

  test("is refused of the override, too", () => {
    const override = (document: Record<string, unknown>): Record<string, unknown> => ({
      ...document,
      desc: Fn.upper("a"),
    });
    expect(refusalOf(route({ override }))).toBe(`test/hello: 'desc' ${words}: ${cure}`);
  });
});
