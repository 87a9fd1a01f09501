import { Scene } from "../../../../cli/doctor/scene";
import { DeploymentDescription, GatewayDescription } from "../../../../constructs/deployment";
import { Topology, TopologyVirtualService } from "../../../../constructs/topology";

/** The virtual services of test/lab/programs/doctor.ts. */
export const WEB = "192.168.139.29:80";
export const DIRECT = "192.168.139.100:8080";
export const TUNNEL = "192.168.139.101:8081";
export const PAGE = "192.168.139.29:8082";

const ADDRESSES = {
  "vm-1": "192.168.139.68",
  ipvs: "192.168.139.29",
  d2: "192.168.139.184",
  d3: "192.168.139.185",
};

function service(name: string, endpoint: string, forwarding: string): TopologyVirtualService {
  const [address = "", port = ""] = endpoint.split(":");
  return {
    name,
    endpoints: [{ address, port: Number(port), protocol: "tcp" }],
    scheduler: "rr",
    onePacket: false,
    forwarding,
    acknowledged: [],
    realServers: (["d2", "d3"] as const).map((machine) => ({
      machine,
      address: ADDRESSES[machine],
      port: Number(port),
      weight: 1,
      forwarding,
    })),
  };
}

/** What synth writes for the program of the lab test. */
export const TOPOLOGY: Topology = {
  name: "doctor",
  stack: "machines",
  client: "vm-1",
  machines: Object.entries(ADDRESSES).map(([name, address]) => ({ name, addresses: [address], roles: [], made: true })),
  directors: [
    {
      machine: "ipvs",
      plane: "ipvs",
      drainTimeout: "60s",
      consul: true,
      services: [
        service("web", WEB, "masquerading, SNAT"),
        service("direct", DIRECT, "direct routing"),
        service("tunnel", TUNNEL, "tunneling"),
        { ...service("page", PAGE, "masquerading, SNAT"), realServers: [], follows: "page" },
      ],
      redirects: [],
    },
  ],
  gateways: [],
  jobs: [],
  services: [],
  clusters: [{ kind: "Consul", servers: ["d2"] }],
};

/** @param shell what runs a script on each machine. @default - a program that fails */
export function deployment(shell = "false", gateways: readonly GatewayDescription[] = []): DeploymentDescription {
  return {
    name: "doctor",
    stack: "machines",
    stateFolder: "/state/doctor",
    access: { labDirectory: "/state/doctor/lab" },
    client: "vm-1",
    machines: Object.entries(ADDRESSES).map(([name, address]) => ({
      name,
      addresses: [address],
      roles: [],
      shell: { command: shell },
    })),
    virtualServices: [],
    gateways,
  };
}

/** One of the virtual services. @param change of the topology. @default - none */
export function sceneOf(
  endpoint: string,
  options: { change?: Partial<TopologyVirtualService>; gateways?: readonly GatewayDescription[] } = {},
): Scene {
  const directors = TOPOLOGY.directors.map((director) => ({
    ...director,
    services: director.services.map((one) => ({ ...one, ...options.change })),
  }));
  const all = Scene.all(deployment("false", options.gateways), { ...TOPOLOGY, directors });
  const scene = all.find((one) => one.endpoint === endpoint);
  if (scene === undefined) throw new Error(`no service ${endpoint}`);
  return scene;
}
