import { columns } from "./columns";
import { jobTable } from "./jobs";
import type { CheckNow, DirectorNow, Status } from "./status";

/** The status for the user: what there is nothing of is left out. */
export function statusText(now: Status): string {
  const machines = now.machines.map(({ name, addresses, state, upSeconds, roles }) => [
    name,
    addresses.join(", "),
    state,
    upSeconds === undefined ? "" : duration(upSeconds),
    roles.join(", "),
  ]);
  const clusters = [...new Set(now.checks.map(({ cluster }) => cluster))];
  const routes = now.routes.map(({ gateway, id, requests, leadsTo }) => [gateway, id, requests, leadsTo]);
  return [
    `${now.deployment} (${now.stateFolder})`,
    columns([["machine", "address", "state", "up", "what it is"], ...machines]),
    ...now.directors.map(directorText),
    ...clusters.map((cluster) =>
      checksText(
        clusters.length > 1 ? `in ${cluster ?? "Consul"}` : "in Consul",
        now.checks.filter((check) => check.cluster === cluster),
      ),
    ),
    ...(now.jobs.length > 0 ? [jobTable(now.jobs)] : []),
    ...(routes.length > 0 ? [columns([["gateway", "route", "requests", "lead to"], ...routes])] : []),
    ...(now.problems.length > 0 ? [now.problems.map((problem) => `! ${problem}`).join("\n")] : []),
  ].join("\n\n");
}

function checksText(heading: string, checks: readonly CheckNow[]): string {
  const rows = checks.map(({ service, check, node, status }) => [service || "(node)", node, check, status]);
  return columns([[heading, "node", "check", "health"], ...rows]);
}

function directorText({ name, services, rules }: DirectorNow): string {
  const rows = services.flatMap(({ protocol, address, scheduler, connectionsPerSecond, servers }) => [
    [`${protocol} ${address}`, scheduler, "", String(connectionsPerSecond), "", "", ""],
    ...servers.map((server) => [
      `  → ${server.address}`,
      server.forwarding,
      String(server.weight),
      String(server.connectionsPerSecond),
      String(server.active),
      String(server.inactive),
      server.drainSeconds === undefined ? "" : `drains, ${server.drainSeconds} s left at most`,
    ]),
  ]);
  const head = [`director ${name}`, "", "weight", "conn/s", "active", "inactive", ""];
  // On the ipvs plane the rules of iptables are those that go with the table.
  return rows.length > 0 ? columns([head, ...rows]) : [`director ${name}`, ...rules].join("\n");
}

/** The part of the text that the terminal can show; longer lines would break the drawing in place. */
export function fitted(text: string): string {
  const { columns: width, rows } = process.stdout;
  return text
    .split("\n")
    .slice(0, rows - 1)
    .map((line) => line.slice(0, width))
    .join("\n");
}

/** `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h` */
export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.round(seconds)} s`;
}
