import {
  Topology,
  TopologyDirector,
  TopologyGateway,
  TopologyJob,
  TopologyMachine,
  TopologyVirtualService,
} from "../topology";
import { fewOf, folded, rangeText, weightText } from "./folding";
import { Box, BoxKind, Edge, End, Flow, Graph, Row, Told } from "./graph";

/** The boxes and edges of a topology: many equal ones are one, with their number. */
export function graphOf(topology: Topology): Graph {
  return new GraphBuilder(topology).build();
}

/** A virtual service, or many that differ in their address only. */
interface ServiceGroup {
  readonly director: TopologyDirector;
  readonly services: readonly TopologyVirtualService[];
  readonly row: End;
}

/** A place where connections end: a port of a machine. */
interface Arrival {
  readonly group?: ServiceGroup;
  /** What leads there instead of a virtual service. */
  readonly route?: End;
  readonly machine: string;
  readonly address: string;
  readonly port: number;
  readonly name: string;
  readonly weight?: number;
  readonly label: string;
}

class GraphBuilder {
  private readonly boxes: Box[] = [];
  private readonly edges: Edge[] = [];
  private readonly told: Told[] = [];
  private readonly arrivals: Arrival[] = [];
  private readonly machines: ReadonlyMap<string, TopologyMachine>;
  private count = 0;

  constructor(private readonly topology: Topology) {
    this.machines = new Map(topology.machines.map((machine) => [machine.name, machine]));
  }

  build(): Graph {
    const { directors, gateways, jobs } = this.topology;
    const client = this.client(directors.length + gateways.length > 0);
    const groups = directors.flatMap((director) => this.director(director, client));
    const routeless = new Map(jobs.map((job) => [job, this.job(job, groups)]));
    for (const gateway of gateways) this.gateway(gateway, groups, client, routeless);
    for (const group of groups) this.realServers(group);
    this.servers();
    this.clusters();
    this.others();
    return { boxes: this.boxes, edges: this.edges, told: this.told };
  }

  private client(wanted: boolean): End {
    const name = this.topology.client;
    if (name === undefined && !wanted) return { box: "" };
    const lines = name === undefined ? [] : this.addressesOf(name);
    return this.box("client", name ?? "clients", lines, [], name === undefined ? [] : [name]);
  }

  private director(director: TopologyDirector, client: End): ServiceGroup[] {
    const { machine, plane, services, redirects } = director;
    const groups = folded(services, serviceKey);
    const rows = groups.map((group) => this.row(serviceLines(group)));
    const redirected = redirects.map((text) => this.row([`redirect ${text}`]));
    const { box } = this.box(
      "director",
      `director ${machine}`,
      [...this.addressesOf(machine), `${plane} plane`],
      [...rows, ...redirected],
      [machine],
    );
    return groups.map((group, index) => {
      const row = { box, row: rows[index]?.id };
      const [first] = group;
      const protocol = [...new Set(first?.endpoints.map(endpointWord))].join(", ");
      const flow = { director: machine, services: group.map(({ name }) => name) };
      if (client.box !== "") this.edge(client, row, protocol, group.length, flow);
      return { director, services: group, row };
    });
  }

  private job(job: TopologyJob, groups: readonly ServiceGroup[]): End {
    const { name, type, count, services, machines } = job;
    const each = type === "system" || type === "sysbatch";
    const leading = groups.filter(({ services: [first] }) => services.includes(first?.follows ?? ""));
    const rows = leading.map(({ services: [first] }) => this.row([first?.follows ?? "", "instances from Consul"]));
    const lines = [
      each ? `${type}, one on each machine` : `${type}, ${count} ${count === 1 ? "instance" : "instances"}`,
      ...(machines.length > 4
        ? [`on ${rangeText(machines)}`]
        : machines.map((machine) => `on ${machine} ${this.addressesOf(machine)[0] ?? ""}`)),
    ];
    const end = this.box("job", `job ${name}`, lines, rows, machines);
    leading.forEach((group, index) => {
      this.edge(group.row, { ...end, row: rows[index]?.id }, group.services[0]?.forwarding ?? "", 1, flowOf(group));
    });
    return end;
  }

