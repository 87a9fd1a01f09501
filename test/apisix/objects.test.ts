import { ConsulProvider } from "@cdktf/provider-consul/lib/provider";
import { TerraformStack } from "cdktf";
import * as fc from "fast-check";
import { parse } from "yaml";
import {
  DEFAULT_PLUGINS,
  EmptyPolicy,
  Gateway,
  GatewayService,
  IGateway,
  isKnownPlugin,
  Plugin,
  Route,
  ServiceUpstreamOptions,
  SharedUpstream,
  StreamRoute,
  Upstream,
} from "../../constructs";
import { oneLine } from "../../constructs/apisix/render/document";
import { expectGolden } from "../support/golden";
import { synthApp } from "../support/synth";
import { everyObject } from "./support/every-object";
import { documents, keys, resources } from "./support/gateway";

const plugins = [...DEFAULT_PLUGINS, "response-rewrite"];
const upstream = Upstream.toNodes({ "10.0.0.5:80": 1 });

test("every object, as Consul holds it", () => {
  const lines = Object.entries(keys(everyObject, { plugins })).map(([key, value]) => `${key}\n  ${value}\n`);
  expectGolden("apisix.objects.txt", lines.join("\n"));
});

test("every plugin with a maker is in that text, and is one that a gateway loads by default", () => {
  const used = Object.values(documents(everyObject, { plugins })).flatMap((document) =>
    Object.keys(document.plugins ?? {}),
  );
  expect([...new Set(used)].sort()).toEqual([...plugins].sort());
});

test("a document is a line of YAML, too, since a gateway's template puts it into YAML", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 20 });
  const awkward = fc.constantFrom(
    "\u2028",
    "\u0085",
    "\u007f",
    "\ufeff",
    "#END",
    "\n#END\n",
    "- a: b",
    "é",
    "😀",
    "\\",
  );
  fc.assert(
    fc.property(
      fc.dictionary(text, fc.oneof(text, awkward, fc.integer(), fc.boolean(), fc.array(text))),
      (document) => {
        const line = oneLine(document);
        expect(line).not.toMatch(/[\n\r\u2028\u2029\u0085]/);
        expect(JSON.parse(line)).toEqual(document);
        expect(parse(line)).toEqual(document);
      },
    ),
  );
});

test("a check that is left out in part is no half check: APISIX would never check unhealthy nodes again", () => {
  const checks = { active: { timeout: "2s", unhealthy: { httpFailures: 2 } }, passive: { healthy: { successes: 3 } } };
  const { "routes/hello": route } = documents((stack, gateway) => {
    const checked = Upstream.toNodes({ "10.0.0.5:80": 1 }, { checks });
    new Route(stack, "hello", { gateway, uri: "/hello", upstream: checked });
  });
  expect(route).toMatchObject({
    upstream: {
      checks: {
        active: { timeout: 2, healthy: { interval: 1 }, unhealthy: { interval: 1, http_failures: 2 } },
        passive: { healthy: { successes: 3 }, unhealthy: { http_failures: 5 } },
      },
    },
  });
});

test("durations become the numbers that APISIX counts", () => {
  const counter = {
    policy: "redis",
    redisHost: "10.0.0.5",
    redisTimeout: "1.5s",
    redisKeepaliveTimeout: "1m",
  } as const;
  const { "routes/hello": route } = documents((stack, gateway) => {
    const plugins = [
      Plugin.limitCount({ count: 1, timeWindow: "1h30m", ...counter }),
      Plugin.cors({ maxAge: "0s" }),
      Plugin.apiBreaker({ maxBreakerTime: "2m", breakResponseCode: 502 }),
    ];
    const timeout = { connect: "500ms", send: "1.5s", read: "1m0.25s" };
    new Route(stack, "hello", { gateway, uri: "/hello", upstream, timeout, plugins });
  });
  expect(route).toMatchObject({
    timeout: { connect: 0.5, send: 1.5, read: 60.25 },
    plugins: {
      "limit-count": { time_window: 5400, redis_timeout: 1500, redis_keepalive_timeout: 60000 },
      cors: { max_age: 0 },
      "api-breaker": { max_breaker_sec: 120, break_response_code: 502 },
    },
  });
});

test("what a gateway does with a service that has no healthy instance, and how long it waits for one that is gone", () => {
  const to = (options: ServiceUpstreamOptions): Upstream =>
    Upstream.toService("hello", { elsewhere: true, ...options });
  const made = documents((stack, gateway) => {
    const [route, refuse, now, keep] = ["route", "refuse", "now", "keep"].map((id) => ({ gateway, uri: `/${id}` }));
    new Route(stack, "route", { ...route!, upstream: to({}) });
    new Route(stack, "refuse", { ...refuse!, upstream: to({ whenEmpty: EmptyPolicy.refuse() }) });
    new Route(stack, "now", { ...now!, upstream: to({ whenEmpty: EmptyPolicy.refuse({ graceSeconds: 0 }) }) });
    Route.toJob(stack, "keep", { service: () => ({ name: "hello", lag: 0 }) }, undefined, {
      ...keep!,
      upstreamOptions: {
        elsewhere: true,
        whenEmpty: EmptyPolicy.keepLast(),
        timeout: { connect: "9s", send: "9s", read: "9s" },
      },
    });
    new StreamRoute(stack, "stream", { gateway, serverPort: 53, upstream: to({}) });
    new SharedUpstream(stack, "shared", { gateway, upstream: to({ scheme: "udp" }) });
  });
  const upstreams = Object.fromEntries(
    Object.entries(made).map(([key, object]) => {
      const { discovery_args: args, timeout } = (object.upstream ?? object) as Record<string, unknown>;
      return [key.split("/")[1] ?? "", [args, timeout]];
    }),
  );
  const usual = { connect: 2, send: 60, read: 60 };
  expect(upstreams).toEqual({
    route: [undefined, usual],
    refuse: [{ grace_seconds: 30 }, usual],
    now: [{ grace_seconds: 0 }, usual],
    keep: [{ grace_seconds: -1 }, { connect: 9, send: 9, read: 9 }],
    // A connection may be silent for as long as it likes.
    stream: [undefined, undefined],
    shared: [undefined, undefined],
  });
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

test("which plugins a release has", () => {
  const since = (name: string): boolean[] => ["3.16.0", "3.17.0", "3.18.0"].map((each) => isKnownPlugin(name, each));
  expect(since("limit-count")).toEqual([true, true, true]);
  expect(since("mqtt-proxy")).toEqual([true, true, true]);
  expect(since("acl")).toEqual([false, true, true]);
  expect(since("ai-cache")).toEqual([false, false, true]);
  expect(since("limit-cuont")).toEqual([false, false, false]);
  expect(DEFAULT_PLUGINS.filter((name) => !isKnownPlugin(name, "3.16.0"))).toEqual([]);
});
