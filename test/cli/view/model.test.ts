import { drawTopology, Topology, TopologyVirtualService } from "../../../constructs/topology";
import { Status } from "../../../cli/status";
import { marksOf } from "../../../cli/view/mark";
import { modelOf } from "../../../cli/view/model";
import { chain, threeMachines } from "./support/recording";
import { topologyOf } from "./support/synthesized";

const small = threeMachines(topologyOf("examples/three-machines/main.ts"));
const large = chain(topologyOf("main.ts"));

/** The marks of each look, by the titles of boxes and the places that edges lead to. */
function marked({ topology, looks }: typeof small): Record<string, string>[] {
  const picture = drawTopology(topology, { live: true });
  return looks.map(({ status }) => {
    const marks = marksOf(topology, picture, modelOf(topology, status));
    const names = new Map([
      ...picture.boxes.map(({ id, title }) => [id, title] as const),
      ...picture.edges.map(({ id, to, flow }) => {
        const box = picture.boxes.find((one) => one.id === to.box)?.title ?? "";
        return [id, `→ ${box}${flow?.port === undefined ? "" : ` :${flow.port}`}`] as const;
      }),
    ]);
    return Object.fromEntries(
      Object.entries(marks).map(([id, { text, mood }]) => [names.get(id) ?? id, `${text} (${mood})`]),
    );
  });
}

test("three machines: rates, weights and the drain are on the edges, states in the boxes", () => {
  expect(marked(small)).toEqual([
    {
      "vm-1": "ready (good)",
      "director ipvs": "ready (good)",
      d2: "ready (good)",
      "→ director ipvs": "41/s (good)",
      "→ d2 :80": "21/s, weight 1 (good)",
      "→ d2 :81": "20/s, weight 1 (good)",
    },
    expect.objectContaining({ d2: "off (bad)", "→ director ipvs": "17/s (good)" }),
    expect.objectContaining({
      d2: "ready (good)",
      "→ d2 :80": "17/s, weight 1 (good)",
      "→ d2 :81": "drains, 5 open (warn)",
    }),
    expect.objectContaining({ d2: "ready (good)", "→ d2 :81": "19/s, weight 1 (good)" }),
  ]);
});

test("the chain: checks of Consul and instances of jobs are in the boxes of gateways, jobs and clusters", () => {
  const [healthy, cut, drain, back] = marked(large);
  expect(healthy).toEqual({
    "vm-1": "ready (good)",
    "director ipvs": "ready (good)",
    "gateway on web1": "ready (good)",
    "gateway on web2": "ready (good)",
    "job hello-world": "2 of 2 well (good)",
    Consul: "ready (good)",
    Nomad: "ready (good)",
    "→ director ipvs": "61/s (good)",
    "→ gateway on web1": "31/s, weight 1 (good)",
    "→ gateway on web2": "30/s, weight 1 (good)",
  });
  expect(cut).toMatchObject({
    "gateway on web2": "off (bad)",
    "→ gateway on web2": expect.stringMatching(/weight 1 \(bad\)$/) as string,
    "job hello-world": "1 of 2 well (bad)",
  });
  expect(drain).toMatchObject({
    "→ gateway on web1": "60/s, weight 1 (good)",
    "→ gateway on web2": "drains, 11 open (warn)",
    "job hello-world": "1 of 2 well (bad)",
  });
  expect(Object.keys(back!)).toEqual(Object.keys(healthy!));
});

test("a machine that is on but has a critical check is unhealthy", () => {
  const [{ status }] = large.looks as [(typeof large.looks)[number]];
  const checks = [{ node: "web1", service: "gateway", check: "ready", status: "critical" }];
  const [marks] = marked({ ...large, looks: [{ what: "", status: { ...status, checks } }] });
  expect(marks).toMatchObject({ "gateway on web1": "unhealthy (bad)", "gateway on web2": "ready (good)" });
});

test("what has not answered is not known; a real server that is not in the table is missing", () => {
  const [{ status }] = large.looks as [(typeof large.looks)[number]];
  const silent: Status = { ...status, directors: [], checks: [], jobs: [] };
  const [director] = status.directors;
  const [service] = director!.services;
  const without: Status = {
    ...status,
    directors: [{ ...director!, services: [{ ...service!, servers: service!.servers.slice(0, 1) }] }],
  };
  const [first, second] = marked({
    ...large,
    looks: [
      { what: "", status: silent },
      { what: "", status: without },
    ],
  });
  expect(first).toMatchObject({
    "→ director ipvs": "not known (warn)",
    "→ gateway on web1": "not known (warn)",
    "job hello-world": "not known (warn)",
  });
  expect(second).toMatchObject({ "→ gateway on web2": "no real server (bad)" });
  expect(modelOf(large.topology, silent)).not.toHaveProperty("checks");
});

