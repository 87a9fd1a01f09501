import { DEFAULT_PLUGINS, Plugin, Route, Upstream } from "../../../constructs";
import { consumer, nodes, plugin } from "../support/builds";
import { everyObject } from "../support/every-object";
import { Build, documents, refusalOf } from "../support/gateway";

const plugins = [...DEFAULT_PLUGINS, "response-rewrite"];
const upstream = Upstream.toNodes({ "10.0.0.5:80": 1 });

test("every plugin with a maker is in that text, and is one that a gateway loads by default", () => {
  const used = Object.values(documents(everyObject, { plugins })).flatMap((document) =>
    Object.keys(document.plugins ?? {}),
  );
  expect([...new Set(used)].sort()).toEqual([...plugins].sort());
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

describe("a plugin is refused at once, with what to do instead:", () => {
  test.each<[string, Build, string]>([
    [
      "a limit without a window, and one of nothing",
      plugin(Plugin.limitCount({ count: 0 })),
      [
        "test/hello: 2 problems",
        "  - 'plugins[0].timeWindow' must be given if there are no rules: for example count: 100, timeWindow: '1m'",
        "  - 'plugins[0].count' must be a whole number, 1 or more, got 0: for example count: 100, timeWindow: '1m'",
      ].join("\n"),
    ],
    [
      "durations that APISIX does not count",
      plugin(
        Plugin.limitCount({
          ...{ count: 1, timeWindow: "1500ms", policy: "redis", redisHost: "10.0.0.5", syncInterval: "2s" },
          ...{ redisTimeout: "500us", redisKeepaliveTimeout: "999ms" },
        }),
        Plugin.cors({ maxAge: "-1s" }),
      ),
      [
        "test/hello: 5 problems",
        "  - 'plugins[0].timeWindow' must be a duration of whole seconds, 1s or more, got \"1500ms\": for example count: 100, timeWindow: '1m'",
        "  - 'plugins[0].redisTimeout' must be a duration of whole milliseconds, 1ms or more, got \"500us\": use '1ms' or more",
        "  - 'plugins[0].redisKeepaliveTimeout' must be a duration of whole milliseconds, 1s or more, got \"999ms\": use '1s' or more",
        "  - 'plugins[0].syncInterval' must be below timeWindow, got \"2s\": leave it out to write at once",
        "  - 'plugins[1].maxAge' must be a duration, got \"-1s\": write it like '10s', '1m30s' or '500ms'",
      ].join("\n"),
    ],
    [
      "two limits by one key",
      plugin(
        Plugin.limitCount({
          rules: [
            { count: 1, timeWindow: "1s", key: "$a" },
            { count: 9, timeWindow: "9s", key: "$a" },
          ],
        }),
      ),
      "test/hello: 'plugins[0].rules' can't hold the same twice, got \"$a\": leave one of them out",
    ],
    [
      "a Redis that is not used, and one that is nowhere",
      plugin(
        Plugin.limitCount({ count: 1, timeWindow: "1s", redisHost: "10.0.0.5" }),
        Plugin.limitReq({ rate: 1, burst: 0, key: "remote_addr", policy: "redis" }),
      ),
      [
        "test/hello: 2 problems",
        "  - 'plugins[0].redisHost' must go with a policy that keeps the count in a Redis, or it does nothing: add policy: 'redis', or leave it out",
        "  - 'plugins[1].redisHost' must go with policy: 'redis': say where the Redis is",
      ].join("\n"),
    ],
    [
      "redirecting in two ways",
      plugin(Plugin.redirect({ uri: "/new", httpToHttps: true })),
      "test/hello: 'plugins[0]' must have exactly one of uri, regexUri and httpToHttps: leave the others out",
    ],
    [
      "rewriting nothing",
      plugin(Plugin.proxyRewrite({})),
      "test/hello: 'plugins[0]' must change something: for example uri: '/v1$uri'",
    ],
    [
      "credentials from everywhere",
      plugin(Plugin.cors({ allowCredential: true, allowMethods: "GET", allowHeaders: "**" })),
      "test/hello: 'plugins[0].allowOrigins' can't be '*' with allowCredential, got \"*\": name them, or use '**' to allow all",
    ],
    [
      "two lists of addresses",
      plugin(Plugin.ipRestriction({ whitelist: ["10.0.0.1"], blacklist: ["a"] })),
      [
        "test/hello: 2 problems",
        "  - 'plugins[0]' must have exactly one of whitelist and blacklist: give the list of those allowed",
        "  - 'plugins[0].blacklist' must be IP addresses or subnets, got \"a\": write it like '192.168.139.184' or '10.0.0.0/8'",
      ].join("\n"),
    ],
    [
      "a breaker that takes good for bad",
      plugin(Plugin.apiBreaker({ breakResponseCode: 99, maxBreakerTime: "2s", unhealthy: { httpStatuses: [404] } })),
      [
        "test/hello: 3 problems",
        "  - 'plugins[0].breakResponseCode' must be a whole number from 200 to 599, got 99: 502 is usual",
        "  - 'plugins[0].maxBreakerTime' must be a duration of whole seconds, 3s or more, got \"2s\": use '3s' or more",
        "  - 'plugins[0].unhealthy.httpStatuses' must be a whole number from 500 to 599, got 404: list HTTP statuses like 200 or 503",
      ].join("\n"),
    ],
    [
      "a split to nowhere",
      plugin(
        Plugin.trafficSplit({ rules: [{ weightedUpstreams: [{ upstream: nodes(), weight: 0 }, { weight: 0 }] }] }),
      ),
      "test/hello: 'plugins[0].rules[0].weightedUpstreams' must have a weight above 0, or no request goes anywhere, got [0,0]: for example [{ upstream, weight: 10 }, { weight: 90 }]",
    ],
    [
      "a token without anything to check it with",
      consumer(Plugin.jwtAuthCredential({ key: "jack" })),
      "test/jack: 'plugins[0].secret' must go with HS256: give gateway.secret(\"NAME\")",
    ],
  ])("%s", (_, build, message) => {
    expect(refusalOf(build)).toBe(message);
  });

  test("a split whose upstream is wrong", () => {
    const build = plugin(
      Plugin.trafficSplit({ rules: [{ weightedUpstreams: [{ upstream: nodes({ retries: -1 }) }] }] }),
    );
    expect(refusalOf(build)).toContain(
      "test/hello: 'plugins[0].rules[0].weightedUpstreams[0].upstream.retries' must be a whole number",
    );
  });
});
