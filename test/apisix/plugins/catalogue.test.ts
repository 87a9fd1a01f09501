import { DEFAULT_PLUGINS, GatewayAttributes, Plugin } from "../../../constructs";
import { isKnownPlugin } from "../../../constructs/apisix/plugins/catalogue";
import { checks, plugin } from "../support/builds";
import { Build, refusalOf } from "../support/gateway";

test("which plugins a release has", () => {
  const since = (name: string): boolean[] => ["3.16.0", "3.17.0", "3.18.0"].map((each) => isKnownPlugin(name, each));
  expect(since("limit-count")).toEqual([true, true, true]);
  expect(since("mqtt-proxy")).toEqual([true, true, true]);
  expect(since("acl")).toEqual([false, true, true]);
  expect(since("ai-cache")).toEqual([false, false, true]);
  expect(since("limit-cuont")).toEqual([false, false, false]);
  expect(DEFAULT_PLUGINS.filter((name) => !isKnownPlugin(name, "3.16.0"))).toEqual([]);
});

describe("what only a newer APISIX knows:", () => {
  const OLD: Partial<GatewayAttributes> = {
    version: "3.16.0",
    plugins: [...DEFAULT_PLUGINS, "acl", "ai-proxy-multi"],
  };

  test.each<[string, Build, string]>([
    [
      "a plugin",
      plugin(Plugin.other("acl", {})),
      "test/hello: 'plugins[0]' can't be used with APISIX 3.16.0: it came with 3.17.0, got \"acl\": give the gateway APISIX 3.17.0 or newer, or leave it out",
    ],
    [
      "a window that slides",
      plugin(Plugin.limitCount({ count: 1, timeWindow: "1s", windowType: "sliding" })),
      "test/hello: 'plugins[0].windowType' is known to APISIX since 3.18.0, and 3.16.0 runs, got \"sliding\": leave it out, or upgrade the gateway's APISIX to 3.18.0 or newer",
    ],
    [
      "a value of a field that is older",
      plugin(Plugin.requestId({ algorithm: "uuidv7" })),
      "test/hello: 'plugins[0].algorithm' is known to APISIX since 3.17.0, and 3.16.0 runs, got \"uuidv7\": leave it out, or upgrade the gateway's APISIX to 3.17.0 or newer",
    ],
    [
      "a field of a plugin without a maker, in a list",
      plugin(Plugin.other("ai-proxy-multi", { instances: [{}, { threshold: 0.5 }] })),
      "test/hello: 'plugins[0].instances[1].threshold' is known to APISIX since 3.18.0, and 3.16.0 runs, got 0.5: leave it out, or upgrade the gateway's APISIX to 3.18.0 or newer",
    ],
    [
      "a secret in any plugin",
      plugin(
        Plugin.limitReq({
          ...{ rate: 1, burst: 0, key: "remote_addr", policy: "redis", redisHost: "10.0.0.5" },
          redisPassword: "$env://REDIS_PASSWORD",
        }),
      ),
      "test/hello: 'plugins[0].redis_password' can't name a secret in limit-req before APISIX 3.17, which would take the reference for the secret, got \"$env://REDIS_PASSWORD\": give the gateway a newer APISIX",
    ],
    [
      "the method of a check",
      checks({ active: { httpMethod: "HEAD" } }),
      "test/hello: 'upstream.checks.active.httpMethod' is known to APISIX since 3.18.0, and 3.16.0 runs, got \"HEAD\": leave it out, or upgrade the gateway's APISIX to 3.18.0 or newer",
    ],
    [
      "a header of several values",
      plugin(Plugin.proxyRewrite({ headers: { add: { "X-A": ["1", "2"] } } })),
      'test/hello: \'plugins[0].headers.add["X-A"]\' can\'t have several values before APISIX 3.18, got ["1","2"]: write one, with commas',
    ],
  ])("%s", (_, build, message) => {
    expect(refusalOf(build, OLD)).toBe(message);
    expect(refusalOf(build, { plugins: OLD.plugins })).toBeUndefined();
  });

  test("a Redis with sentinels, which 3.17 would not read", () => {
    const counter = {
      policy: "redis-sentinel",
      redisMasterName: "m",
      redisSentinels: [{ host: "10.0.0.5", port: 26379 }],
    } as const;
    const build = plugin(Plugin.limitCount({ count: 1, timeWindow: "1s", ...counter }));
    const since = "is known to APISIX since 3.18.0, and 3.17.0 runs";
    const cure = "leave it out, or upgrade the gateway's APISIX to 3.18.0 or newer";
    expect(refusalOf(build, { version: "3.17.0" })).toBe(
      [
        "test/hello: 3 problems",
        `  - 'plugins[0].policy' ${since}, got "redis-sentinel": ${cure}`,
        `  - 'plugins[0].redisMasterName' ${since}, got "m": ${cure}`,
        `  - 'plugins[0].redisSentinels' ${since}: ${cure}`,
      ].join("\n"),
    );
    expect(refusalOf(build)).toBeUndefined();
  });
});
