import {
  Consumer,
  ExternalNode,
  GatewayService,
  GlobalRule,
  GroupOptions,
  IGateway,
  Job,
  Plugin,
  Route,
  RouteProps,
  SharedUpstream,
  StreamRoute,
  Upstream,
  WebJob,
} from "../../constructs";
import { announcedServices } from "../../constructs/consul";
import { Build, refusalOf } from "./support/gateway";

const upstream = Upstream.toNodes({ "10.0.0.5:80": 1 });

/** Two routes that are alike but for what is given. */
function pair(one: Partial<RouteProps>, two: Partial<RouteProps>): Build {
  return (stack, gateway) => {
    new Route(stack, "one", { gateway, uri: "/hello", upstream, ...one });
    new Route(stack, "two", { gateway, uri: "/hello", upstream, ...two });
  };
}

/** As cdktf prints what validations say. */
function validation(...lines: string[]): string {
  const hint = "If you wish to ignore these validations, pass 'skipValidation: true' to your App configuration.";
  return `Validation failed with the following errors:\n${lines.map((line) => `  ${line}\n`).join("")}\n${hint}\n`;
}

const duplicate = (from: string, to: string, property = "uri"): string =>
  `[test/${from}] '${property}' can't be those of test/${to}, too (duplicate route): APISIX picks one of the two arbitrarily, got "/hello": give one of them another uri, host, method, vars or a higher priority`;

test.each<[string, Partial<RouteProps>, Partial<RouteProps>]>([
  ["all but their names", {}, { name: "other" }],
  ["hosts in another order", { hosts: ["a.example", "b.example"] }, { hosts: ["B.example", "a.example"] }],
  ["one of their methods", { methods: ["GET", "HEAD"] }, { methods: ["POST", "GET"] }],
  ["remote addresses", { remoteAddrs: ["10.0.0.1", "10.0.0.2"] }, { remoteAddrs: ["10.0.0.2", "10.0.0.1"] }],
])("two routes that match the same: %s", (_, one, two) => {
  expect(refusalOf(pair(one, two))).toBe(validation(duplicate("one", "two"), duplicate("two", "one")));
});

test("two routes that share one of several uris", () => {
  const build = pair({}, { uri: undefined, uris: ["/other", "/hello"] });
  expect(refusalOf(build)).toBe(validation(duplicate("one", "two"), duplicate("two", "one", "uris")));
});

test("a route's hosts may be its service's", () => {
  const build: Build = (stack, gateway) => {
    const service = new GatewayService(stack, "site", { gateway, upstream, hosts: ["a.example"] });
    new Route(stack, "one", { gateway, uri: "/hello", service });
    new Route(stack, "two", { gateway, uri: "/hello", upstream, hosts: ["a.example"] });
  };
  expect(refusalOf(build)).toBe(validation(duplicate("one", "two"), duplicate("two", "one")));
});

test.each<[string, Partial<RouteProps>, Partial<RouteProps>]>([
  ["uri", {}, { uri: "/hello/*" }],
  ["host", { hosts: ["a.example"] }, { hosts: ["b.example"] }],
  ["host against any host", { hosts: ["a.example"] }, {}],
  ["method", { methods: ["GET"] }, { methods: ["POST"] }],
  ["vars", { vars: [["arg_a", "==", "1"]] }, {}],
  ["priority", { priority: 1 }, {}],
  ["remote address", { remoteAddrs: ["10.0.0.1"] }, {}],
  ["one that is off", { status: 0 }, {}],
])("two routes that differ: %s", (_, one, two) => {
  expect(refusalOf(pair(one, two))).toBeUndefined();
});

test("two objects of one kind have two ids; of two kinds they may have one", () => {
  const words = (from: string, to: string): string =>
    `[test/${from}] 'objectId' can't be that of test/${to}, too: each of the gateway's routes needs its own, got "same": give one of them another one`;
  const build: Build = (stack, gateway) => {
    pair({ objectId: "same" }, { objectId: "same", uri: "/other" })(stack, gateway);
    new SharedUpstream(stack, "same", { gateway, upstream });
  };
  expect(refusalOf(build)).toBe(validation(words("one", "two"), words("two", "one")));
});

