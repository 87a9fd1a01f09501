import { createHash } from "node:crypto";
import { Fn, TerraformStack } from "cdktf";
import { Construct, IConstruct } from "constructs";
import { describeFailure } from "../private/failure";
import { writeAtSynth } from "../private/synth-files";
import { mapTokens } from "../private/template-escape";
import { TerraformData } from "../private/terraform-data";
import { Validation, ValidationError } from "../private/validation";
import { addressKeeper } from "./address-keeper";
import { IBackend, Software, SoftwareName } from "./backend";
import { renderCloudConfig } from "./cloud-config-text";
import { CloudInit } from "./cloud-init";
import { Contribution, LazyContribution } from "./contribution";
import { plainSecretFailures } from "./contribution-rules";
import { joinNeighbours } from "./neighbours";
import { bringSecrets, renderSecretsScript, secretVariable } from "./secrets-script";
import { describeUnusable, InterfaceAddress, parseInterfaceAddress } from "./subnet";
import { holdsTerraformValue } from "./terraform-value";
import { HOST_NAME_RULE, isHostName, isInterfaceName } from "./text-rules";

/** Something with addresses that roles are put on. */
export interface IMachine extends IConstruct {
  /** The name it is known by: its host name, and `ssh NAME`. */
  readonly name: string;
  /** Its first IPv4 address, without prefix length. */
  readonly address: string;
  /** All its addresses, with interface and subnet. */
  readonly addresses: readonly InterfaceAddress[];
  /** A container registry that stands for Docker Hub where the machine is. @default - none */
  readonly registryMirror?: string;
  /** Tells that the machine is going to pull a container image, so that it can be there before. */
  wantImage(name: string): void;
  /**
   * A vendor's program as it is offered where the machine is; undefined where it has to come from its vendor.
   *
   * @param version @default - the one that the machine's backend has chosen
   */
  software(name: SoftwareName, version?: string): Software | undefined;
  /**
   * Adds what a role needs; a function where the role still grows (conflicts of its result are errors of synth).
   *
   * @throws ValidationError where another role of the machine wants something else
   */
  contribute(role: IConstruct, part: LazyContribution): void;
}

export interface MachineProps {
  readonly backend: IBackend;
  /**
   * Interface name to its addresses with prefix length; IPv4 and IPv6 may share an interface. The first IPv4 address is the
   * machine's own: `{ eth0: ["192.168.139.29/24"] }`.
   */
  readonly interfaces: Readonly<Record<string, readonly string[]>>;
  /**
   * Interface name to the largest packet that its network carries, in bytes, 576 to 65535 (lab: at most 1500), with IPv6 1280
   * at least: `{ eth0: 1450 }`. The lab and OrbStack set it, on a host by ssh it must be so already. Roles that need room of
   * a packet follow it.
   *
   * @default - 1500
   */
  readonly mtu?: Readonly<Record<string, number>>;
  /** Letters, digits and hyphens. @default - the construct's id */
  readonly name?: string;
  /** Memory in MiB, 256 to 65536; only the lab uses it. @default 320 */
  readonly memoryMiB?: number;
}

type ForeignMachineAttributes = Pick<MachineProps, "interfaces" | "mtu" | "name">;

/** A machine that the program makes. What it is comes from the roles that are put on it. */
export class Machine extends Construct implements IMachine {
  /**
   * A machine that nobody here makes or changes, for example a real server that another team runs.
   *
   * @param attributes its name, its interfaces and their MTU, as in {@link MachineProps}
   */
  static fromAddresses(scope: Construct, id: string, attributes: ForeignMachineAttributes): IMachine {
    return new ForeignMachine(scope, id, attributes);
  }

  readonly name: string;
  readonly address: string;
  readonly addresses: readonly InterfaceAddress[];
  readonly model: CloudInit;
  private readonly backend: IBackend;

