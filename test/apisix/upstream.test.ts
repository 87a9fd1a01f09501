import {
  EmptyPolicy,
  Route,
  ServiceUpstreamOptions,
  SharedUpstream,
  StreamRoute,
  Upstream,
  UpstreamType,
} from "../../constructs";
import { checks, route, upstream } from "./support/builds";
import { Build, documents, refusalOf } from "./support/gateway";

describe("an upstream is refused at once, with what to do instead:", () => {
  test.each<[string, Build, string]>([
    [
      "a route to nowhere",
      route({ upstream: undefined }),
      "test/hello: 'upstream' must be given, or 'service', or a plugin that answers by itself: for example upstream: Upstream.toService(job.service(\"www\"))",
    ],
    [
      "an upstream without nodes",
      route({ upstream: Upstream.toNodes({}) }),
      "test/hello: 'upstream.nodes' must hold a node: for example { \"10.0.0.5:80\": 1 }",
    ],
    [
      "nodes without a port, and with too little weight",
      route({ upstream: Upstream.toNodes({ "httpbin.org": 1, "10.0.0.5:80": -1 }) }),
      [
        "test/hello: 2 problems",
        "  - 'upstream.nodes' must be named HOST:PORT, got \"httpbin.org\": write it like '10.0.0.5:80', 'httpbin.org:80' or '[2001:db8::1]:80'",
        "  - 'upstream.nodes[\"10.0.0.5:80\"]' must be a whole number, 0 or more, got -1: 1 is usual, 0 takes no requests",
      ].join("\n"),
    ],
    [
      "a service with a port in its name",
      route({ upstream: Upstream.toService("hello:8001") }),
      "test/hello: 'upstream.service' must be the name of a service in Consul, got \"hello:8001\": give its name alone; Consul knows the port",
    ],
    [
      "a service by a number",
      route({ upstream: Upstream.toService(8001 as unknown as string) }),
      "test/hello: 'upstream.service' must be the name of a service in Consul, got 8001: give its name alone; Consul knows the port",
    ],
    [
      "a service that is registered by a port's number",
      route({ upstream: Upstream.toService({ name: "hello", port: "8001" }) }),
      "test/hello: 'upstream.service' can't be registered by a port's number: its instances have no address then, got \"8001\": register it by the label of a port",
    ],
    [
      "a grace that is no time",
      route({ upstream: Upstream.toService("hello", { whenEmpty: EmptyPolicy.refuse({ grace: "-1s" }) }) }),
      "test/hello: 'upstream.whenEmpty.grace' must be a duration, got \"-1s\": write it like '10s', '1m30s' or '500ms'",
    ],
    [
      "a service by a tag",
      route({ upstream: Upstream.toService({ name: "hello", tag: "v2" }) }),
      "test/hello: 'upstream.service' can't be the instances with a tag, because APISIX asks Consul for a name and takes all of its instances, got \"v2\": register them under a name of their own",
    ],
    [
      "a hash of nothing",
      upstream({ type: UpstreamType.CHASH }),
      "test/hello: 'upstream.key' must go with UpstreamType.CHASH: it says what is hashed: for example key: 'remote_addr', or hashOn: 'consumer'",
    ],
    [
      "a hash without its type",
      upstream({ key: "remote_addr" }),
      "test/hello: 'upstream.key' must go with type: UpstreamType.CHASH, or it does nothing, got \"remote_addr\": add the type, or leave it out",
    ],
    [
      "a host that is not passed",
      upstream({ upstreamHost: "a.example" }),
      "test/hello: 'upstream.upstreamHost' must go with passHost: 'rewrite', or it does nothing, got \"a.example\": add passHost: 'rewrite', or leave it out",
    ],
    [
      "a stream's protocol in a route",
      upstream({ scheme: "tcp" }),
      "test/hello: 'upstream.scheme' can't be tcp, tls or udp outside of stream routes, got \"tcp\": use 'http'",
    ],
    [
      "times and counts out of range",
      upstream({
        retries: -1,
        retryTimeout: "-1s",
        timeout: { connect: "0s", send: "1s", read: 1 as unknown as string },
        keepalivePool: { size: 0, idleTimeout: "1 minute" },
      }),
      [
        "test/hello: 6 problems",
        "  - 'upstream.retries' must be a whole number, 0 or more, got -1: leave it out to try every node",
        "  - 'upstream.retryTimeout' must be a duration, got \"-1s\": write it like '10s', '1m30s' or '500ms'",
        "  - 'upstream.keepalivePool.idleTimeout' must be a duration, got \"1 minute\": write it like '10s', '1m30s' or '500ms'",
        "  - 'upstream.timeout.connect' must be a duration above 0s, got \"0s\": for example '6s'",
        "  - 'upstream.timeout.read' must be a duration, got 1: write it like '10s', '1m30s' or '500ms'",
        "  - 'upstream.keepalivePool.size' must be a whole number, 1 or more, got 0: leave it out for APISIX's default",
      ].join("\n"),
    ],
    [
      "a passive check alone",
      checks({ passive: {} }),
      "test/hello: 'upstream.checks.active' must be given: without it nothing brings back a node that a passive check took out: add active: {}, which asks for '/' every second, or leave 'checks' out",
    ],
    [
      "a check that never asks, asks for a URL, and takes no status for good",
      checks({
        active: {
          httpPath: "http://a.example/health",
          healthy: { interval: "0s", httpStatuses: [] },
          unhealthy: { httpStatuses: [199, 500, 500], httpFailures: 255 },
          reqHeaders: ["User-Agent"],
        },
      }),
      [
        "test/hello: 7 problems",
        "  - 'upstream.checks.active.healthy.interval' must be a duration of whole seconds, 1s or more, got \"0s\": to have no check, leave 'checks' out",
        "  - 'upstream.checks.active.unhealthy.httpFailures' must be a whole number from 1 to 254, got 255: leave it out for APISIX's default",
        "  - 'upstream.checks.active.httpPath' must start with '/', got \"http://a.example/health\": write '/health'; host and port are the node's",
        "  - 'upstream.checks.active.reqHeaders' must be whole header lines, got \"User-Agent\": write it like 'User-Agent: gateway'",
        "  - 'upstream.checks.active.healthy.httpStatuses' must hold at least one: leave it out for APISIX's default",
        "  - 'upstream.checks.active.unhealthy.httpStatuses' can't hold the same twice, got 500: leave one of them out",
        "  - 'upstream.checks.active.unhealthy.httpStatuses' must be a whole number from 200 to 599, got 199: list HTTP statuses like 200 or 503",
      ].join("\n"),
    ],
  ])("%s", (_, build, message) => {
    expect(refusalOf(build)).toBe(message);
  });
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

test("what a gateway does with a service that has no healthy instance, and how long it waits for one that is gone", () => {
  const to = (options: ServiceUpstreamOptions): Upstream =>
    Upstream.toService("hello", { elsewhere: true, ...options });
  const made = documents((stack, gateway) => {
    const [route, refuse, now, keep] = ["route", "refuse", "now", "keep"].map((id) => ({ gateway, uri: `/${id}` }));
    new Route(stack, "route", { ...route!, upstream: to({}) });
    new Route(stack, "refuse", { ...refuse!, upstream: to({ whenEmpty: EmptyPolicy.refuse() }) });
    new Route(stack, "now", { ...now!, upstream: to({ whenEmpty: EmptyPolicy.refuse({ grace: "0s" }) }) });
    Route.toJob(stack, "keep", { service: () => ({ name: "hello", lag: "0s" }) }, undefined, {
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
