import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Annotations, Aspects, Fn } from "cdktf";
import { Construct, IConstruct } from "constructs";
import { describeFailure } from "../private/failure";
import { isMarked, mark } from "../private/mark";
import { writeAtSynth } from "../private/synth-files";
import { mapTokens } from "../private/template-escape";
import { LocalCommand, TerraformData } from "../private/terraform-data";
import { checkAtSynth, isRefused, refuse } from "../private/validation";
import { addressKeeper } from "./address-file";
import type { IBackend } from "./backend";
import { CloudInit } from "./cloud-init";
import { Contribution, LazyContribution } from "./contribution";
import { plainSecretFailures } from "./machine-file";
import { FAREWELL_PROGRAM, farewellCommand } from "./farewell";
import { checkedAddresses, ownAddress } from "./machine-addresses";
import { joinNeighbours } from "./neighbours";
import { renderCloudConfig } from "./render/cloud-config";
import { FILE_TREE, renderFileTree } from "./render/file-tree";
import { bringSecrets, renderSecretsScript, secretVariable } from "./render/secrets";
import type { Software, SoftwareName } from "./software";
import type { InterfaceAddress } from "./subnet";

/** A machine on which roles are put: one of the program ({@link Machine}), or one that exists. */
export interface IMachine extends IConstruct {
  /** Host name; `ssh NAME` reaches the machine. */
  readonly name: string;
  /** First IPv4 address of the machine, without prefix length. */
  readonly address: string;
  /** All addresses of the machine, with interface and subnet. */
  readonly addresses: readonly InterfaceAddress[];
  /** Container registry that the machine uses as Docker Hub's mirror: `http://192.168.139.1:5000`. @default - none */
  readonly registryMirror?: string;
  /** Announces a container image that the machine will pull, so that its backend can provide the image before. */
  wantImage(name: string): void;
  /**
   * A vendor's program that the machine's backend offers; undefined if it has to come from its vendor.
   *
   * @param version @default - the one that the machine's backend has chosen
   */
  software(name: SoftwareName, version?: string): Software | undefined;
  /**
   * Adds the contribution of a role. Give a function if the role still grows. If it contradicts another role of the machine, that is an error at
   * synth.
   */
  contribute(role: IConstruct, part: LazyContribution): void;
}

/** Name and addresses of a machine. */
export interface MachineAttributes {
  /**
   * Addresses with prefix length, by interface: `{ eth0: ["192.168.139.29/24"] }`. IPv4 and IPv6 may share an interface. The first IPv4
   * address is the machine's own.
   */
  readonly interfaces: Readonly<Record<string, readonly string[]>>;
  /**
   * Largest packet of a network in bytes, by interface: `{ eth0: 1450 }`; 576 to 65535, in the lab at most 1500, with IPv6 at least 1280. The
   * lab and OrbStack set it; a host by ssh must have it already. Roles that need room in a packet take it into account.
   *
   * @default 1500
   */
  readonly mtu?: Readonly<Record<string, number>>;
  /** Host name: letters, digits and hyphens. @default - the construct's id */
  readonly name?: string;
}

/** Properties of a machine that the program makes. */
export interface MachineProps extends MachineAttributes {
  /** Backend that makes the machine: the lab, hosts by ssh, OrbStack, or your own. */
  readonly backend: IBackend;
  /** Memory in MiB, 256 to 65536. Only the lab uses it. Less than the roles need is a warning at synth. @default 320 */
  readonly memoryMiB?: number;
}

/** A machine that the program makes: a name, interfaces and a backend. Roles contribute everything else. */
export class Machine extends Construct implements IMachine {
  /**
   * A machine that the program neither makes nor changes, for example a real server that another team runs.
   *
   * @param attributes its name, its interfaces and their MTU, as in {@link MachineProps}
   */
  static fromMachineAttributes(scope: Construct, id: string, attributes: MachineAttributes): IMachine {
    return new ForeignMachine(scope, id, attributes);
  }

  /** Whether a construct is a machine that the program makes, also by another copy of this package. */
  static isMachine(construct: unknown): construct is Machine {
    return isMarked(construct, MACHINE);
  }

