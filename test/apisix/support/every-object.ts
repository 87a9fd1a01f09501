import {
  Certificate,
  Consumer,
  GatewayService,
  GlobalRule,
  JwtAlgorithm,
  Plugin,
  Route,
  SharedUpstream,
  StreamRoute,
  TlsProtocol,
  Upstream,
  UpstreamType,
  WebJob,
} from "../../../constructs";
import { Build } from "./gateway";

/** One object of each kind, and every plugin that has a maker. */
export const everyObject: Build = (stack, gateway) => {
  const web = (name: string): WebJob =>
    new WebJob(stack, name, { docker: { image: "httpd" }, ports: { www: { to: 80 } }, service: { name } });
  const hello = web("hello-v1");
  const canary = web("hello-v2");

  const shared = new SharedUpstream(stack, "httpbin", {
    gateway,
    desc: "A node outside of this program",
    upstream: Upstream.toNodes(
      { "httpbin.org:443": 1, "[2001:db8::1]:443": 0 },
      {
        type: UpstreamType.CHASH,
        hashOn: "header",
        key: "X-Session",
        scheme: "https",
        passHost: "rewrite",
        upstreamHost: "httpbin.org",
        retries: 1,
        retryTimeout: "2500ms",
        timeout: { connect: "1s", send: "5s", read: "10s" },
        keepalivePool: { size: 10, idleTimeout: "30s", requests: 100 },
        checks: {
          active: {
            type: "https",
            timeout: "500ms",
            concurrency: 2,
            httpPath: "/status/200",
            httpMethod: "HEAD",
            host: "httpbin.org",
            port: 443,
            httpsVerifyCertificate: false,
            reqHeaders: ["User-Agent: gateway"],
            healthy: { interval: "2s", successes: 1, httpStatuses: [200] },
            unhealthy: { interval: "1s", httpStatuses: [500, 503], httpFailures: 2, tcpFailures: 2, timeouts: 3 },
          },
          passive: { healthy: { successes: 3, httpStatuses: [200] }, unhealthy: { httpFailures: 0, timeouts: 4 } },
        },
      },
    ),
  });
  const service = new GatewayService(stack, "site", {
    gateway,
    hosts: ["www.example.com", "*.example.org"],
    upstream: shared,
    plugins: [Plugin.cors({ allowOrigins: "https://a.example,https://b.example:8081", maxAge: "1m" })],
    enableWebsocket: true,
  });

  Route.toJob(stack, "hello", hello, "www", {
    gateway,
    uris: ["/hello", "/hello/*"],
    hosts: ["hello.example.com"],
    methods: ["GET", "HEAD"],
    vars: [
      ["arg_version", "==", "v1"],
      ["http_x_debug", "!", "in", ["1", "yes"]],
    ],
    priority: 10,
    remoteAddrs: ["192.168.139.0/24", "2001:db8::/32"],
    enableWebsocket: true,
    timeout: { connect: "1s", send: "2s", read: "3s" },
    name: "Hello, world",
    desc: "Both of them",
    labels: { team: "a" },
    status: 1,
    upstreamOptions: { type: UpstreamType.LEAST_CONN, checks: { active: { httpPath: "/" } } },
    plugins: [
      Plugin.trafficSplit({
        rules: [
          { match: [[["http_x_canary", "==", "yes"]]], weightedUpstreams: [{ upstream: shared }] },
          {
            weightedUpstreams: [{ upstream: Upstream.toService(canary.service("www")), weight: 10 }, { weight: 90 }],
          },
        ],
      }),
      Plugin.other("response-rewrite", { headers: { set: { "X-Server": "$upstream_addr" } } }),
    ],
  });

  const one = (id: string, ...plugins: Plugin[]): Route =>
    new Route(stack, id, { gateway, uri: `/${id}`, service, plugins });
  one(
    "limits",
    Plugin.limitCount({
      rules: [
        { count: 10, timeWindow: "1s", key: "$remote_addr" },
        { count: "$http_x_quota", timeWindow: "1h", key: "$http_x_tenant", headerPrefix: "tenant" },
      ],
      rejectedCode: 429,
      rejectedMsg: "Too fast",
      policy: "redis",
      redisHost: "10.0.0.5",
      redisPassword: gateway.secret("REDIS_PASSWORD"),
      syncInterval: "500ms",
    }),
    Plugin.limitReq({ rate: 10, burst: 0.5, key: "remote_addr", nodelay: true }),
    Plugin.apiBreaker({
      breakResponseCode: 502,
      breakResponseBody: "Broken",
      breakResponseHeaders: [{ key: "Retry-After", value: "10" }],
      maxBreakerTime: "1m",
      unhealthy: { httpStatuses: [500, 503], failures: 3 },
      healthy: { httpStatuses: [200], successes: 1 },
    }),
  );
  one("guarded", Plugin.keyAuth({ header: "X-Api-Key", hideCredentials: true, realm: "api" }));
  one("tokens", Plugin.jwtAuth({ keyClaimName: "iss", claimsToVerify: ["exp"], anonymousConsumer: "jill" }));
  one(
    "rewritten",
    Plugin.proxyRewrite({
      regexUri: ["^/rewritten/(.*)", "/new/$1"],
      host: "new.example.com:8080",
      method: "POST",
      headers: { add: { "X-A": ["1", "2"] }, set: { "X-B": "$remote_addr" }, remove: ["Cookie"] },
    }),
    Plugin.ipRestriction({ whitelist: ["10.0.0.0/8"], message: "Not from here", responseCode: 404 }),
  );
  new Route(stack, "moved", { gateway, uri: "/*", plugins: [Plugin.redirect({ httpToHttps: true })] });

  new Consumer(stack, "jack", {
    gateway,
    labels: { custom_id: "495aec6a" },
    plugins: [Plugin.keyAuthCredential({ key: gateway.secret("JACK_KEY") })],
  });
  new Consumer(stack, "jill", {
    gateway,
    plugins: [
      Plugin.jwtAuthCredential({
        key: "jill",
        secret: gateway.secret("JILL_SECRET"),
        algorithm: JwtAlgorithm.HS512,
        base64Secret: true,
        lifetimeGracePeriod: "5s",
      }),
      Plugin.limitCount({ count: 100, timeWindow: "60s", windowType: "sliding", key: "consumer_name" }),
    ],
  });
  new Certificate(stack, "www", {
    gateway,
    snis: ["www.example.com", "*.example.org"],
    certificate: gateway.secret("CERTIFICATE"),
    privateKey: gateway.secret("PRIVATE_KEY"),
    clientCa: gateway.secret("CERTIFICATE"),
    clientDepth: 2,
    clientSkipUris: ["^/public/"],
    sslProtocols: [TlsProtocol.TLS_1_2, TlsProtocol.TLS_1_3],
  });
  new StreamRoute(stack, "postgres", {
    gateway,
    serverPort: 5432,
    serverAddr: "192.168.139.184",
    remoteAddr: "10.0.0.0/8",
    sni: "db.example.com",
    upstream: Upstream.toService("postgres", { scheme: "tcp", elsewhere: true }),
    plugins: [Plugin.ipRestriction({ blacklist: ["10.0.0.9"] })],
  });
  new GlobalRule(stack, "all", {
    gateway,
    plugins: [
      Plugin.prometheus({ preferName: true, meta: { filter: [["uri", "~~", "^/api/"]], priority: 400 } }),
      Plugin.requestId({ algorithm: "range_id", rangeId: { length: 20 }, includeInResponse: false }),
      Plugin.realIp({ source: "http_x_forwarded_for", trustedAddresses: ["192.168.139.183"], recursive: true }),
    ],
  });
};
