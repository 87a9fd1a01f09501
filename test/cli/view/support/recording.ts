import { Topology } from "../../../../constructs/topology";
import { Status } from "../../../../cli/status";

/** A look at a deployment, and what has happened before it. */
export interface Look {
  readonly what: string;
  readonly status: Status;
}

/** Statuses of one deployment, one after the other, as `vipstack status --json` prints them. */
export interface Recording {
  readonly topology: Topology;
  readonly looks: readonly Look[];
}

const VIP = "192.168.139.29:80";

/** Weight, connections per second, active, inactive, seconds of the drain. */
type Row = readonly [address: string, weight: number, perSecond: number, active: number, drainSeconds?: number];

function table(name: string, rows: readonly Row[]): Status["directors"][number] {
  const connectionsPerSecond = rows.reduce((sum, [, , perSecond]) => sum + perSecond, 0);
  const servers = rows.map(([address, weight, perSecond, active, drainSeconds]) => ({
    ...{ address, forwarding: "Masq", weight, connectionsPerSecond: perSecond, active, inactive: 40 },
    ...(drainSeconds !== undefined && { drainSeconds }),
  }));
  const service = { protocol: "TCP", address: VIP, scheduler: "rr", connectionsPerSecond, servers };
  return { name, rules: [], services: [service] };
}

function machine(
  name: string,
  address: string,
  state: string,
  upSeconds: number,
  roles: string[],
): Status["machines"][number] {
  return { name, addresses: [address], state, roles, ...(state !== "off" && { upSeconds }) };
}

/** Client, director, and one machine with two web servers; its power is cut. */
export function threeMachines(topology: Topology): Recording {
  const look = (what: string, up: number, d2: [state: string, upSeconds: number], rows: readonly Row[]): Look => ({
    what,
    status: {
      ...{ deployment: "lab", stateFolder: "/state/three-machines", checks: [], jobs: [], routes: [], problems: [] },
      machines: [
        machine("vm-1", "192.168.139.68", "ready", up, ["client"]),
        machine("ipvs", "192.168.139.29", "ready", up, [`director of tcp ${VIP}`]),
        machine("d2", "192.168.139.184", ...d2, ["Caddy"]),
      ],
      directors: [table("ipvs", rows)],
    },
  });
  const [FIRST, SECOND] = ["192.168.139.184:80", "192.168.139.184:81"] as const;
  return {
    topology,
    looks: [
      look(
        "healthy",
        240,
        ["ready", 240],
        [
          [FIRST, 1, 21, 3],
          [SECOND, 1, 20, 2],
        ],
      ),
      look(
        "power cut",
        242,
        ["off", 0],
        [
          [FIRST, 1, 9, 14],
          [SECOND, 1, 8, 12],
        ],
      ),
      look(
        "drain",
        250,
        ["ready", 4],
        [
          [FIRST, 1, 17, 2],
          [SECOND, 0, 0, 5, 58],
        ],
      ),
      look(
        "back",
        320,
        ["ready", 74],
        [
          [FIRST, 1, 20, 2],
          [SECOND, 1, 19, 2],
        ],
      ),
    ],
  };
}

const [GATEWAY_1, GATEWAY_2] = ["192.168.139.31:9080", "192.168.139.32:9080"] as const;

/** The chain of main.ts. The power of web2 is cut; Consul notices, the director drains its real server, and it comes back. */
export function chain(topology: Topology): Recording {
  const look = (
    what: string,
    up: number,
    web2: [state: string, upSeconds: number],
    health: string | undefined,
    rows: readonly Row[],
  ): Look => {
    const on = (name: string, address: string, state: string, upSeconds: number): Status["machines"][number] =>
      machine(name, address, state, upSeconds, ["Consul client", "Docker", "Nomad client", "APISIX gateway gateway"]);
    const agents = ["ipvs", "server", "web1", "web2"];
    return {
      what,
      status: {
        ...{ deployment: "lab", stateFolder: "/state/lab", problems: [] },
        machines: [
          machine("vm-1", "192.168.139.68", "ready", up, ["client"]),
          machine("ipvs", "192.168.139.29", "ready", up, [`director of tcp ${VIP}`, "Consul client"]),
          machine("server", "192.168.139.24", "ready", up, ["Consul server", "Nomad server"]),
          on("web1", "192.168.139.31", "ready", up),
          on("web2", "192.168.139.32", ...web2),
        ],
        directors: [table("ipvs", rows)],
        checks: [
          ...agents.map((node) => ({
            ...{ node, service: "", check: "Serf Health Status" },
            status: node === "web2" ? (health ?? "critical") : "passing",
          })),
          ...["web1", "web2"].flatMap((node) =>
            node === "web2" && health === undefined
              ? []
              : ["gateway", "hello-world-servers"].map((service) => ({
                  ...{ node, service, check: `service: "${service}" check` },
                  status: node === "web2" ? (health ?? "critical") : "passing",
                })),
          ),
        ],
        jobs: [
          ["gateway", "http 9080", "http 9080"] as const,
          ["hello-world", "http 22031", "http 27544"] as const,
        ].flatMap(([job, first, second]) => [
          { job, version: "0", runsOn: "web1", ports: first, health: "passing" },
          ...(health === undefined ? [] : [{ job: "", version: "", runsOn: "web2", ports: second, health }]),
        ]),
        routes: [
          { gateway: "gateway", id: "getting-started-ip", requests: "GET /ip", leadsTo: "httpbin.org:80" },
          { gateway: "gateway", id: "hello", requests: "/*", leadsTo: "hello-world-servers in Consul" },
        ],
      },
    };
  };
  return {
    topology,
    looks: [
      look("healthy", 600, ["ready", 600], "passing", [
        [GATEWAY_1, 1, 31, 4],
        [GATEWAY_2, 1, 30, 3],
      ]),
      look("power cut", 602, ["off", 0], "critical", [
        [GATEWAY_1, 1, 33, 5],
        [GATEWAY_2, 1, 27, 11],
      ]),
      look("drain", 612, ["off", 0], undefined, [
        [GATEWAY_1, 1, 60, 7],
        [GATEWAY_2, 0, 0, 11, 51],
      ]),
      look("back", 720, ["ready", 64], "passing", [
        [GATEWAY_1, 1, 30, 4],
        [GATEWAY_2, 1, 29, 2],
      ]),
    ],
  };
}
