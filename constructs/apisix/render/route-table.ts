import type { GatewayObject } from "../object";

/** One route as a row of a table. */
export interface RouteRow {
  /** Id of the route. */
  readonly id: string;
  /** Requests that it matches: `GET shop.example /ip`. */
  readonly requests: string;
  /** Target of the requests: `hello-world-servers in Consul`, `httpbin.org:80`, `service shop`. */
  readonly leadsTo: string;
}

/** The routes among a gateway's objects, as text. */
export function routeRows(objects: readonly GatewayObject[]): RouteRow[] {
  return objects
    .filter(({ kind }) => kind === "routes" || kind === "stream_routes")
    .map(({ id, document }) => ({ id, requests: requestsOf(document), leadsTo: targetOf(document) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function requestsOf(route: GatewayObject["document"]): string {
  const { server_port: port } = route;
  const words = [
    ...texts(route.methods),
    ...texts(route.hosts ?? route.host),
    ...texts(route.uris ?? route.uri),
    ...(typeof port === "number" ? [`port ${port}`] : []),
    ...(Array.isArray(route.vars) ? ["and conditions"] : []),
  ];
  return words.join(" ");
}

function targetOf(route: GatewayObject["document"]): string {
  if (typeof route.service_id === "string") return `service ${route.service_id}`;
  if (typeof route.upstream_id === "string") return `upstream ${route.upstream_id}`;
  const { upstream } = route;
  if (typeof upstream !== "object" || upstream === null) return "";
  const { service_name: service, nodes } = upstream as { service_name?: string; nodes?: unknown };
  if (service !== undefined) return `${service} in Consul`;
  return typeof nodes === "object" && nodes !== null ? Object.keys(nodes).join(", ") : "";
}

function texts(value: unknown): string[] {
  const all: unknown[] = Array.isArray(value) ? value : [value];
  return all.filter((each) => typeof each === "string");
}
