import { Fn, TerraformVariable, TerraformStack } from "cdktf";
import {
  EmptyPolicy,
  Certificate,
  Condition,
  Consumer,
  DEFAULT_PLUGINS,
  Gateway,
  GatewayAttributes,
  GatewayService,
  GlobalRule,
  Plugin,
  Route,
  RouteProps,
  SharedUpstream,
  StreamRoute,
  Upstream,
  UpstreamHealthCheck,
  UpstreamOptions,
  UpstreamType,
} from "../../constructs";
import { Build, refusalOf } from "./support/gateway";

const nodes = (options: UpstreamOptions = {}): Upstream => Upstream.toNodes({ "10.0.0.5:80": 1 }, options);

/** A route `hello` that is good but for what is given. */
function route(props: Partial<RouteProps>): Build {
  return (stack, gateway) => new Route(stack, "hello", { gateway, uri: "/hello", upstream: nodes(), ...props });
}

function upstream(options: UpstreamOptions): Build {
  return route({ upstream: nodes(options) });
}

function plugin(...plugins: Plugin[]): Build {
  return route({ plugins });
}

function checks(options: object): Build {
  return upstream({ checks: options as UpstreamHealthCheck });
}

function consumer(...plugins: Plugin[]): Build {
  return (stack, gateway) => new Consumer(stack, "jack", { gateway, plugins });
}

const PEM = `-----BEGIN CERTIFICATE-----\n${"A".repeat(128)}\n-----END CERTIFICATE-----\n`;