  /** Host name; `ssh NAME` reaches the machine. */
  readonly name: string;
  /** First IPv4 address, without prefix length. */
  readonly address: string;
  /** All addresses, with interface and subnet. */
  readonly addresses: readonly InterfaceAddress[];
  /** Pure model of the machine, complete at synth. */
  readonly model: CloudInit;
  /** Runs the shell script on its standard input on the machine, as root. */
  readonly shell: LocalCommand;
  /** Its resources, for others to wait for; none if it is refused. @internal */
  readonly _resources?: MachineResources;
  /** Container images that its roles run. @internal */
  readonly _images = new Set<string>();
  private readonly backend: IBackend;
  private readonly pushedAfter: TerraformData[] = [];

  constructor(scope: Construct, id: string, props: MachineProps) {
    super(scope, id);
    mark(this, MACHINE);
    this.name = props.name ?? id;
    this.backend = props.backend;
    this.addresses = checkedAddresses(this, this.name, props);
    joinNeighbours(this, props.backend);
    this.address = ownAddress(this.addresses);
    this.model = new CloudInit({ hostname: isRefused(this) ? "refused" : this.name, address: this.address });
    checkAtSynth(this, () =>
      this.model.failures().map(({ owner, failure }) => `${owner}: ${describeFailure(failure)}`),
    );
    const memoryMiB = props.memoryMiB ?? 320;
    if (props.backend.givesMemory === true) warnOfLittleMemory(this, memoryMiB);
    if (isRefused(this)) {
      this.shell = { command: "false" };
      return;
    }

    const lifecycle = props.backend.bind({
      name: this.name,
      interfaces: props.interfaces,
      mtu: props.mtu ?? {},
      memoryMiB,
      model: this.model,
    });
    // Whether the backend sets it or not, all that relies on it is wrong where it is not so.
    if (props.mtu !== undefined) this.contribute(this, { ready: Object.entries(props.mtu).map(hasMtu) });
    if (lifecycle.contribution) this.contribute(props.backend, lifecycle.contribution);
    const folder = `machines/${this.name}`;
    writeAtSynth(
      this,
      () => ({
        ...lifecycle.documents(),
        ...secretsDocuments(this.model),
        ...below(folder, renderFileTree(this.model)),
      }),
      // A file that the last synth had, and this one does not, would be read as if the machine got it.
      (stackFolder) => {
        rmSync(join(stackFolder, folder, FILE_TREE), { recursive: true, force: true });
      },
    );

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
      dependsOn: this.pushedAfter,
    });
    this.pushedAfter.push(machine);
    // Of a secret the state has a hash only; the content goes through the command's environment, which Terraform never
    // shows.
    const { shell } = lifecycle;
    this.shell = shell;
    new TerraformData(this, "secrets", {
      triggersReplace: () => ({ machine: machine.idReference, ...secretHashes(this.model) }),
      onCreate: { ...shell, command: bringMachineSecrets(this.name, shell.command) },
      lateEnvironment: () => secretContents(this.model),
      exists: () => this.model.secrets.length > 0,
      logicalId: `${machine.friendlyUniqueId}_secrets`,
      dependsOn: [live],
    });
    const farewell = new TerraformData(this, "farewell", {
      triggersReplace: () => ({ machine: machine.idReference }),
      onDestroy: {
        ...shell,
        command: farewellCommand(shell.command, FAREWELL_PROGRAM, `${this.name}: ${FAREWELL_PROGRAM} failed`),
      },
      exists: () => this.model.beforeRemoval.length > 0,
      logicalId: `${machine.friendlyUniqueId}_farewell`,
      dependsOn: [live],
    });
    this._resources = { made: machine, pushed: live, farewell };
  }

  /** What runs on it before another machine that left the program is removed. @internal */
  _beforeRemoval(command: string, after: TerraformData): void {
    this.backend.beforeRemoval?.({ machine: this.name, command, after });
  }

  /** Lets changes of the live content wait until another machine is made, so that no request is sent there before. @internal */
  _pushAfter(made: TerraformData): void {
    this.pushedAfter.push(made);
  }

  /** Container registry that the machine uses as Docker Hub's mirror. */
  get registryMirror(): string | undefined {
    return this.backend.registryMirror;
  }

  /** @see IMachine.wantImage */
  wantImage(name: string): void {
    this._images.add(name);
    this.backend.wantImage?.(name);
  }

  /** @see IMachine.software */
  software(name: SoftwareName, version?: string): Software | undefined {
    return this.backend.software?.(name, version);
  }

  /** @see IMachine.contribute */
  contribute(role: IConstruct, part: LazyContribution): void {
    const keeperOf = (known: Contribution) => (known.addresses === undefined ? {} : addressKeeper());
    const lazy = typeof part === "function";
    const keeper = this.model.contribute(this.node.path, lazy ? () => keeperOf(part()) : keeperOf(part));
    const own = lazy
      ? this.model.contribute(role.node.path, () => checkedSecrets(role, part()))
      : [...plainSecretFailures(part.secrets), ...this.model.contribute(role.node.path, part)];
    const failures = [...keeper, ...own];
    if (failures.length > 0) refuse(role, failures);
  }
}

