import { createHash } from "node:crypto";
import { Construct, IConstruct } from "constructs";
import { describeFailure } from "../private/failure";
import { isMarked, mark } from "../private/mark";
import { writeAtSynth } from "../private/synth-files";
import { LocalCommand, TerraformData } from "../private/terraform-data";
import { ValidationError } from "../private/validation";
import { addressKeeper } from "./address-keeper";
import { IBackend, Software, SoftwareName } from "./backend";
import { renderCloudConfig } from "./cloud-config-text";
import { CloudInit } from "./cloud-init";
import { Contribution, LazyContribution } from "./contribution";
import { ForeignMachine, ForeignMachineAttributes } from "./foreign-machine";
import { checkedAddresses, ownAddress } from "./machine-addresses";
import { IMachine } from "./machine-end";
import { bringMachineSecrets, secretContents, secretHashes, secretsDocuments } from "./machine-secrets";
import { joinNeighbours } from "./neighbours";
import { plainSecretFailures } from "./secret-rules";
import { InterfaceAddress } from "./subnet";

const MACHINE = "Machine";

export interface MachineProps extends ForeignMachineAttributes {
  readonly backend: IBackend;
  /** Memory in MiB, 256 to 65536; only the lab uses it. @default 320 */
  readonly memoryMiB?: number;
}

/** A machine that the program makes. What it is comes from the roles that are put on it. */
export class Machine extends Construct implements IMachine {
  /**
   * A machine that the program neither makes nor changes, for example a real server that another team runs.
   *
   * @param attributes its name, its interfaces and their MTU, as in {@link MachineProps}
   */
  static fromAddresses(scope: Construct, id: string, attributes: ForeignMachineAttributes): IMachine {
    return new ForeignMachine(scope, id, attributes);
  }

  /** Whether a construct is a machine that the program makes, also by another copy of this package. */
  static isMachine(construct: unknown): construct is Machine {
    return isMarked(construct, MACHINE);
  }

  readonly name: string;
  readonly address: string;
  readonly addresses: readonly InterfaceAddress[];
  readonly model: CloudInit;
  /** Runs the shell script on its standard input on the machine, as root. */
  readonly shell: LocalCommand;
  private readonly backend: IBackend;

  constructor(scope: Construct, id: string, props: MachineProps) {
    super(scope, id);
    mark(this, MACHINE);
    this.name = props.name ?? id;
    this.backend = props.backend;
    this.addresses = checkedAddresses(this, this.name, props);
    joinNeighbours(this, props.backend);
    this.address = ownAddress(this.addresses);
    this.model = new CloudInit({ hostname: this.name, address: this.address });
    this.node.addValidation({
      validate: () => this.model.failures().map(({ owner, failure }) => `${owner}: ${describeFailure(failure)}`),
    });

    const lifecycle = props.backend.bind({
      name: this.name,
      interfaces: props.interfaces,
      mtu: props.mtu ?? {},
      memoryMiB: props.memoryMiB ?? 320,
      model: this.model,
    });
    // Whether the backend sets it or not, all that relies on it is wrong where it is not so.
    if (props.mtu !== undefined) this.contribute(this, { ready: Object.entries(props.mtu).map(hasMtu) });
    if (lifecycle.contribution) this.contribute(props.backend, lifecycle.contribution);
    writeAtSynth(this, () => ({ ...lifecycle.documents(), ...secretsDocuments(this.model) }));

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
    this.shell = shell;
    new TerraformData(this, "secrets", {
      triggersReplace: () => ({ machine: machine.idReference, ...secretHashes(this.model) }),
      onCreate: { ...shell, command: bringMachineSecrets(this.name, shell.command) },
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

function checkedSecrets(role: IConstruct, part: Contribution): Contribution {
  const failures = plainSecretFailures(part);
  if (failures.length > 0) throw new ValidationError(role, failures);
  return part;
}

function hasMtu([nic, bytes]: [string, number]): string {
  return `test "$(cat /sys/class/net/${nic}/mtu)" -eq ${bytes}`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
