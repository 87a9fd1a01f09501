import { DeploymentDescription } from "../../constructs/deployment";

/**
 * The way of a request through a deployment, in Graphviz's language: client, virtual service, gateways, routes, and the machines
 * that Consul names for them. Dashed is what Consul tells.
 *
 * @see https://graphviz.org/doc/info/lang.html
 */
export function renderDot(deployment: DeploymentDescription): string {
  const { client = "client", virtualServices, machines } = deployment;
  const gateways = deployment.gateways.map((gateway) => ({
    ...gateway,
    machines: gateway.instances.map(({ machine }) => machine),
  }));
  const routes = gateways.flatMap(({ name, routes: all }) => all.map((route) => ({ ...route, gateway: name })));
  const services = [...new Set(routes.map(({ leadsTo }) => leadsTo))].sort();
  const addressOf = (name: string): string => machines.find((machine) => machine.name === name)?.addresses[0] ?? "";
  const consul = machines.find(({ roles }) => roles.includes("Consul server"));
  const lines = [
    node(client, [client, addressOf(client)]),
    ...(consul === undefined
      ? []
      : [node("consul", ["Consul", `${consul.name} ${addressOf(consul.name)}`], "cylinder")]),
    ...virtualServices.flatMap(({ director, address, port }) => [
      node(`vip ${port}`, [`${address}:${port}`, `director ${director}`]),
      edge(client, `vip ${port}`),
      ...gateways.flatMap((gateway) => gateway.machines.map((machine) => edge(`vip ${port}`, machine))),
      ...(consul === undefined ? [] : [told("consul", `vip ${port}`, "healthy gateways")]),
    ]),
    ...gateways.flatMap((gateway) => [
      ...gateway.machines.map((machine) => node(machine, [`gateway on ${machine}`, addressOf(machine)])),
      ...gateway.machines.flatMap((machine) =>
        routes.filter((route) => route.gateway === gateway.name).map(({ id }) => edge(machine, `route ${id}`)),
      ),
      // The words once: they are the same for each.
      ...gateway.machines.flatMap((machine, index) =>
        consul === undefined ? [] : [told("consul", machine, index === 0 ? "routes, healthy instances" : "")],
      ),
    ]),
    ...routes.map(({ id, requests }) => node(`route ${id}`, [`route ${id}`, requests], "note")),
    ...services.flatMap((service) => instancesOf(service, deployment)),
    ...routes.flatMap(({ id, leadsTo }) => instanceNames(leadsTo, deployment).map((name) => edge(`route ${id}`, name))),
  ];
  return `digraph chain {\n${HEAD}${[...new Set(lines)].map((line) => `  ${line}\n`).join("")}}\n`;
}

const HEAD = `  rankdir=LR; nodesep=0.35; ranksep=0.6; bgcolor="white";
  node [shape=box, style="rounded,filled", fillcolor="#f4f6f8", color="#57606a", fontname="Helvetica,Arial,sans-serif", fontsize=11, margin="0.2,0.1"];
  edge [color="#24292f", fontname="Helvetica,Arial,sans-serif", fontsize=9, arrowsize=0.7];
`;

/** The machines whose agents register a service; where none does, the nodes that the route itself names. */
function instanceNames(leadsTo: string, { machines }: DeploymentDescription): string[] {
  const service = leadsTo.replace(/ in Consul$/, "");
  const found = machines.filter(({ roles }) => roles.some((role) => role.startsWith(`${service} on `)));
  return found.length > 0 ? found.map(({ name }) => name) : [leadsTo];
}

function instancesOf(leadsTo: string, deployment: DeploymentDescription): string[] {
  const service = leadsTo.replace(/ in Consul$/, "");
  return instanceNames(leadsTo, deployment).map((name) => {
    const machine = deployment.machines.find((each) => each.name === name);
    if (machine === undefined) return node(name, [name]);
    const port = machine.roles.find((role) => role.startsWith(`${service} on `))?.split(" on ")[1] ?? "";
    return node(name, [service, `${name} ${machine.addresses[0] ?? ""}:${port}`]);
  });
}

function node(id: string, lines: readonly string[], shape?: string): string {
  const label = lines.filter((line) => line !== "").join("\\n");
  return `${quote(id)} [label=${quote(label)}${shape === undefined ? "" : `, shape=${shape}, style=filled`}];`;
}

function edge(from: string, to: string): string {
  return `${quote(from)} -> ${quote(to)};`;
}

/** It does not decide where things stand: requests do. */
function told(from: string, to: string, what: string): string {
  return `${quote(from)} -> ${quote(to)} [style=dashed, color="#0969da", fontcolor="#0969da", label=${quote(what)}, constraint=false];`;
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '\\"')}"`;
}