  constructor(scope: Construct, id: string, props: MachineProps) {
    super(scope, id);
    this.name = props.name ?? id;
    this.backend = props.backend;
    this.addresses = checkedAddresses(this, this.name, props);
    joinNeighbours(this, props.backend);
    claimFolder(this, this.name, props.backend);
    this.address = ownAddress(this.addresses);
    this.model = new CloudInit({ hostname: this.name, address: this.address });
    this.node.addValidation({
      validate: () => this.model.failures().map(({ owner, failure }) => `${owner}: ${describeFailure(failure)}`),
    });

    const lifecycle = props.backend._bind({
      name: this.name,
      interfaces: props.interfaces,
      mtu: props.mtu ?? {},
      memoryMiB: props.memoryMiB ?? 320,
      model: this.model,
    });
    // Whoever sets it, everything that counts on it is wrong where it is not so.
    if (props.mtu !== undefined) this.contribute(this, { ready: Object.entries(props.mtu).map(hasMtu) });
    if (lifecycle.contribution) this.contribute(props.backend, lifecycle.contribution);
    writeAtSynth(this, () => ({ ...lifecycle.documents(), ...secretsDocument(this.model) }));

    const machine = new TerraformData(this, "Default", {
      triggersReplace: () => ({ ...lifecycle.triggers, boot: sha256(renderCloudConfig(this.model, { live: false })) }),
      onCreate: lifecycle.create,
      onDestroy: lifecycle.destroy,
      dependsOn: lifecycle.dependsOn,
    });
    // The user-data carried the live content to the first boot; from then on this resource carries its changes, and the
    // plan shows them as text.
    const live = new TerraformData(this, "live", {
      triggersReplace: () => ({
        machine: machine.idReference,
        ...Object.fromEntries(this.model.liveFiles.map(({ path, content }) => [path, content])),
      }),
      onCreate: lifecycle.push,
      logicalId: `${machine.friendlyUniqueId}_live`,
      dependsOn: [machine],
    });
    // Of a secret the state has a hash only; the content goes through the command's environment, which Terraform never
    // shows.
    const { shell } = lifecycle;
    new TerraformData(this, "secrets", {
      triggersReplace: () => ({ machine: machine.idReference, ...secretHashes(this.model) }),
      onCreate: { ...shell, command: bringSecrets(secretsScript(this.name), shell.command) },
      lateEnvironment: () => secretContents(this.model),
      exists: () => this.model.secrets.length > 0,
      logicalId: `${machine.friendlyUniqueId}_secrets`,
      dependsOn: [live],
    });
  }

  get registryMirror(): string | undefined {
    return this.backend.registryMirror;
  }

  wantImage(name: string): void {
    this.backend.wantImage?.(name);
  }

  software(name: SoftwareName, version?: string): Software | undefined {
    return this.backend.software?.(name, version);
  }

  contribute(role: IConstruct, part: LazyContribution): void {
    const keeperOf = (known: Contribution) => (known.addresses === undefined ? {} : addressKeeper());
    const lazy = typeof part === "function";
    const keeper = this.model.contribute(this.node.path, lazy ? () => keeperOf(part()) : keeperOf(part));
    const own = lazy
      ? this.model.contribute(role.node.path, () => checkedSecrets(role, part()))
      : [...plainSecretFailures(part), ...this.model.contribute(role.node.path, part)];
    const failures = [...keeper, ...own];
    if (failures.length > 0) throw new ValidationError(role, failures);
  }
}

class ForeignMachine extends Construct implements IMachine {
  readonly name: string;
  readonly address: string;
  readonly addresses: readonly InterfaceAddress[];

  constructor(scope: Construct, id: string, attributes: ForeignMachineAttributes) {
    super(scope, id);
    this.name = attributes.name ?? id;
    this.addresses = checkedAddresses(this, this.name, attributes);
    joinNeighbours(this);
    this.address = ownAddress(this.addresses);
  }

  /** Its owner sees to it. */
  wantImage(): void {
    // Nothing is made there.
  }

  /** Its owner decides where programs come from. */
  software(): undefined {
    return undefined;
  }

  /** Nothing is done: whoever owns the machine has to bring what the role needs. */
  contribute(): void {
    // Its owner does it.
  }
}

function checkedSecrets(role: IConstruct, part: Contribution): Contribution {
  const failures = plainSecretFailures(part);
  if (failures.length > 0) throw new ValidationError(role, failures);
  return part;
}

function secretsScript(machine: string): string {
  return `machines/${machine}/secrets.sh`;
}

function secretsDocument(model: CloudInit): Record<string, string> {
  return model.secrets.length === 0 ? {} : { [secretsScript(model.hostname ?? "")]: renderSecretsScript(model) };
}

function secretContents({ secrets }: CloudInit): Record<string, string> {
  return Object.fromEntries(secrets.map(({ content }, index) => [secretVariable(index), content]));
}

/** What each secret is made of, its references hashed: a change of anything brings them to the machine again. */
function secretHashes({ secrets }: CloudInit): Record<string, string> {
  return Object.fromEntries(
    secrets.map(({ path, content, mode }) => [path, `${mode} ${mapTokens(content, (token) => Fn.sha256(token))}`]),
  );
}

