import { join, resolve } from "node:path";
import { Fn, ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { catalogueOf } from "../../private/catalogue";
import { pathFromStack } from "../../private/host-path";
import { writeAtSynth } from "../../private/synth-files";
import { LocalCommand, TerraformData } from "../../private/terraform-data";
import { Validation } from "../../private/validation";
import type {
  BackendFactory,
  Farewell,
  IBackend,
  MachineAccess,
  MachineDescription,
  MachineLifecycle,
} from "../backend";
import { CloudInit } from "../cloud-init";
import { FAREWELL_PROGRAM } from "../farewell";
import { renderPushScript } from "../render/setup";
import type { Software, SoftwareName } from "../software";
import { firstHostAddress, normalizeAddress, normalizeSubnet, subnetContains } from "../subnet";
import { userDataFiles } from "../render/cloud-config";

/** Packages that take long to install: machines that want them boot from a disk image that holds them already. */
const PREINSTALLED = ["docker.io"];

/** Ports on the lab's own addresses, where it serves what vendors make. */
const SOFTWARE_PORT = 3143;
const REGISTRY_PORT = 5000;

/** A port of the host's loopback that leads into the lab. */
export interface LabForward {
  /** TCP port on 127.0.0.1. */
  readonly listen: number;
  /** `ADDRESS:PORT` inside the lab. */
  readonly to: string;
}

/** Properties of a lab. */
export interface LabBackendProps {
  /** Networks in CIDR form. Each has its own bridge; the lab routes between them and owns the first host address of each. */
  readonly subnets: readonly string[];
  /**
   * Ports of the host's loopback that lead into the lab. @default - those that stacks of Consul objects and of jobs need: a port of the agent's number,
   * or the next one that is free in this list
   */
  readonly forwards?: readonly LabForward[];
  /** State folder of the lab; each lab needs its own. @default ".vipstack/lab/default" below the working directory */
  readonly directory?: string;
  /** Path of the program `vipstack-lab`. @default - that of this package */
  readonly program?: string;
}

/**
 * The embedded lab: each machine is a user-mode Linux guest with a kernel, systemd and cloud-init of its own, in a network
 * namespace that the lab makes. Needs Linux and root, nothing else.
 */
export class LabBackend extends Construct implements IBackend {
  /** The lab of an inventory: its subnets and forwards, in a folder below its state. */
  static factory(): BackendFactory {
    return (scope, { subnets, forwards, stateFolder }) =>
      new LabBackend(scope, "lab", { subnets, forwards, directory: join(stateFolder, "lab") });
  }

  /** ssh configuration, state folder and forwards of the lab. */
  readonly access: MachineAccess;
  /** Addresses of the lab's router: the first host address of each subnet. */
  readonly ownAddresses: readonly string[];
  /** The memory of a guest is fixed when it is made. */
  readonly givesMemory = true;
  private readonly subnets: readonly string[];
  private readonly forwards: LabForward[];
  private readonly machines: string[] = [];
  private readonly models: CloudInit[] = [];
  /** By machine, for the /etc/hosts of all. */
  private readonly addresses: Record<string, readonly string[]> = {};
  private readonly paths: Record<string, string>;
  private readonly network: TerraformData;
  /** What each machine waits for; grows when a machine asks for something that the lab serves. */
  private readonly prerequisites: TerraformData[] = [];
  /** Grows with every role that has to do something before a machine is removed. */
  private readonly farewells: Farewell[] = [];
  private readonly syncsAfter: ITerraformDependable[] = [];
  private readonly served = { software: new Set<string>(), registry: false, images: new Set<string>() };
  private readonly address: string;

  constructor(scope: Construct, id: string, props: LabBackendProps) {
    super(scope, id);
    const subnets = checkedSubnets(this, props);
    this.subnets = subnets;
    this.ownAddresses = subnets.map(firstHostAddress);
    const directory = resolve(props.directory ?? join(".vipstack", "lab", "default"));
    const program = props.program ?? join(__dirname, "..", "..", "..", "lab", "vipstack-lab.js");
    this.paths = { LAB_DIRECTORY: directory, VIPSTACK_LAB: resolve(program) };
    const [first = STAND_IN_SUBNET] = subnets;
    this.address = firstHostAddress(subnets.find((subnet) => !subnet.includes(":")) ?? first);
    this.forwards = [...(props.forwards ?? [])];
    const { forwards } = this;
    this.access = { labDirectory: directory, sshConfigFile: join(directory, "ssh_config"), forwards };
    const document = () => ({
      name: id,
      subnets: props.subnets,
      machines: this.machines,
      addresses: this.addresses,
      forwards,
      ...(this.servedSoftware.length > 0 && { software: this.servedSoftware }),
      ...(this.served.registry && { registry: true }),
      ...(this.served.images.size > 0 && { images: [...this.served.images].sort() }),
      ...preinstalled(...this.models),
      ...(this.farewells.length > 0 && {
        beforeRemoval: this.farewells.map(({ machine, command }) => ({ on: machine, command })),
      }),
    });
    writeAtSynth(this, () => ({ "lab.json": `${JSON.stringify(document(), null, 2)}\n` }));

    this.network = new TerraformData(this, "Default", {
      // The state holds the absolute path: another folder is another lab.
      triggersReplace: () => ({ subnets: props.subnets.join(" "), directory: absoluteInTerraform(this, directory) }),
      onCreate: this.run("start lab.json"),
      onDestroy: this.run("stop"),
    });
    this.prerequisites.push(this.network);
    // Terraform runs no destroy command for a machine that left the program; this resource removes such a guest.
    new TerraformData(this, "members", {
      triggersReplace: () => ({
        lab: this.network.idReference,
        machines: this.machines.join(" "),
        addresses: JSON.stringify(this.addresses),
        forwards: forwards.map(({ listen, to }) => `${listen}=${to}`).join(" "),
        ...this.services(),
      }),
      onCreate: this.run("sync lab.json"),
      logicalId: `${this.network.friendlyUniqueId}_members`,
      dependsOn: this.syncsAfter,
    });
    this.syncsAfter.push(this.network);
  }

  /** The lab's own container registry, filled with images made of the distribution's packages. */
  get registryMirror(): string {
    this.serve();
    this.served.registry = true;
    return `http://${this.host}:${REGISTRY_PORT}`;
  }

  /** Announces an image. `vipstack up` fetches it into the lab's registry before a machine is made. */
  wantImage(name: string): void {
    this.served.images.add(name);
  }

  /**
   * The lab has, fetches or builds the program, and serves it from its own address. Only name and version are in the synthesized
   * program: the source on a host, and so the sum, reaches the machine by the lab's list.
   */
  software(name: SoftwareName, version?: string): Software | undefined {
    const wanted = version ?? catalogueOf(name)[0]?.version;
    if (wanted === undefined) return undefined;
    this.serve();
    this.served.software.add(`${name}@${wanted}`);
    const address = `http://${this.host}:${SOFTWARE_PORT}`;
    return { version: wanted, sha256: `${address}/SHA256SUMS`, url: `${address}/${name}_${wanted}` };
  }

  /** Adds the forward that leads there, if there is none. @see IBackend.fromHost */
  fromHost(endpoint: string): string | undefined {
    if (endpoint.startsWith("127.")) return endpoint;
    const forward = this.forwards.find(({ to }) => to === endpoint) ?? this.addForward(endpoint);
    return forward && `127.0.0.1:${forward.listen}`;
  }

  /** @see IBackend.beforeRemoval */
  beforeRemoval(farewell: Farewell): void {
    this.farewells.push(farewell);
    this.syncsAfter.push(farewell.after);
  }

  private addForward(endpoint: string): LabForward | undefined {
    const [, address = "", port] = /^\[?(.*?)\]?:(\d+)$/.exec(endpoint) ?? [];
    const isAddress = normalizeAddress(address) !== undefined;
    if (!isAddress || !this.subnets.some((subnet) => subnetContains(subnet, address))) return undefined;
    const forward = { listen: this.freePort(Number(port)), to: endpoint };
    this.forwards.push(forward);
    return forward;
  }

  /** The port itself, or the first one above it that no forward of this lab has. */
  private freePort(port: number): number {
    return this.forwards.some(({ listen }) => listen === port) ? this.freePort(port + 1) : port;
  }

  /** @see IBackend.bind */
  bind({ name, interfaces, mtu, memoryMiB, model }: MachineDescription): MachineLifecycle {
    checkMachine(this, name, Object.keys(interfaces));
    checkMtu(this, name, mtu);
    this.machines.push(name);
    this.models.push(model);
    this.addresses[name] = Object.values(interfaces).flatMap((texts) => texts.map((text) => text.split("/")[0] ?? ""));
    const nics = Object.entries(interfaces).map(([nic, addresses]) => ({ interface: nic, addresses, mtu: mtu[nic] }));
    const hardware = { name, memoryMiB, nics };
    const folder = `machines/${name}`;
    const shell = `ssh -F "$LAB_DIRECTORY/ssh_config" ${name} sh -s`;
    return {
      create: this.command(`${this.labCommand(`create ${folder}`)} && ${shell} < ${folder}/applied.sh`),
      destroy: this.run(`delete ${name}`),
      push: this.command(`${shell} < ${folder}/live.sh`),
      shell: this.command(shell),
      triggers: { lab: this.network.idReference, hardware: documentOf(hardware) },
      documents: () => ({
        [`${folder}/machine.json`]: documentOf({ ...hardware, ...preinstalled(model), ...farewellOf(model) }),
        ...userDataFiles(folder, model),
        [`${folder}/live.sh`]: renderPushScript(model),
      }),
      dependsOn: this.prerequisites,
    };
  }

  private get host(): string {
    return this.address.includes(":") ? `[${this.address}]` : this.address;
  }

  private get servedSoftware(): string[] {
    return [...this.served.software].sort();
  }

  private services(): Record<string, string> {
    const registry = this.served.registry ? ["registry"] : [];
    const served = [...this.servedSoftware, ...registry].join(" ");
    return served === "" ? {} : { services: served };
  }

  /** A network that is up already gets new services before a machine asks for them; starting it again adds what is missing. */
  private serve(): void {
    if (this.prerequisites.length > 1) return;
    const services = new TerraformData(this, "services", {
      triggersReplace: () => ({ lab: this.network.idReference, ...this.services() }),
      onCreate: this.run("start lab.json"),
      logicalId: `${this.network.friendlyUniqueId}_services`,
      dependsOn: [this.network],
    });
    this.prerequisites.push(services);
  }

  private run(words: string): LocalCommand {
    return this.command(this.labCommand(words));
  }

  private labCommand(words: string): string {
    return `node "$VIPSTACK_LAB" ${words} --dir "$LAB_DIRECTORY"`;
  }

  private command(command: string): LocalCommand {
    return { command, paths: this.paths };
  }
}

/** An absolute path, for Terraform to make of what the JSON holds. */
function absoluteInTerraform(scope: Construct, path: string): string {
  const written = pathFromStack(scope, path);
  return written === path ? path : Fn.abspath(written);
}

function documentOf(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Left out where there is nothing. */
function preinstalled(...models: readonly CloudInit[]): { preinstalled?: string[] } {
  const packages = new Set(models.flatMap((model) => model.packages));
  const found = PREINSTALLED.filter((name) => packages.has(name));
  return found.length === 0 ? {} : { preinstalled: found };
}

function farewellOf({ beforeRemoval }: CloudInit): { beforeRemoval?: string } {
  return beforeRemoval.length === 0 ? {} : { beforeRemoval: FAREWELL_PROGRAM };
}

/** The guests' network driver takes Ethernet's packets and no larger ones. */
function checkMtu(scope: Construct, machine: string, mtu: MachineDescription["mtu"]): void {
  const validation = new Validation(scope);
  for (const [nic, bytes] of Object.entries(mtu))
    validation.integer("mtu", bytes, 576, 1500, `${nic} of ${machine} can't have more in the lab`);
  validation.passes();
}

/** Nothing is made in it: synth fails where no subnet is one. */
const STAND_IN_SUBNET = "192.0.2.0/24";

/** @returns the subnets that are some */
function checkedSubnets(scope: Construct, { subnets, forwards = [] }: LabBackendProps): string[] {
  const validation = new Validation(scope);
  validation.require(subnets.length > 0, {
    property: "subnets",
    rule: "must name at least one network",
    cure: 'for example ["192.168.139.0/24"]',
  });
  for (const subnet of subnets) {
    validation.require(normalizeSubnet(subnet) === subnet, {
      property: "subnets",
      rule: "must hold networks in CIDR form",
      got: subnet,
      cure: `write it like '${normalizeSubnet(subnet) ?? "192.168.139.0/24"}'`,
    });
  }
  for (const { listen, to } of forwards) {
    validation.integer("forwards", listen, 1, 65535, "choose a free port of this host");
    validation.require(/^([0-9.]+|\[[0-9a-f:]+\]):[0-9]{1,5}$/i.test(to), {
      property: "forwards",
      rule: "must lead to an address and a port in the lab",
      got: to,
      cure: "write it like '192.168.139.29:80' or '[fd00:139::29]:80'",
    });
  }
  validation.passes();
  return subnets.filter((subnet) => normalizeSubnet(subnet) !== undefined);
}

/** What only the lab asks of its machines. */
function checkMachine(scope: Construct, name: string, interfaces: readonly string[]): void {
  const validation = new Validation(scope);
  validation.require(/^[a-z][a-z0-9-]{0,31}$/.test(name), {
    property: "name",
    rule: `must be lower-case letters, digits and hyphens, at most 32, for a machine of the lab`,
    got: name,
    cure: "choose a name like 'web-1'",
  });
  validation.require(interfaces.length <= 8 && interfaces.every((nic, index) => nic === `eth${index}`), {
    property: "interfaces",
    rule: `must be called eth0, eth1, … in this order, eight at most, for machine ${name} of the lab`,
    got: interfaces,
    cure: "rename them",
  });
  validation.passes();
}
