import { TerraformStack } from "cdktf";
import { IConstruct } from "constructs";
import { Installation } from "../../../constructs/agents";
import { ConsulServer, IConsulCluster } from "../../../constructs/consul";
import { Director, DirectorProps } from "../../../constructs/lvs";
import { LabBackend, Machine, Software } from "../../../constructs/machine";
import { synth } from "../../support/synth";

/** The machines of S2, and some more around the same director. */
export interface Machines {
  readonly stack: TerraformStack;
  readonly director: (props?: Partial<DirectorProps>) => Director;
  /** A director with a Consul, and consul-template from somewhere. */
  readonly following: (props?: Partial<DirectorProps>) => Director;
  /** eth0 192.168.139.29/24 fd00:139::29/64, eth1 10.0.0.1/24 fd00:10::1/64 */
  readonly ipvs: Machine;
  /** 192.168.139.184, in the subnet of the clients. */
  readonly d2: Machine;
  /** 10.0.0.11 fd00:10::11, behind the director. */
  readonly behind: Machine;
  /** 10.0.0.12, behind the director, no IPv6. */
  readonly behind2: Machine;
  /** 172.16.0.9, behind a router. */
  readonly far: Machine;
}

export const CONSUL_TEMPLATE: Software = {
  version: "0.41.1",
  url: "https://downloads.example/consul-template_0.41.1_linux_amd64.zip",
  sha256: "5".repeat(64),
};

/** A Consul that exists, whose agents come from a URL. */
function someConsul(stack: TerraformStack): IConsulCluster {
  const install = Installation.url({ ...CONSUL_TEMPLATE, version: "1.14.11", url: "https://downloads.example/consul" });
  const attributes = { address: "http://192.168.139.24:8500", retryJoin: ["192.168.139.24"], install };
  return ConsulServer.fromConsulServerAttributes(stack, "consul", attributes);
}

/** Synthesizes a program around one director; answers the machines, whose models can be looked at. */
export function program(build: (machines: Machines) => unknown): Machines {
  let machines: Machines | undefined;
  synth((stack) => {
    // The lab would be 10.0.0.1 itself in a subnet of its own, so that one is not the lab's.
    const backend = new LabBackend(stack, "lab", { subnets: ["192.168.139.0/24", "172.16.0.0/24"] });
    const machine = (name: string, interfaces: Record<string, string[]>): Machine =>
      new Machine(stack, name, { backend, interfaces });
    const ipvs = machine("ipvs", {
      eth0: ["192.168.139.29/24", "fd00:139::29/64"],
      eth1: ["10.0.0.1/24", "fd00:10::1/64"],
    });
    machines = {
      stack,
      ipvs,
      d2: machine("d2", { eth0: ["192.168.139.184/24"] }),
      behind: machine("behind", { eth0: ["10.0.0.11/24", "fd00:10::11/64"] }),
      behind2: machine("behind2", { eth0: ["10.0.0.12/24"] }),
      far: machine("far", { eth0: ["172.16.0.9/24"] }),
      director: (props) => new Director(stack, "director", { machine: ipvs, ...props }),
      following: (props) =>
        new Director(stack, "director", {
          machine: ipvs,
          consul: someConsul(stack),
          consulTemplate: Installation.url(CONSUL_TEMPLATE),
          ...props,
        }),
    };
    build(machines);
  });
  return machines!;
}

/** A file that a machine has in the end; fails where it has none of that path. */
export function fileOf({ model }: Machine, path: string): string {
  const file = [...model.liveFiles, ...model.files].find((each) => each.path === path);
  if (file === undefined)
    throw new Error(`no file ${path}, but: ${model.liveFiles.map((each) => each.path).join(", ")}`);
  return file.content;
}

export const ipvsRules = (machine: Machine): string => fileOf(machine, "/etc/vipstack/ipvs.d/static.rules");
export const iptablesV4 = (machine: Machine): string => fileOf(machine, "/etc/vipstack/iptables.d/director.v4");
export const iptablesV6 = (machine: Machine): string => fileOf(machine, "/etc/vipstack/iptables.d/director.v6");

/** `net.ipv4.ip_forward = 1`, a line a setting. */
export function sysctlsOf({ model }: Machine): string[] {
  return model.sysctls.map(({ key, value }) => `${key} = ${value}`);
}

/** The warnings of a construct and everything in it, with the id of their construct. */
export function warningsOf(scope: IConstruct): string[] {
  return scope.node
    .findAll()
    .flatMap(({ node }) =>
      node.metadata.filter(({ type }) => type === "@cdktf/warn").map(({ data }) => `${node.id}: ${String(data)}`),
    );
}

/** What the program throws, or nothing. */
export function messageOf(build: (machines: Machines) => unknown): string | undefined {
  try {
    program(build);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
