import { Failure } from "../private/failure";
import { ApisixObject } from "./document-text";
import { GatewayObject } from "./gateway-end";

/** What an object can't be beside the others of its gateway. */
export function neighbourFailures(object: GatewayObject, others: readonly GatewayObject[]): Failure[] {
  const twin = others.find(({ kind, id }) => kind === object.kind && id === object.id);
  if (twin !== undefined) {
    const property = object.kind === "consumers" ? "username" : "objectId";
    const rule = `must be its own among the gateway's ${object.kind}, and ${twin.path} has it, too`;
    return [{ property, rule, got: object.id, cure: "give one of them another one" }];
  }
  const alike = others.filter(({ kind }) => kind === object.kind);
  switch (object.kind) {
    case "routes":
      return routeFailures(object, alike, others);
    case "stream_routes":
      return streamRouteFailures(object, alike);
    case "consumers":
      return consumerFailures(object, alike);
    case "global_rules":
      return globalRuleFailures(object, alike);
    default:
      return [];
  }
}

function routeFailures(
  route: GatewayObject,
  routes: readonly GatewayObject[],
  all: readonly GatewayObject[],
): Failure[] {
  const own = matchOf(route, all);
  return routes
    .map((other) => ({ other, match: matchOf(other, all) }))
    .filter(({ match }) => own.on && match.on && own.rest === match.rest)
    .filter(({ match }) => meet(own.hosts, match.hosts) && meet(own.methods, match.methods))
    .flatMap(({ other, match }) => {
      const [uri] = own.uris.filter((each) => match.uris.includes(each));
      if (uri === undefined) return [];
      const rule = `can't be those of ${other.path}, too (duplicate route): which one is taken, is chance`;
      const cure = "give one of them another uri, host, method, vars or a higher priority";
      return [{ property: Array.isArray(route.document.uris) ? "uris" : "uri", rule, got: uri, cure }];
    });
}

interface Match {
  readonly on: boolean;
  readonly uris: readonly string[];
  readonly hosts: readonly string[];
  readonly methods: readonly string[];
  /** All else that a request is matched by. */
  readonly rest: string;
}

function matchOf({ document }: GatewayObject, all: readonly GatewayObject[]): Match {
  const { uri, vars = [], priority = 0, service_id: serviceId } = document;
  const service = all.find(({ kind, id }) => kind === "services" && id === serviceId)?.document ?? {};
  const hosts = listOf(document, "hosts");
  return {
    on: document.status !== 0,
    uris: typeof uri === "string" ? [uri] : listOf(document, "uris"),
    hosts: (hosts.length > 0 ? hosts : listOf(service, "hosts")).map((host) => host.toLowerCase()),
    methods: listOf(document, "methods"),
    rest: JSON.stringify([vars, priority, listOf(document, "remote_addrs").sort()]),
  };
}

function listOf(document: ApisixObject, name: string): string[] {
  const list = document[name];
  return Array.isArray(list) ? list.map(String) : [];
}

/** Whether both are there for some of the same; none is a wider match, and loses. */
function meet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === 0 ? b.length === 0 : a.some((each) => b.includes(each));
}

function streamRouteFailures(route: GatewayObject, routes: readonly GatewayObject[]): Failure[] {
  const match = ({ document }: GatewayObject): string =>
    JSON.stringify(["server_port", "server_addr", "remote_addr", "sni"].map((name) => document[name] ?? null));
  const twin = routes.find((other) => match(other) === match(route));
  if (twin === undefined) return [];
  const rule = `can't be that of ${twin.path}, too (duplicate route): which one is taken, is chance`;
  const cure = "tell them apart by serverPort, serverAddr, remoteAddr or sni";
  return [{ property: "serverPort", rule, got: route.document.server_port, cure }];
}

/** By what a plugin finds its consumer. */
const FOUND_BY: Readonly<Record<string, string>> = {
  "key-auth": "key",
  "jwt-auth": "key",
  "basic-auth": "username",
  "hmac-auth": "key_id",
};

function consumerFailures(consumer: GatewayObject, consumers: readonly GatewayObject[]): Failure[] {
  const found = (object: GatewayObject): [string, unknown][] =>
    Object.entries((object.document.plugins ?? {}) as Record<string, ApisixObject>).flatMap(
      ([plugin, config]): [string, unknown][] => {
        const field = FOUND_BY[plugin];
        return field === undefined ? [] : [[`plugins.${plugin}.${field}`, config[field]]];
      },
    );
  return found(consumer).flatMap(([property, got]) => {
    const twin = consumers.find((other) => found(other).some(([at, value]) => at === property && value === got));
    if (twin === undefined || got === undefined) return [];
    const rule = `must be its own, and ${twin.path} has it, too: requests would count as either's`;
    return [{ property, rule, got, cure: "give each consumer one of its own" }];
  });
}

function globalRuleFailures(rule: GatewayObject, rules: readonly GatewayObject[]): Failure[] {
  const names = ({ document }: GatewayObject): string[] => Object.keys(document.plugins ?? {});
  return names(rule).flatMap((name) => {
    const twin = rules.find((other) => names(other).includes(name));
    if (twin === undefined) return [];
    const words = `can't be in ${twin.path}, too: it would run twice`;
    return [{ property: "plugins", rule: words, got: name, cure: "leave it out of one of them" }];
  });
}