/** What Terraform makes of a machine. */
interface MachineResources {
  /** The machine itself, made and complete. */
  readonly made: TerraformData;
  /** Its live content, pushed. */
  readonly pushed: TerraformData;
  /** Ends what it serves before it is removed; left out where nothing is to end. */
  readonly farewell: TerraformData;
}

const MACHINE = "Machine";

/** What {@link MachineAttributes} stand for. */
class ForeignMachine extends Construct implements IMachine {
  readonly name: string;
  readonly address: string;
  readonly addresses: readonly InterfaceAddress[];

  constructor(scope: Construct, id: string, attributes: MachineAttributes) {
    super(scope, id);
    this.name = attributes.name ?? id;
    this.addresses = checkedAddresses(this, this.name, attributes);
    joinNeighbours(this);
    this.address = ownAddress(this.addresses);
  }

  /** Its owner provides images. */
  wantImage(): void {
    // Nothing is made there.
  }

  /** Its owner decides where programs come from. */
  software(): undefined {
    return undefined;
  }

  /** Nothing is done: the owner of the machine has to bring what the role needs. */
  contribute(): void {
    // Its owner does it.
  }
}

function checkedSecrets(role: IConstruct, part: Contribution): Contribution {
  const failures = plainSecretFailures(part.secrets);
  if (failures.length === 0) return part;
  refuse(role, failures);
  return { ...part, secrets: [] };
}

function hasMtu([nic, bytes]: [string, number]): string {
  return `test "$(cat /sys/class/net/${nic}/mtu)" -eq ${bytes}`;
}

/** A machine of 256 MiB without any role uses 125 to 135. */
const SYSTEM_MIB = 144;

/** Without enough of it a program is ended as soon as another one needs memory, and its service is gone for a while: a fault that is hard to see. */
function warnOfLittleMemory(machine: Machine, has: number): void {
  Aspects.of(machine).add({
    visit: (node) => {
      if (node !== machine) return;
      const { memory } = machine.model;
      const needed = memory.reduce((sum, { memoryMiB }) => sum + memoryMiB, SYSTEM_MIB);
      if (needed <= has) return;
      const parts = [`${SYSTEM_MIB} for the system`, ...memory.map((each) => `${each.memoryMiB} for ${each.owner}`)];
      Annotations.of(machine).addWarning(
        `'memoryMiB' is ${has}, and its roles need about ${needed} (${parts.join(", ")}): give it ${needed} or more, or the kernel ends programs`,
      );
    },
  });
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function scriptOf(machine: string): string {
  return `machines/${machine}/secrets.sh`;
}

/** Documents with a folder before their paths. */
function below(folder: string, documents: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(documents).map(([path, text]) => [`${folder}/${path}`, text]));
}

/** The files beside the stack's JSON that {@link bringMachineSecrets} runs. */
function secretsDocuments(model: CloudInit): Record<string, string> {
  return model.secrets.length === 0 ? {} : { [scriptOf(model.hostname ?? "")]: renderSecretsScript(model) };
}

/** The command that brings a machine its secrets. @param shell runs the script on its standard input on the machine */
function bringMachineSecrets(machine: string, shell: string): string {
  return bringSecrets(scriptOf(machine), shell);
}

/** The environment variables of that command. */
function secretContents({ secrets }: CloudInit): Record<string, string> {
  return Object.fromEntries(secrets.map(({ content }, index) => [secretVariable(index), content]));
}

/** What each secret is made of, its references hashed: a change of anything brings them to the machine again. */
function secretHashes({ secrets }: CloudInit): Record<string, string> {
  return Object.fromEntries(
    secrets.map(({ path, content, mode }) => [path, `${mode} ${mapTokens(content, (token) => Fn.sha256(token))}`]),
  );
}