describe("refused at once, with what to do instead:", () => {
  test.each<[string, Build, string]>([
    [
      "a route without a uri",
      route({ uri: undefined }),
      "test/hello: 'uri' must be there, or uris: for example uri: '/hello/*'",
    ],
    [
      "a route with uri and uris",
      route({ uris: ["/a"] }),
      "test/hello: 'uri' can't go with uris, got \"/hello\": leave out uri, and add it to uris",
    ],
    [
      "a uri that is a URL",
      route({ uri: "http://www.example.com/hello" }),
      "test/hello: 'uri' must start with '/', got \"http://www.example.com/hello\": write '/hello'",
    ],
    [
      "a star in the middle of a uri",
      route({ uri: undefined, uris: ["/a", "/b/*/c"] }),
      "test/hello: 'uris' can have '*' at the end only, got \"/b/*/c\": write '/b/*'",
    ],
    [
      "arguments in a uri",
      route({ uri: "/hello?a=b" }),
      'test/hello: \'uri\' must be a path alone, without \'?\', \'#\' and white space, got "/hello?a=b": match arguments by vars: [["arg_version", "==", "v2"]]',
    ],
    [
      "a route to nowhere",
      route({ upstream: undefined }),
      "test/hello: 'upstream' must be there, or 'service', or a plugin that answers by itself: for example upstream: Upstream.toService(job.service(\"www\"))",
    ],
    [
      "a route to two places",
      (stack, gateway) => {
        const service = new GatewayService(stack, "site", { gateway, upstream: nodes() });
        route({ service })(stack, gateway);
      },
      "test/hello: 'upstream' can't go with 'service', which has one: leave either out",
    ],
    [
      "an unknown method",
      route({ methods: ["get"] }),
      "test/hello: 'methods' must be of GET POST PUT DELETE PATCH HEAD OPTIONS CONNECT TRACE PURGE, got \"get\": use capitals",
    ],
    [
      "a priority that is not whole",
      route({ priority: 1.5 }),
      "test/hello: 'priority' must be a whole number, got 1.5: 0 is usual, higher ones win",
    ],
    [
      "a host with a path",
      route({ hosts: ["www.example.com/a"] }),
      "test/hello: 'hosts' must be host names, with '*' at most at the start, got \"www.example.com/a\": write it like 'www.example.com' or '*.example.com'",
    ],
    [
      "a client's address that is a name",
      route({ remoteAddrs: ["localhost"] }),
      "test/hello: 'remoteAddrs' must be IP addresses or subnets, got \"localhost\": write it like '192.168.139.184' or '10.0.0.0/8'",
    ],
    [
      "vars that are no conditions",
      route({ vars: [["arg_a", "="] as unknown as Condition, ["$arg_a", "==", 1], ["arg_a", "=", 1]] }),
      [
        "test/hello: 3 problems",
        '  - \'vars[0]\' must be [name, operator, value], got ["arg_a","="]: write it like ["arg_version", "==", "v2"]',
        "  - 'vars[1]' must have a name without a dollar, got \"$arg_a\": write 'arg_a'",
        '  - \'vars[2]\' must have one of the operators == ~= > >= < <= ~~ ~* in has ipmatch, got "=": write it like ["arg_version", "==", "v2"]',
      ].join("\n"),
    ],
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
      route({ upstream: Upstream.toService("hello", { whenEmpty: EmptyPolicy.refuse({ graceSeconds: -1 }) }) }),
      "test/hello: 'upstream.whenEmpty.graceSeconds' must be a whole number from 0 to 86400, got -1: 30 is usual",
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
      "test/hello: 'upstream.checks.active' must be there: without it nothing brings back a node that a passive check took out: add active: {}, which asks for '/' every second, or leave 'checks' out",
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
    [
      "a plugin that the gateway does not load",
      plugin(Plugin.other("gzip", {})),
      "test/hello: 'plugins[0]' must be loaded by the gateway, which would drop the whole object, got \"gzip\": add it to the gateway's 'plugins'",
    ],
    [
      "an unknown plugin",
      plugin(Plugin.other("limit-cuont", {})),
      "test/hello: 'plugins[0]' must be loaded by the gateway, which would drop the whole object, got \"limit-cuont\": mind the spelling: APISIX 3.18.0 has no such plugin; one of your own goes into the gateway's 'plugins'",
    ],
    [
      "a plugin twice",
      plugin(Plugin.prometheus(), Plugin.other("prometheus", {})),
      "test/hello: 'plugins[1]' can't be there twice in one object, got \"prometheus\": make one of the two",
    ],
    [
      "a credential on a route",
      plugin(Plugin.keyAuthCredential({ key: "$env://JACK_KEY" })),
      "test/hello: 'plugins[0]' must be of a consumer, got \"key-auth\": use Plugin.keyAuth() here",
    ],
    [
      "a limit without a window, and one of nothing",
      plugin(Plugin.limitCount({ count: 0 })),
      [
        "test/hello: 2 problems",
        "  - 'plugins[0].timeWindow' must be there, where there are no rules: for example count: 100, timeWindow: '1m'",
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
        "  - 'plugins[0].redisTimeout' must be a duration of whole milliseconds, 1ms or more, got \"500us\": leave it out for APISIX's default",
        "  - 'plugins[0].redisKeepaliveTimeout' must be a duration of whole milliseconds, 1s or more, got \"999ms\": leave it out for APISIX's default",
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
      "a password in plain text",
      plugin(
        Plugin.limitCount({
          count: 1,
          timeWindow: "1s",
          policy: "redis",
          redisHost: "10.0.0.5",
          redisPassword: "hunter2",
        }),
      ),
      "test/hello: 'plugins[0].redis_password' must name a secret and not be one: every reader of Consul would have it: give it to the gateway's secrets, and write gateway.secret(\"NAME\") here",
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
        "  - 'plugins[0].maxBreakerTime' must be a duration of whole seconds, 3s or more, got \"2s\": leave it out for APISIX's default",
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
      "a split whose upstream is wrong",
      plugin(Plugin.trafficSplit({ rules: [{ weightedUpstreams: [{ upstream: nodes({ retries: -1 }) }] }] })),
      "test/hello: 'plugins[0].rules[0].weightedUpstreams[0].upstream.retries' must be a whole number, 0 or more, got -1: leave it out to try every node",
    ],
    [
      "a consumer's key in plain text",
      consumer(Plugin.keyAuthCredential({ key: "hunter2" })),
      "test/jack: 'plugins[0].key' must name a secret and not be one: every reader of Consul would have it: give it to the gateway's secrets, and write gateway.secret(\"NAME\") here",
    ],
    [
      "a secret that the gateway does not have",
      consumer(Plugin.keyAuthCredential({ key: "$ENV://JOHN_KEY" })),
      "test/jack: 'plugins.key-auth.key' must name a secret that the gateway has, got \"$ENV://JOHN_KEY\": add JOHN_KEY to the gateway's secrets, or name one of them",
    ],
    [
      "a guard on a consumer",
      consumer(Plugin.jwtAuth()),
      "test/jack: 'plugins[0]' can't guard a consumer, got \"jwt-auth\": use Plugin.jwtAuthCredential({ … })",
    ],
    [
      "a token without anything to check it with",
      consumer(Plugin.jwtAuthCredential({ key: "jack" })),
      "test/jack: 'plugins[0].secret' must go with HS256: give gateway.secret(\"NAME\")",
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
  ])("%s", (_, build, message) => {
    expect(refusalOf(build)).toBe(message);
  });
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

test("a gateway has the secrets that it was given, and is of a known release", () => {
  expect(refusalOf((_, gateway) => gateway.secret("JOHN_KEY"), { secrets: ["JACK_KEY"] })).toBe(
    "test/gateway: 'secrets' must have what is asked for (it has JACK_KEY), got \"JOHN_KEY\": add JOHN_KEY, which the gateway has to have in its environment",
  );
  expect(refusalOf(route({}), { version: "3.9.0" })).toBe(
    "test/gateway: 'version' must be 3.16.0 or newer: workers of older ones may disagree on who is healthy in Consul, got \"3.9.0\": write it like '3.18.0'",
  );
});