  private gateway(
    gateway: TopologyGateway,
    groups: readonly ServiceGroup[],
    client: End,
    jobs: ReadonlyMap<TopologyJob, End>,
  ): void {
    const { name, job, machines, admin } = gateway;
    const leading = groups.filter(({ services: [first] }) => first?.follows === name);
    const ends = folded(machines, () => name).map((some) => {
      const rows = leading.map(() => this.row(["HTTP", "instance from Consul"]));
      const end = this.box(
        "gateway",
        `gateway ${some.length === 1 ? `on ${some[0] ?? ""}` : rangeText(some)}`,
        [rangeText(some.map((machine) => this.addressesOf(machine)[0] ?? "")), job ? `${name}, job of Nomad` : name],
        rows,
        some,
      );
      leading.forEach((group, index) => {
        const addresses = some.flatMap((machine) => this.machines.get(machine)?.addresses ?? []);
        const flow = { ...flowOf(group), addresses };
        this.edge(group.row, { ...end, row: rows[index]?.id }, group.services[0]?.forwarding ?? "", some.length, flow);
      });
      if (leading.length === 0 && client.box !== "") this.edge(client, end, "", some.length);
      return end;
    });
    if (admin) {
      this.toRoute(ends, this.box("route", "its routes", ["made by its Admin API"]));
      return;
    }
    for (const routes of folded(gateway.routes, ({ leadsTo }) => leadsTo)) {
      const ids = routes.map(({ id }) => id);
      const requests = [...new Set(routes.map((route) => route.requests))];
      const route = this.box("route", `route ${rangeText(ids)}`, fewOf(requests.filter((text) => text !== "")));
      this.toRoute(ends, route);
      this.leadsTo(route, routes[0]?.leadsTo ?? "", jobs);
    }
  }

  private toRoute(gateways: readonly End[], route: End): void {
    for (const gateway of gateways) this.edge(gateway, route, "", 1);
  }

  private leadsTo(route: End, target: string, jobs: ReadonlyMap<TopologyJob, End>): void {
    const name = / in Consul$/.test(target) ? target.replace(/ in Consul$/, "") : undefined;
    const job = [...jobs].find(([{ services }]) => name !== undefined && services.includes(name));
    const service = this.topology.services.find((one) => one.name === name);
    if (job !== undefined) this.edge(route, job[1], "", 1);
    else if (service !== undefined)
      for (const instance of service.instances)
        this.arrivals.push({ ...instance, route, name: service.name, label: "" });
    else if (target !== "") this.edge(route, this.elsewhere(target), "", 1);
  }

  private elsewhere(title: string): End {
    const known = this.boxes.find((box) => box.kind === "elsewhere" && box.title === title);
    return known === undefined ? this.box("elsewhere", title) : { box: known.id };
  }

  /** Those that are machines of the topology; where Consul names others, nothing more is known. */
  private realServers(group: ServiceGroup): void {
    const { services, director } = group;
    const [first] = services;
    if (first === undefined) return;
    for (const { machine, address, port, weight, forwarding } of first.realServers)
      this.arrivals.push({ group, machine, address, port, weight, name: "", label: forwarding });
    if (first.follows === undefined) return;
    const { gateways, jobs, services: known } = this.topology;
    const drawn =
      gateways.some(({ name }) => name === first.follows) ||
      jobs.some((job) => job.services.includes(first.follows ?? ""));
    if (drawn) return;
    const service = known.find(({ name }) => name === first.follows);
    for (const instance of service?.instances ?? [])
      this.arrivals.push({ ...instance, group, name: service?.name ?? "", label: first.forwarding });
    if (service !== undefined) return;
    const row = this.row([`followed by ${director.machine}`]);
    const end = this.box("elsewhere", `${first.follows} in Consul`, [], [row]);
    this.edge(group.row, { ...end, row: row.id }, first.forwarding, 1, flowOf(group));
  }

  /** A box a machine, a row for each virtual service that leads there. */
  private servers(): void {
    const byMachine = new Map<string, Arrival[]>();
    for (const arrival of this.arrivals)
      byMachine.set(arrival.machine, [...(byMachine.get(arrival.machine) ?? []), arrival]);
    for (const some of folded([...byMachine], ([, arrivals]) => arrivals.map(arrivalKey).join())) {
      const names = some.map(([machine]) => machine);
      const [[, arrivals] = ["", []]] = some;
      const merged = new Map<string, { row: Row; arrivals: Arrival[] }>();
      arrivals.forEach((arrival, index) => {
        const all = some.flatMap(([, theirs]) => theirs[index] ?? []);
        // Several routes lead to one place.
        const key = arrival.group === undefined ? `${arrival.name} ${arrival.port}` : `${index}`;
        const known = merged.get(key);
        if (known === undefined) merged.set(key, { row: this.row(arrivalLines(all)), arrivals: [arrival] });
        else known.arrivals.push(arrival);
      });
      const addresses = names.map((name) => this.addressesOf(name)[0] ?? "");
      const lines = names.length === 1 ? this.addressesOf(names[0] ?? "") : [rangeText(addresses)];
      const rows = [...merged.values()].map(({ row }) => row);
      const kind = names.length > 1 ? rangeText(names) : (names[0] ?? "");
      const end = this.box("server", kind, lines, rows, names);
      arrivals.forEach((arrival, index) => {
        const { row } = [...merged.values()].find((one) => one.arrivals.includes(arrival)) ?? {};
        const all = some.flatMap(([, theirs]) => theirs[index] ?? []);
        const flow = arrival.group && {
          ...flowOf(arrival.group),
          addresses: all.map(({ address }) => address),
          port: arrival.port,
        };
        const from = arrival.group?.row ?? arrival.route;
        if (from !== undefined) this.edge(from, { ...end, row: row?.id }, arrival.label, all.length, flow);
      });
    }
  }

