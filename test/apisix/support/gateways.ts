import { TerraformStack, TerraformVariable } from "cdktf";
import {
  AdminOptions,
  AgentProfile,
  CloudInit,
  ConsulServer,
  Gateway,
  GatewayOptions,
  GatewayProps,
  Machine,
  MachineGateway,
  NomadServer,
} from "../../../constructs";
import { workload } from "../../nomad/support/workload";
import { machinesOf, OfferingBackend } from "../../support/agents";
import { SynthResult } from "../../support/synth";

/** Where files of a gateway `front` are on its machine. */
export const CONFIG = "/etc/vipstack/gateway/front/config.yaml";
export const START = "/etc/vipstack/gateway/front/start";
export const RUN = "/usr/local/lib/vipstack/gateway-front";
export const ROUTES = "/etc/vipstack/gateway-front.hcl";

/** A sensitive variable of the stack, as text. */
export function variable(stack: TerraformStack, id: string): string {
  return new TerraformVariable(stack, id, { type: "string", sensitive: true }).stringValue;
}

/** Everything but the Admin API. */
export function everything(stack: TerraformStack): GatewayOptions {
  return {
    version: "3.17.0",
    httpPort: 80,
    httpsPort: 443,
    statusPort: 7086,
    streamPorts: { tcp: [5432, 6379], udp: [53] },
    workers: 4,
    memoryMiB: 512,
    accessLog: false,
    trustedAddresses: ["10.0.0.7", "10.1.0.0/16", "fd00::/8"],
    plugins: ["response-rewrite", "mqtt-proxy", "cors", "zipkin"],
    pluginAttributes: {
      redirect: { httpsPort: 8443 },
      prometheus: {
        exportUri: "/metrics",
        exportAddr: { ip: "0.0.0.0", port: 9100 },
        defaultBuckets: ["10ms", "100ms"],
      },
      other: { zipkin: { set_ngx_var: true, note: "${{BOB_KEY}} [[ \u009b", lists: [[1], ["[["]] } },
    },
    secrets: { BOB_KEY: variable(stack, "bob"), ALICE_KEY: variable(stack, "alice") },
  };
}

/** Routes by the Admin API. */
export function admin(stack: TerraformStack): GatewayOptions {
  return {
    admin: {
      etcd: ["http://10.0.0.5:2379", "https://etcd.example:2379"],
      key: variable(stack, "admin-key"),
      dataEncryptionKey: variable(stack, "encryption-key"),
      port: 9181,
      prefix: "/apisix/lab",
    },
  };
}

/** Routes by the Admin API, with these options. */
export function adminWith(options: Partial<AdminOptions>): (stack: TerraformStack) => GatewayOptions {
  return (stack) => ({
    admin: {
      etcd: ["http://10.0.0.5:2379"],
      key: variable(stack, "admin-key"),
      dataEncryptionKey: variable(stack, "encryption-key"),
      ...options,
    },
  });
}

/** What a stack with these machines and a Consul server holds. */
export interface Site {
  readonly stack: TerraformStack;
  readonly consul: ConsulServer;
  /** Consul's own. */
  readonly server: Machine;
  readonly gw: Machine;
  readonly gw2: Machine;
}

/** Synthesizes a gateway's program: `server` has Consul, `gw` and `gw2` have what `build` gives them. */
export function onMachines(build: (site: Site) => unknown, consulVersion = "1.14.11"): Site {
  let site: Site | undefined;
  workload((stack) => {
    const versions = { consul: consulVersion, "consul-template": "0.41.1" };
    const backend = new OfferingBackend(stack, "offering", versions);
    const [server, gw, gw2] = machinesOf(stack, ["server", "gw", "gw2"], backend) as [Machine, Machine, Machine];
    const consul = new ConsulServer(stack, "consul", { machine: server, profile: AgentProfile.DEV });
    site = { stack, consul, server, gw, gw2 };
    build(site);
  });
  return site!;
}

/** What the machine `gw` gets for a gateway `front`. */
export function gatewayModel(options: (stack: TerraformStack) => GatewayOptions = () => ({})): CloudInit {
  return onMachines(({ stack, consul, gw }) => {
    new MachineGateway(stack, "front", { machines: [gw], consul, ...options(stack) });
  }).gw.model;
}

/** A file of the machine, by its whole path. */
export function fileOf(model: CloudInit, path: string): string {
  const file = [...model.files, ...model.liveFiles].find((each) => each.path === path);
  if (file === undefined) throw new Error(`no ${path}, but: ${model.liveFiles.map((each) => each.path).join(" ")}`);
  return file.content;
}

export function unitOf(model: CloudInit, name: string): string {
  return model.units.find((unit) => unit.name === name)?.content ?? "";
}

/** A stack with a gateway `front` on the Nomad clients `web1` and `web2`. */
export function onNomad(
  props: (stack: TerraformStack, clients: readonly Machine[]) => Omit<Partial<GatewayProps>, "nomad"> = () => ({}),
): SynthResult {
  return workload((stack) => {
    const machines = machinesOf(stack, ["server", "web1", "web2"]) as [Machine, Machine, Machine];
    const [server, ...clients] = machines;
    const consul = new ConsulServer(stack, "consul", { machine: server });
    const nomad = new NomadServer(stack, "nomad-server", { machine: server, consul });
    nomad.addClients(clients, { docker: true });
    new Gateway(stack, "front", { nomad, ...props(stack, clients) });
  }).result;
}

/** What it throws, or nothing. */
export function refusal(build: () => unknown): string | undefined {
  try {
    build();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