test("consumers that are found by one key, stream routes of one port, global rules with one plugin", () => {
  const twice = (make: (id: string) => unknown): void => {
    for (const id of ["one", "two"]) make(id);
  };
  const refusal = (make: (id: string, stack: Parameters<Build>[0], gateway: IGateway) => unknown): string | undefined =>
    refusalOf((stack, gateway) => {
      twice((id) => make(id, stack, gateway));
    });
  expect(
    refusal((id, stack, gateway) => {
      const key = gateway.secret("JACK_KEY");
      new Consumer(stack, id, { gateway, plugins: [Plugin.keyAuthCredential({ key })] });
    }),
  ).toContain(
    "[test/one] 'plugins.key-auth.key' can't be that of test/two, too: requests could count as either's, got \"$env://JACK_KEY\": give each consumer one of its own",
  );
  expect(
    refusal((id, stack, gateway) => new StreamRoute(stack, id, { gateway, serverPort: 5432, upstream })),
  ).toContain(
    "[test/one] 'serverPort' can't be that of test/two, too (duplicate route): APISIX picks one of the two arbitrarily, got 5432: tell them apart by serverPort, serverAddr, remoteAddr or sni",
  );
  expect(
    refusal((id, stack, gateway) => new GlobalRule(stack, id, { gateway, plugins: [Plugin.prometheus()] })),
  ).toContain(
    "[test/one] 'plugins' can't be in test/two, too: it would run twice, got \"prometheus\": leave it out of one of them",
  );
});

describe("a service that an upstream leads to", () => {
  const to = (name: string, elsewhere?: boolean): Build => {
    return (stack, gateway) => {
      new Route(stack, "hello", { gateway, uri: "/", upstream: Upstream.toService(name, { elsewhere }) });
    };
  };

  test("has to be registered by something in the program", () => {
    const build: Build = (stack, gateway) => {
      new WebJob(stack, "hello-world", { docker: { image: "httpd" }, ports: { www: { to: 80 } } });
      to("hello-wrld")(stack, gateway);
    };
    expect(refusalOf(build)).toBe(
      validation(
        "[test/hello] 'upstream' must lead to a service that something in the program registers, got \"hello-wrld\": registered are hello-world-servers; where it is registered outside of this program, say elsewhere: true",
      ),
    );
  });

  test("may be registered elsewhere, where that is said", () => {
    expect(refusalOf(to("hello-wrld", true))).toBeUndefined();
    expect(refusalOf(to("hello-wrld"))).toContain("nothing is registered here; where it is");
  });

  test("is looked for within a split, too", () => {
    const build: Build = (stack, gateway) => {
      const canary = { upstream: Upstream.toService("canary"), weight: 1 };
      const split = Plugin.trafficSplit({ rules: [{ weightedUpstreams: [canary, { weight: 9 }] }] });
      new Route(stack, "hello", { gateway, uri: "/", upstream, plugins: [split] });
    };
    expect(refusalOf(build)).toContain(
      "[test/hello] 'plugins[0].rules[0].weightedUpstreams[0].upstream' must lead to a service that something in the program registers, got \"canary\"",
    );
  });

  test("is a job's in Consul, a node's without an agent, whenever they are made", () => {
    let found: string[] = [];
    const build: Build = (stack, gateway) => {
      to("database")(stack, gateway);
      new ExternalNode(stack, "d2", { address: "192.168.139.184" }).addService("database", { port: 5432 });
      const group = (name: string, provider: "consul" | "nomad"): GroupOptions => ({
        ports: { www: {} },
        tasks: { server: { docker: { image: "httpd" } } },
        services: [{ name, provider }],
      });
      new Job(stack, "shop", { groups: { web: group("shop", "consul"), inner: group("shop-inner", "nomad") } });
      found = announcedServices(stack);
    };
    expect(refusalOf(build)).toBeUndefined();
    expect(found).toEqual(["database", "shop"]);
  });
});
