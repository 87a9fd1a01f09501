import { ConsulProvider } from "@cdktf/provider-consul/lib/provider";
import { TerraformStack } from "cdktf";
import { parse } from "yaml";
import {
  ConsulServer,
  Consumer,
  Director,
  ForwardingMethod,
  Gateway,
  GatewayOptions,
  GlobalRule,
  IGateway,
  Machine,
  MachineGateway,
  NomadServer,
  Plugin,
  PluginAttributes,
  RealServers,
  Refusal,
  Route,
  ServiceOptions,
  StreamRoute,
  Upstream,
  UpstreamType,
  VirtualServiceOptions,
} from "../../constructs";
import { workload } from "../nomad/support/workload";
import { machinesOf } from "../support/agents";
import { fileOf, onMachines, refusal, Site } from "./support/gateways";

// What a gateway and a director in front of it have to know of each other: the port that clients use, and who the client is.

const VIP = "10.0.0.100";
const upstream = Upstream.toNodes({ "10.0.0.5:80": 1 });

/** `server` is the director, `gw` and `gw2` are gateways. */
function behind(
  build: (site: Site, gateway: MachineGateway, director: Director) => unknown,
  options: GatewayOptions = {},
): Site {
  return onMachines((site) => {
    const { stack, consul, gw, gw2 } = site;
    new ConsulProvider(stack, "consul-provider");
    const gateway = new MachineGateway(stack, "front", { machines: [gw, gw2], consul, ...options });
    build(site, gateway, directorOf(site));
  });
}

function directorOf({ stack, consul, server }: Site): Director {
  return new Director(stack, "director", { machine: server, consul });
}

describe("a redirect to https leads to", () => {
  function portOf(build: Parameters<typeof behind>[0], options?: GatewayOptions): unknown {
    const config = parse(fileOf(behind(build, options).gw.model, "/etc/vipstack/gateway/front/config.yaml")) as {
      plugin_attr: { redirect: { https_port: number } };
    };
    return config.plugin_attr.redirect.https_port;
  }
  const http = (gateway: MachineGateway): VirtualServiceOptions => ({
    address: VIP,
    port: 80,
    realServers: RealServers.ofGateway(gateway),
  });
  const https = ({ gw, gw2 }: Site, port: number): VirtualServiceOptions => ({
    address: VIP,
    port,
    realServers: [gw, gw2].map((machine) => ({ machine, port: 9443 })),
  });

  test("443 without a director for https", () => {
    expect(portOf((_site, gateway, director) => director.addVirtualService("http", http(gateway)))).toBe(443);
  });

  test("the port of the virtual service that leads to its https, made before or after it", () => {
    expect(
      portOf((site, gateway, director) => {
        director.addVirtualService("http", http(gateway));
        director.addVirtualService("https", https(site, 8443));
      }),
    ).toBe(8443);
  });

  test("443 where it is one of several", () => {
    expect(
      portOf((site, _gateway, director) => {
        director.addVirtualService("other", https(site, 8443));
        director.addVirtualService("https", https(site, 443));
      }),
    ).toBe(443);
  });

  test("the virtual service's own port where the forwarding method keeps it; https stays https there", () => {
    const forwarding = ForwardingMethod.directRouting();
    const options = { httpPort: 80, httpsPort: 8443 };
    const site = behind((_site, gateway, director) => {
      director.addVirtualService("http", { ...http(gateway), forwarding });
      director.addVirtualService("https", {
        address: VIP,
        port: 8443,
        realServers: RealServers.ofGateway(gateway),
        forwarding,
      });
    }, options);
    const config = parse(fileOf(site.gw.model, "/etc/vipstack/gateway/front/config.yaml")) as {
      apisix: { node_listen: number[] };
      plugin_attr: { redirect: { https_port: number } };
    };
    expect(config.plugin_attr.redirect.https_port).toBe(8443);
    expect(config.apisix.node_listen).toEqual([80]);
  });

  test("what the gateway gets", () => {
    const options = { pluginAttributes: { redirect: { httpsPort: 10443 } } };
    expect(portOf((site, _gateway, director) => director.addVirtualService("https", https(site, 8443)), options)).toBe(
      10443,
    );
  });

  function onNomad(port: number, pluginAttributes?: PluginAttributes): string | undefined {
    return refusal(() =>
      workload((stack) => {
        const [server, web1] = machinesOf(stack, ["server", "web1"]) as [Machine, Machine];
        const nomad = new NomadServer(stack, "nomad-server", {
          machine: server,
          consul: new ConsulServer(stack, "consul", { machine: server }),
        });
        nomad.addClients([web1], { docker: true });
        new Gateway(stack, "front", { nomad, pluginAttributes });
        const realServers = [{ machine: web1, port: 9443 }];
        new Director(stack, "director", { machine: server }).addVirtualService("https", {
          address: VIP,
          port,
          realServers,
        });
      }),
    );
  }

  test("the same on Nomad, whose job is settled when it is made: another port has to be said", () => {
    expect(onNomad(443)).toBeUndefined();
    expect(onNomad(8443)).toContain(
      "'pluginAttributes.redirect.httpsPort' must be 8443, by which a director's clients reach httpsPort, or a redirect to https " +
        "leads them elsewhere: give pluginAttributes: { redirect: { httpsPort: 8443 } }",
    );
    expect(onNomad(8443, { redirect: { httpsPort: 8443 } })).toBeUndefined();
  });
});