test("many equal machines are one box: how many are well, and the sum of their connections", () => {
  const numbers = [1, 2, 3, 4, 5, 6];
  const address = (number: number): string => `10.0.0.${30 + number}`;
  const machines = numbers.map((number) => ({
    ...{ name: `web${number}`, addresses: [address(number)], roles: [], made: true },
  }));
  const topology = programOf(machines, {
    ...{ endpoints: [{ address: "10.0.0.100", port: 80, protocol: "tcp" }] },
    realServers: numbers.map((number) => ({
      ...{ machine: `web${number}`, address: address(number), port: 80, weight: 1, forwarding: "direct routing" },
    })),
  });
  const servers = numbers.map((number) => ({
    ...{ address: `${address(number)}:80`, forwarding: "Route", weight: number === 6 ? 3 : 1 },
    ...{ connectionsPerSecond: 2, active: 0, inactive: 0 },
  }));
  const services = [{ protocol: "TCP", address: "10.0.0.100:80", scheduler: "rr", connectionsPerSecond: 12, servers }];
  const status = statusFor(
    machines.map(({ name }) => [name, name === "web2" ? "frozen" : "ready"]),
    { name: "director", rules: [], services },
  );
  const [marks] = marked({ topology, looks: [{ what: "", status }] });
  expect(marks).toMatchObject({
    "web1 … web6 (6)": "5 of 6 well (bad)",
    "→ web1 … web6 (6) :80": "12/s, weight 1 to 3 (bad)",
  });
});

test("the iptables plane has no numbers: who is in the rules of the service's own chain", () => {
  const machines = ["web1", "web2"].map((name, index) => ({
    ...{ name, addresses: [`10.0.0.${31 + index}`], roles: [], made: true },
  }));
  const endpoints = [{ address: "10.0.0.100", port: 80, protocol: "tcp" }];
  const realServers = machines.map(({ name, addresses: [address = ""] }) => ({
    ...{ machine: name, address, port: 80, weight: 1, forwarding: "masquerading" },
  }));
  const topology = programOf(machines, { endpoints, realServers, chain: "VIPSTACK-WEB" }, "iptables");
  const rules = [
    "-A VIPSTACK-WEB -p tcp -m statistic --mode nth --every 3 --packet 0 -j DNAT --to-destination 10.0.0.31:80",
    "-A VIPSTACK-WEB -p tcp -m statistic --mode nth --every 2 --packet 0 -j DNAT --to-destination 10.0.0.31:80",
    "-A VIPSTACK-WEB2 -p tcp -j DNAT --to-destination 10.0.0.32:80",
  ];
  const status = statusFor([], { name: "director", rules, services: [] });
  expect(modelOf(topology, status).servers).toEqual([
    { director: "director", service: "web", endpoint: "TCP 10.0.0.100:80", address: "10.0.0.31:80", machine: "web1" },
  ]);
  const [marks] = marked({ topology, looks: [{ what: "", status }] });
  expect(marks).toMatchObject({ "→ web1 :80": "in the rules ()", "→ web2 :80": "no real server (bad)" });
});

test("services by firewall mark and of IPv6 are found; a service that the program does not know is left out", () => {
  const machines = [{ name: "web1", addresses: ["10.0.0.31", "fd00::31"], roles: [], made: true }];
  const server = { forwarding: "Masq", weight: 1, connectionsPerSecond: 0, active: 0, inactive: 0 };
  const table = (protocol: string, address: string, real: string): Status["directors"][number]["services"][number] => ({
    ...{ protocol, address, scheduler: "rr", connectionsPerSecond: 0, servers: [{ ...server, address: real }] },
  });
  const endpoints = [{ address: "fd00::100", port: 443, protocol: "tcp" }];
  const services = [
    table("TCP", "[fd00::100]:443", "[fd00::31]:8443"),
    table("TCP", "10.0.0.9:22", "10.0.0.31:22"),
    table("FWM", "7", "10.0.0.31:80"),
  ];
  const status = statusFor([], { name: "director", rules: [], services });
  const found = (more: Partial<TopologyVirtualService>): string[] =>
    modelOf(programOf(machines, more), status).servers.map(
      ({ endpoint, address, machine }) => `${endpoint} ${address} ${machine ?? ""}`,
    );
  expect(found({ endpoints })).toEqual(["TCP [fd00::100]:443 [fd00::31]:8443 web1"]);
  expect(found({ endpoints, mark: 7 })).toEqual(["FWM 7 10.0.0.31:80 web1"]);
});

function programOf(machines: Topology["machines"], service: Partial<TopologyVirtualService>, plane = "ipvs"): Topology {
  const web = { name: "web", scheduler: "rr", onePacket: false, forwarding: "masquerading", acknowledged: [] };
  return {
    ...{ name: "lab", stack: "machines", gateways: [], jobs: [], services: [], clusters: [] },
    machines: [{ name: "director", addresses: ["10.0.0.20"], roles: [], made: true }, ...machines],
    directors: [
      {
        ...{ machine: "director", plane, drainTimeout: "60s", consul: false, redirects: [] },
        services: [{ ...web, endpoints: [], realServers: [], ...service }],
      },
    ],
  };
}

function statusFor(
  machines: (readonly [name: string, state: string])[],
  director: Status["directors"][number],
): Status {
  return {
    ...{ deployment: "lab", stateFolder: "/state/lab", checks: [], jobs: [], routes: [], problems: [] },
    machines: machines.map(([name, state]) => ({ name, addresses: [], state, roles: [] })),
    directors: [director],
  };
}