function checkedAddresses(
  scope: IConstruct,
  name: string,
  props: Pick<MachineProps, "interfaces" | "memoryMiB" | "mtu"> & Partial<Pick<MachineProps, "backend">>,
): InterfaceAddress[] {
  const validation = new Validation(scope);
  for (const [property, value] of Object.entries({ name, interfaces: props.interfaces, memoryMiB: props.memoryMiB })) {
    validation.require(!holdsTerraformValue(value), {
      property,
      rule: "can't hold a value that only Terraform knows: the machine's files are written before",
      cure: "write it into the program, or read it from the environment",
    });
  }
  validation.finish();
  validation.require(isHostName(name), {
    property: "name",
    ...HOST_NAME_RULE,
    got: name,
  });
  validation.integer("memoryMiB", props.memoryMiB, 256, 65536, "320 is enough for a director, 1500 for a Nomad client");
  for (const nic of Object.keys(props.interfaces)) {
    validation.require(isInterfaceName(nic), {
      property: "interfaces",
      rule: "must have names of network interfaces, at most 15 characters",
      got: nic,
      cure: "write it like 'eth0'",
    });
  }
  const parsed = Object.entries(props.interfaces).flatMap(([nic, addresses]) =>
    addresses.map((text) => ({ text, address: parseInterfaceAddress(nic, text, props.mtu?.[nic]) })),
  );
  for (const { text, address } of parsed) {
    validation.require(address !== undefined, {
      property: "interfaces",
      rule: "must hold addresses with a prefix length",
      got: text,
      cure: "write it like '192.168.139.29/24' or 'fd00:139::29/64'",
    });
  }
  const addresses = parsed.flatMap(({ address }) => (address === undefined ? [] : [address]));
  validation.require(
    addresses.some(({ family }) => family === 4),
    {
      property: "interfaces",
      rule: "must hold an IPv4 address",
      got: props.interfaces,
      cure: 'give the first interface one, for example { eth0: ["192.168.139.29/24"] }',
    },
  );
  for (const { interface: nic, address, subnet } of addresses)
    checkHost(validation, nic, address, subnet, props.backend);
  for (const { address } of addresses.filter((own, index) => addresses.findIndex(sameAs(own)) < index))
    validation.add({
      property: "interfaces",
      rule: "can't hold an address twice",
      got: address,
      cure: "leave one of the two out",
    });
  checkMtu(validation, props, addresses);
  validation.finish();
  return addresses;
}

/** An address must be one that a host can have, and nobody else's that is known. */
function checkHost(validation: Validation, nic: string, address: string, subnet: string, backend?: IBackend): void {
  const what =
    describeUnusable(address, subnet) ??
    (backend?.ownAddresses?.includes(address) ? `an address of ${backend.node.path} itself, its router's` : undefined);
  validation.require(what === undefined, {
    property: "interfaces",
    rule: `can't give ${nic} ${what ?? ""}`,
    got: address,
    cure: `choose another address of ${subnet}`,
  });
}

function sameAs({ address }: InterfaceAddress): (other: InterfaceAddress) => boolean {
  return (other) => other.address === address;
}

function checkMtu(
  validation: Validation,
  { interfaces, mtu = {} }: Pick<MachineProps, "interfaces" | "mtu">,
  addresses: readonly InterfaceAddress[],
): void {
  for (const [nic, bytes] of Object.entries(mtu)) {
    validation.require(nic in interfaces, {
      property: "mtu",
      rule: `can't be that of ${nic}, which is none of the interfaces`,
      got: bytes,
      cure: `use one of ${Object.keys(interfaces).join(", ")}, or add ${nic} to 'interfaces'`,
    });
    validation.integer(`mtu.${nic}`, bytes, 576, 65535, "1500 is usual; IPv4 hosts take packets of 576 bytes at least");
    validation.require(!(bytes >= 576 && bytes < 1280 && hasIpv6(addresses, nic)), {
      property: `mtu.${nic}`,
      rule: "must be at least 1280 with an IPv6 address, or the kernel takes IPv6 away from the interface",
      got: bytes,
      cure: `choose 1280 or more, or leave the IPv6 address of ${nic} out`,
    });
  }
}

function hasIpv6(addresses: readonly InterfaceAddress[], nic: string): boolean {
  return addresses.some((each) => each.interface === nic && each.family === 6);
}

function hasMtu([nic, bytes]: [string, number]): string {
  return `test "$(cat /sys/class/net/${nic}/mtu)" -eq ${bytes}`;
}

const folders = new WeakMap<TerraformStack, Map<string, { readonly path: string; readonly backend: IBackend }>>();

/** In one stack a name is a folder of files: a machine of another backend would take it. Within a backend neighbours are compared. */
function claimFolder(machine: IConstruct, name: string, backend: IBackend): void {
  const stack = TerraformStack.of(machine);
  const names = folders.get(stack) ?? new Map<string, { path: string; backend: IBackend }>();
  folders.set(stack, names);
  const first = names.get(name.toLowerCase()) ?? { path: machine.node.path, backend };
  names.set(name.toLowerCase(), first);
  if (first.backend === backend) return;
  const rule = `can't be that of ${first.path}, whose files are in the same stack`;
  const failure = { property: "name", rule, got: name, cure: "give one of them another one" };
  machine.node.addValidation({ validate: () => [describeFailure(failure)] });
}

function ownAddress(addresses: readonly InterfaceAddress[]): string {
  return addresses.find(({ family }) => family === 4)?.address ?? "";
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