describe("what goes by the client's address", () => {
  interface Case {
    readonly options?: GatewayOptions;
    readonly front?: ServiceOptions;
  }

  function warningsOf(build: (stack: TerraformStack, gateway: IGateway) => unknown, given: Case = {}): string[] {
    const { stack } = behind((site, gateway, director) => {
      director.addVirtualService("web", {
        address: VIP,
        port: 80,
        realServers: RealServers.ofGateway(gateway),
        ...given.front,
      });
      build(site.stack, gateway);
    }, given.options);
    return stack.node
      .findAll()
      .filter(({ node }) => node.id !== "director")
      .flatMap(({ node }) =>
        node.metadata.filter(({ type }) => type === "@cdktf/warn").map(({ data }) => `${node.id}: ${String(data)}`),
      )
      .filter((warning) => /one address here|does nothing/.test(warning));
  }

  const HIDDEN =
    "and all clients have one address here: director test/director puts its own in place of the client's (SNAT of test/director/web): " +
    "use forwarding: ForwardingMethod.directRouting() for test/director/web, or ForwardingMethod.masquerading() without SNAT, with " +
    "the director as the gateway's default gateway";
  const route =
    (plugins: Plugin[], rest: object = {}) =>
    (stack: TerraformStack, gateway: IGateway) =>
      new Route(stack, "it", { gateway, uri: "/*", upstream, plugins, ...rest });

  test.each<[string, (stack: TerraformStack, gateway: IGateway) => unknown, string]>([
    [
      "limitCount by itself",
      route([Plugin.limitCount({ count: 9, timeWindow: "9s" })]),
      "'plugins.limit-count' counts requests by it",
    ],
    [
      "limitCount by several",
      route([Plugin.limitCount({ count: 9, timeWindow: "9s", keyType: "var_combination", key: "$host $remote_addr" })]),
      "'plugins.limit-count.key' counts requests by it",
    ],
    [
      "a rule of limitCount",
      route([Plugin.limitCount({ rules: [{ count: 9, timeWindow: "9s", key: "${remote_addr}" }] })]),
      "'plugins.limit-count.rules[0].key' counts requests by it",
    ],
    [
      "limitReq",
      route([Plugin.limitReq({ rate: 1, burst: 1, key: "remote_addr" })]),
      "'plugins.limit-req.key' counts requests by it",
    ],
    [
      "limit-conn",
      route([Plugin.other("limit-conn", { conn: 1, burst: 0, default_conn_delay: 1, key: "binary_remote_addr" })]),
      "'plugins.limit-conn.key' counts requests by it",
    ],
    [
      "ipRestriction",
      route([Plugin.ipRestriction({ whitelist: ["192.0.2.0/24"] })]),
      "'plugins.ip-restriction' lets in by it",
    ],
    ["remoteAddrs", route([], { remoteAddrs: ["192.0.2.0/24"] }), "'remote_addrs' matches by it"],
    ["vars", route([], { vars: [["remote_addr", "ipmatch", ["192.0.2.0/24"]]] }), "'vars[0][0]' matches by it"],
    [
      "a plugin's filter",
      route([Plugin.cors({ meta: { filter: [["remote_addr", "==", "192.0.2.1"]] } })]),
      "'plugins.cors._meta.filter[0][0]' matches by it",
    ],
    [
      "a canary's match",
      route([
        Plugin.trafficSplit({
          rules: [{ match: [[["remote_addr", "==", "192.0.2.1"]]], weightedUpstreams: [{ weight: 1 }] }],
        }),
      ]),
      "'plugins.traffic-split.rules[0].match[0].vars[0][0]' matches by it",
    ],
    [
      "a header for the upstream",
      route([Plugin.proxyRewrite({ headers: { set: { "X-Client": "$remote_addr" } } })]),
      "'plugins.proxy-rewrite.headers.set.X-Client' tells it",
    ],
    [
      "a hash of it",
      route([], { upstream: Upstream.toNodes({ "10.0.0.5:80": 1 }, { type: UpstreamType.CHASH, key: "remote_addr" }) }),
      "'upstream.key' chooses a node by it",
    ],
    [
      "a consumer's limit",
      (stack, gateway) =>
        new Consumer(stack, "it", {
          gateway,
          plugins: [Plugin.limitCount({ count: 9, timeWindow: "9s", key: "remote_addr" })],
        }),
      "'plugins.limit-count.key' counts requests by it",
    ],
    [
      "a global rule",
      (stack, gateway) =>
        new GlobalRule(stack, "it", { gateway, plugins: [Plugin.ipRestriction({ blacklist: ["192.0.2.0/24"] })] }),
      "'plugins.ip-restriction' lets in by it",
    ],
  ])("%s: a warning behind a director with SNAT, with both cures; none with direct routing", (_what, build, use) => {
    const options = { plugins: ["limit-conn"] };
    expect(warningsOf(build, { options })).toEqual([`it: ${use}, ${HIDDEN}`]);
    expect(warningsOf(build, { options, front: { forwarding: ForwardingMethod.directRouting() } })).toEqual([]);
  });

  test("a stream route's address", () => {
    const build = (stack: TerraformStack, gateway: IGateway): unknown =>
      new StreamRoute(stack, "it", { gateway, upstream, serverPort: 5432, remoteAddr: "192.0.2.0/24" });
    const options = { streamPorts: { tcp: [5432] } };
    expect(warningsOf(build, { options })).toEqual([`it: 'remote_addr' matches by it, ${HIDDEN}`]);
  });

  test("fixed real servers, masquerading without SNAT, and a foreign gateway that is followed by its name", () => {
    const build = route([Plugin.ipRestriction({ whitelist: ["192.0.2.0/24"] })]);
    const gone = { forwarding: ForwardingMethod.masquerading(), acknowledge: [Refusal.CONSUL_WITHOUT_SNAT] };
    expect(warningsOf(build, { front: gone })).toEqual([]);
    const { stack } = onMachines((site) => {
      new ConsulProvider(site.stack, "consul-provider");
      const foreign = Gateway.fromGatewayAttributes(site.stack, "front", { version: "3.18.0" });
      directorOf(site).addVirtualService("web", {
        address: VIP,
        port: 80,
        realServers: RealServers.fromConsul(foreign.service),
      });
      build(site.stack, foreign);
    });
    const [it] = stack.node.findAll().filter(({ node }) => node.id === "it");
    expect(it?.node.metadata.map(({ data }) => String(data))).toEqual([
      `'plugins.ip-restriction' lets in by it, ${HIDDEN}`,
    ]);
  });

  test.each<[string, (stack: TerraformStack, gateway: IGateway) => unknown]>([
    ["limits by something else", route([Plugin.limitReq({ rate: 1, burst: 1, key: "http_x_tenant" })])],
    ["one limit for all", route([Plugin.limitCount({ count: 9, timeWindow: "9s", keyType: "constant", key: "all" })])],
    ["words about it", route([], { desc: "by remote_addr", labels: { by: "remote_addr" } })],
    ["a plugin that is off", route([Plugin.ipRestriction({ whitelist: ["192.0.2.0/24"], meta: { disable: true } })])],
    [
      "a real-ip that believes the director",
      route([
        Plugin.realIp({ source: "http_x_forwarded_for", trustedAddresses: ["10.0.0.0/24"] }),
        Plugin.ipRestriction({ whitelist: ["192.0.2.0/24"] }),
      ]),
    ],
  ])("nothing is said of %s", (_what, build) => {
    expect(warningsOf(build)).toEqual([]);
  });

  test("nothing where the gateway believes the director: an HTTP proxy stands in front of it", () => {
    const build = route([Plugin.ipRestriction({ whitelist: ["192.0.2.0/24"] })]);
    expect(warningsOf(build, { options: { trustedAddresses: ["10.0.0.0/24"] } })).toEqual([]);
  });

  test("a real-ip that believes others only does nothing", () => {
    const [warning, ...more] = warningsOf(
      route([Plugin.realIp({ source: "http_x_forwarded_for", trustedAddresses: ["192.0.2.1"] })]),
    );
    expect(more).toEqual([]);
    expect(warning).toMatch(
      /^it: 'plugins.real-ip' does nothing: every request comes from the address of director test\/director, and 'trustedAddresses' has none of 10\.0\.0\.\d+/,
    );
  });
});
