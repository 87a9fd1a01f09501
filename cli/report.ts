import Table from "cli-table3";
import {
  DeployedMachine,
  DeploymentDescription,
  GatewayDescription,
  VirtualServiceDescription,
} from "../constructs/deployment";
import { askerOf } from "./asker";
import { Login } from "./login";
import { typed, wordsOf } from "./package";

/** How many requests the report sends through each virtual service. */
const REQUESTS = 4;

/**
 * What `up` ends with: machines, the director's table, jobs, routes, answers through the virtual address, what to type next.
 *
 * @param jobs the table of jobs; empty where there are none
 */
export async function report(deployment: DeploymentDescription, jobs: string, example?: string): Promise<string> {
  const { gateways, virtualServices } = deployment;
  const directors = [...new Set(virtualServices.map(({ director }) => director))];
  const asked = virtualServices.filter(({ protocol, port }) => protocol === "tcp" && port !== 0);
  // Each is a login somewhere, which takes most of the time: they need not wait for each other.
  const [tables, routes, answered] = await Promise.all([
    Promise.all(directors.map((director) => rules(deployment, director))),
    Promise.all(gateways.map(async (gateway) => routeTable(gateway, await countRoutes(deployment, gateway)))),
    Promise.all(asked.map((service) => answers(deployment, service))),
  ]);
  const parts = [machineTable(deployment), ...tables, jobs, ...routes, ...answered, next(deployment, example)];
  return parts.filter((part) => part !== "").join("\n\n");
}

function machineTable(deployment: DeploymentDescription): string {
  const table = new Table({ head: ["machine", "address", "what it is"], style: { head: [], border: [] } });
  for (const machine of deployment.machines)
    table.push([machine.name, machine.addresses.join(", "), purposes(deployment, machine).join("\n")]);
  return table.toString();
}

/** What a machine is there for: the client, a director of its services, its roles. */
export function purposes(
  { virtualServices, client }: DeploymentDescription,
  { name, roles }: DeployedMachine,
): readonly string[] {
  const services = virtualServices
    .filter(({ director }) => director === name)
    .map((service) => `${service.protocol} ${endpoint(service)}`);
  const director = services.length > 0 ? [`director of ${services.join(", ")}`] : [];
  return [...(name === client ? ["client"] : []), ...director, ...roles];
}

/** How many routes the Admin API of a gateway has made by now. Undefined where it has none, or does not answer. */
async function countRoutes(
  deployment: DeploymentDescription,
  { controlPort, instances: [first] }: GatewayDescription,
): Promise<number | undefined> {
  if (controlPort === undefined || first === undefined) return undefined;
  try {
    const login = Login.to(deployment, first.machine);
    return routesIn(await login.run(`curl --silent --max-time 5 127.0.0.1:${controlPort}/v1/routes`));
  } catch {
    return undefined;
  }
}

/** How many routes APISIX lists. An empty list is `{}` there: Lua has one type for both. */
export function routesIn(json: string): number | undefined {
  const routes: unknown = JSON.parse(json);
  if (Array.isArray(routes)) return routes.length;
  return JSON.stringify(routes) === "{}" ? 0 : undefined;
}

/** @param made routes by the Admin API */
export function routeTable({ name, instances, routes, adminPort }: GatewayDescription, made?: number): string {
  const on = `gateway ${name} on ${instances.map(({ machine }) => machine).join(", ")}`;
  if (adminPort !== undefined) {
    const api = `127.0.0.1:${adminPort}/apisix/admin/routes`;
    if (made === undefined || made > 0)
      return `${on}\n  its routes${made ? `, ${made} by now,` : ""} are made by its Admin API: ${api}`;
    const upstream = '{ "service_name": "NAME-IN-CONSUL", "discovery_type": "consul", "type": "roundrobin" }';
    return [
      `${on}\n  has no routes yet, so it answers 404 Route Not Found. To make one, on ${instances[0]?.machine ?? ""}, with your admin key:`,
      `  curl ${api}/1 -H "X-API-KEY: $KEY" -X PUT -d '{ "uri": "/*", "upstream": ${upstream} }'`,
    ].join("\n");
  }
  if (routes.length === 0) return on;
  const table = new Table({ head: ["route", "requests", "lead to"], style: { head: [], border: [] } });
  for (const { id, requests, leadsTo } of routes) table.push([id, requests, leadsTo]);
  return `${on}\n${table.toString()}`;
}

async function rules(deployment: DeploymentDescription, director: string): Promise<string> {
  const plane = deployment.virtualServices.find((service) => service.director === director)?.plane;
  const command = plane === "iptables" ? "iptables -t nat -S | grep VIPSTACK" : "ipvsadm -ln";
  return `${director}# ${command}\n${(await Login.to(deployment, director).run(command)).trimEnd()}`;
}

async function answers(deployment: DeploymentDescription, service: VirtualServiceDescription): Promise<string> {
  const client = askerOf(deployment, service);
  const url = `http://${endpoint(service)}/`;
  if (client === undefined)
    return deployment.client === undefined
      ? ""
      : `${url} was not asked: no machine of the deployment is among its 'clients'`;
  const curl = `curl --globoff --silent --show-error --max-time 5 ${url} 2>&1 | head -n 1 | cut -c1-100`;
  // One connection for all four: a login takes most of the time.
  const output = await Login.to(deployment, client).run(`for i in $(seq ${REQUESTS}); do ${curl}; done`);
  const lines = output
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`);
  return `${client}$ curl ${url}   (${REQUESTS} times)\n${lines.join("\n")}`;
}

function next({ access, machines, virtualServices, client }: DeploymentDescription, example?: string): string {
  const from = client ?? machines[0]?.name ?? "";
  const director = virtualServices[0]?.director;
  const { labDirectory: directory, forwards = [] } = access;
  const lab = (words: string): string => typed("lab", words, "--dir", relative(directory ?? ""));
  const lines = [
    ...forwards.map(({ listen, to }) => [
      pageOf(to),
      `${isSecured(to, machines) ? "https" : "http"}://127.0.0.1:${listen}/`,
    ]),
    ["log in", typed("ssh", from)],
    ["look at all of it", typed("status", "--watch")],
    ...(directory === undefined || director === undefined ? [] : [["watch the connections", lab(`ipvs ${director}`)]]),
    ["remove everything", typed("down", ...wordsOf(example))],
  ];
  const width = Math.max(...lines.map(([what = ""]) => what.length)) + 3;
  return ["Next:", ...lines.map(([what = "", how = ""]) => `  ${what.padEnd(width)}${how}`)].join("\n");
}

/** What a forward leads to: the agents' ports are their vendors' own. */
function pageOf(to: string): string {
  const agent = AGENTS[portOf(to)];
  return agent === undefined ? `${to} on this host` : `${agent} on this host`;
}

const AGENTS: Readonly<Record<string, string>> = { "8500": "Consul", "8501": "Consul", "4646": "Nomad" };

/** Whether it leads to an agent that wants a certificate, as it does on machines where Consul wants a token. */
function isSecured(to: string, machines: DeploymentDescription["machines"]): boolean {
  const host = to.slice(0, to.lastIndexOf(":")).replace(/[[\]]/g, "");
  const { consulToken } = machines.find(({ addresses }) => addresses.includes(host)) ?? {};
  return AGENTS[portOf(to)] !== undefined && consulToken !== undefined;
}

function portOf(to: string): string {
  return to.split(":").at(-1) ?? "";
}

function relative(path: string): string {
  const here = `${process.cwd()}/`;
  return path.startsWith(here) ? path.slice(here.length) : path;
}

function endpoint({ address, port }: VirtualServiceDescription): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