  private clusters(): void {
    const { clusters, directors, gateways, jobs } = this.topology;
    for (const { kind, servers, address } of clusters) {
      const told: [BoxKind, string][] = [
        ...(kind === "Consul" && directors.some(({ consul }) => consul)
          ? ([["director", "healthy instances to directors"]] as const)
          : []),
        ...(kind === "Consul" && gateways.length > 0
          ? ([
              ["gateway", `${gateways.every(({ admin }) => admin) ? "" : "routes, "}healthy instances to gateways`],
            ] as const)
          : []),
        ...(kind === "Nomad" && jobs.length > 0 ? ([["job", "places the instances of jobs"]] as const) : []),
      ].map(([to, text]) => [to, text]);
      const rows = told.map(([, text]) => this.row([text]));
      const lines = servers.map((name) => `${name} ${this.addressesOf(name)[0] ?? ""}`);
      const { box } = this.box("cluster", kind, address === undefined ? fewOf(lines) : [address], rows, servers);
      told.forEach(([to], index) => this.told.push({ from: { box, row: rows[index]?.id }, to }));
    }
  }

  /** Machines that are nothing of all that. */
  private others(): void {
    const drawn = new Set(this.boxes.flatMap(({ machines }) => machines));
    const rest = this.topology.machines.filter(({ name }) => !drawn.has(name));
    for (const some of folded(rest, ({ roles }) => roles.join())) {
      const names = some.map(({ name }) => name);
      const addresses = some.map(({ addresses: [first = ""] }) => first);
      this.box("machine", rangeText(names), [rangeText(addresses), ...fewOf(some[0]?.roles ?? [])], [], names);
    }
  }

  private addressesOf(machine: string): string[] {
    return fewOf(this.machines.get(machine)?.addresses ?? []);
  }

  private box(
    kind: BoxKind,
    title: string,
    lines: readonly string[] = [],
    rows: readonly Row[] = [],
    machines: readonly string[] = [],
  ): End {
    const id = `b${++this.count}`;
    this.boxes.push({ id, kind, title, lines: lines.filter((line) => line !== ""), rows, machines });
    return { box: id };
  }

  private row(lines: readonly string[]): Row {
    return { id: `r${++this.count}`, lines: lines.filter((line) => line !== "") };
  }

  private edge(from: End, to: End, label: string, count: number, flow?: Flow): void {
    const text = count > 1 && label !== "" ? `${count} × ${label}` : label;
    this.edges.push({ id: `e${++this.count}`, from, to, label: text, many: count > 1, ...(flow && { flow }) });
  }
}

function flowOf({ director, services }: ServiceGroup): Flow {
  return { director: director.machine, services: services.map(({ name }) => name) };
}

/** Everything but name and address. */
function serviceKey(service: TopologyVirtualService): string {
  const endpoints = service.endpoints.map(({ port, protocol, address }) => [port, protocol, address.includes(":")]);
  return JSON.stringify({ ...service, name: "", chain: "", endpoints });
}

function arrivalKey({ group, route, port, name, label }: Arrival): string {
  return [group?.row.row, route?.box, port, name, label].join(" ");
}

function arrivalLines(all: readonly Arrival[]): string[] {
  const [{ name, port } = { name: "", port: 0 }] = all;
  const weights = all.flatMap(({ weight }) => weight ?? []);
  return [
    `${name} ${port === 0 ? "the client's port" : `:${port}`}`.trim(),
    weights.length === 0 ? "" : weightText(weights),
  ];
}

function serviceLines(group: readonly TopologyVirtualService[]): string[] {
  const [first] = group;
  if (first === undefined) return [];
  const { endpoints, mark, scheduler, persistenceSeconds, onePacket, acknowledged } = first;
  const places =
    group.length > 1
      ? [
          rangeText(
            group.flatMap(({ endpoints: [one] }) => (one ? socket(one) : [])),
            group.length,
          ),
        ]
      : fewOf(endpoints.map(socket));
  const words = [
    [...new Set(endpoints.map(({ protocol }) => protocol.toUpperCase()))].join(", "),
    ...(endpoints.some(({ address }) => address.includes(":")) ? ["IPv6"] : []),
    scheduler,
    ...(mark === undefined ? [] : [`mark ${mark}`]),
    ...(persistenceSeconds === undefined ? [] : [`persistence ${persistenceSeconds} s`]),
    ...(onePacket ? ["one packet"] : []),
  ];
  return [...places, words.join(", "), ...acknowledged.map((refusal) => `acknowledged: ${refusal}`)];
}

function socket({ address, port }: { address: string; port: number }): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return port === 0 ? `${host}, every port` : `${host}:${port}`;
}

function endpointWord({ protocol, port }: { protocol: string; port: number }): string {
  return port === 0 ? `${protocol.toUpperCase()}, every port` : `${protocol.toUpperCase()} ${port}`;
}
