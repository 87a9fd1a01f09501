import { ByWord } from "../private/by-word";
import { Failure } from "../private/failure";
import type { GatewayObject } from "./object";
import { factsOf } from "./plugins/catalogue";
import { ApisixObject, pluginsOf } from "./render/document";

/** Services of a gateway by their id: routes take hosts from them. */
type Services = ReadonlyMap<unknown, ApisixObject>;

/** The objects of a gateway, as each of them looks at the others. */
export class Neighbours {
  private readonly services: Services;
  private readonly objects: ByWord<GatewayObject>;

  constructor(objects: readonly GatewayObject[]) {
    const services = objects.filter(({ kind }) => kind === "services").reverse();
    this.services = new Map(services.map(({ id, document }) => [id, document]));
    this.objects = new ByWord(objects, (object) => sharedWords(object, this.services));
  }

  /** What an object can't be beside the others. @param own those that are no others */
  failures(object: GatewayObject, own: readonly GatewayObject[]): Failure[] {
    const others = this.objects.with(sharedWords(object, this.services)).filter((each) => !own.includes(each));
    return neighbourFailures(object, others, this.services);
  }
}

const known = new WeakMap<readonly GatewayObject[], { readonly length: number; readonly neighbours: Neighbours }>();

/** {@link Neighbours}, made once for all that ask about one list, until the list is longer. */
export function neighboursAmong(objects: readonly GatewayObject[]): Neighbours {
  const { length } = objects;
  const made = known.get(objects);
  if (made?.length === length) return made.neighbours;
  const neighbours = new Neighbours(objects);
  known.set(objects, { length, neighbours });
  return neighbours;
}

/** What two objects can't both have: others that share none of these words are none to look at. */
function sharedWords(object: GatewayObject, services: Services): string[] {
  const { kind, id } = object;
  return [`${kind}/${id}`, ...matchWords(object, services).map((word) => `${kind} ${word}`)];
}

function matchWords(object: GatewayObject, services: Services): string[] {
  switch (object.kind) {
    case "routes": {
      const { uris, hosts, rest } = matchOf(object, services);
      return uris.flatMap((uri) => (hosts.length === 0 ? [""] : hosts).map((host) => `${uri} ${host} ${rest}`));
    }
    case "stream_routes":
      return [streamMatchOf(object)];
    case "consumers":
      return foundBy(object).map(([at, value]) => `${at} ${JSON.stringify(value)}`);
    case "global_rules":
      return Object.keys(pluginsOf(object.document));
    default:
      return [];
  }
}

function neighbourFailures(object: GatewayObject, others: readonly GatewayObject[], services: Services): Failure[] {
  const twin = others.find(({ kind, id }) => kind === object.kind && id === object.id);
  if (twin !== undefined) {
    const property = object.kind === "consumers" ? "username" : "objectId";
    const rule = `can't be that of ${twin.path}, too: each of the gateway's ${object.kind} needs its own`;
    return [{ property, rule, got: object.id, cure: "give one of them another one" }];
  }
  const alike = others.filter(({ kind }) => kind === object.kind);
  switch (object.kind) {
    case "routes":
      return duplicateRouteFailures(object, alike, services);
    case "stream_routes":
      return duplicateStreamRouteFailures(object, alike);
    case "consumers":
      return consumerFailures(object, alike);
    case "global_rules":
      return globalRuleFailures(object, alike);
    default:
      return [];
  }
}

function duplicateRouteFailures(route: GatewayObject, routes: readonly GatewayObject[], services: Services): Failure[] {
  const own = matchOf(route, services);
  return routes
    .map((other) => ({ other, match: matchOf(other, services) }))
    .filter(({ match }) => own.on && match.on && own.rest === match.rest)
    .filter(({ match }) => overlap(own.hosts, match.hosts) && overlap(own.methods, match.methods))
    .flatMap(({ other, match }) => {
      const [uri] = own.uris.filter((each) => match.uris.includes(each));
      if (uri === undefined) return [];
      const rule = `can't be those of ${other.path}, too (duplicate route): APISIX picks one of the two arbitrarily`;
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

function matchOf({ document }: GatewayObject, services: Services): Match {
  const { uri, vars = [], priority = 0, service_id: serviceId } = document;
  const service = services.get(serviceId) ?? {};
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
function overlap(a: readonly string[], b: readonly string[]): boolean {
  return a.length === 0 ? b.length === 0 : a.some((each) => b.includes(each));
}

function duplicateStreamRouteFailures(route: GatewayObject, routes: readonly GatewayObject[]): Failure[] {
  const twin = routes.find((other) => streamMatchOf(other) === streamMatchOf(route));
  if (twin === undefined) return [];
  const rule = `can't be that of ${twin.path}, too (duplicate route): APISIX picks one of the two arbitrarily`;
  const cure = "tell them apart by serverPort, serverAddr, remoteAddr or sni";
  return [{ property: "serverPort", rule, got: route.document.server_port, cure }];
}

function streamMatchOf({ document }: GatewayObject): string {
  return JSON.stringify(["server_port", "server_addr", "remote_addr", "sni"].map((name) => document[name] ?? null));
}

/** The fields by which plugins find a consumer. */
function foundBy({ document }: GatewayObject): [field: string, value: unknown][] {
  return Object.entries(pluginsOf(document)).flatMap(([plugin, config]): [string, unknown][] => {
    const field = factsOf(plugin)?.consumerField;
    return field === undefined ? [] : [[`plugins.${plugin}.${field}`, config[field]]];
  });
}

function consumerFailures(consumer: GatewayObject, consumers: readonly GatewayObject[]): Failure[] {
  return foundBy(consumer).flatMap(([property, got]) => {
    const twin = consumers.find((other) => foundBy(other).some(([at, value]) => at === property && value === got));
    if (twin === undefined || got === undefined) return [];
    const rule = `can't be that of ${twin.path}, too: requests could count as either's`;
    return [{ property, rule, got, cure: "give each consumer one of its own" }];
  });
}

function globalRuleFailures(rule: GatewayObject, rules: readonly GatewayObject[]): Failure[] {
  const names = ({ document }: GatewayObject): string[] => Object.keys(pluginsOf(document));
  return names(rule).flatMap((name) => {
    const twin = rules.find((other) => names(other).includes(name));
    if (twin === undefined) return [];
    const words = `can't be in ${twin.path}, too: it would run twice`;
    return [{ property: "plugins", rule: words, got: name, cure: "leave it out of one of them" }];
  });
}
