import { Construct } from "constructs";
import type { BackendFactory, IBackend, MachineDescription, MachineLifecycle } from "../backend";
import type { Unit } from "../unit";
import { renderPushScript } from "../render/setup";
import { shellWord } from "../render/shell";
import { oneshotUnit } from "../render/unit";
import { userDataFiles } from "../render/cloud-config";

/** Properties of the backend for OrbStack. */
export interface OrbStackBackendProps {
  /** Distribution and version in the notation of `orb create`. @default "debian:bookworm" */
  readonly image?: string;
}

/**
 * OrbStack machines on a Mac. OrbStack assigns an address only after creation and accepts no static one, so the program's addresses are
 * added as further ones. Commands reach a machine by its name.
 *
 * A machine that an earlier run left half-made is made anew. A machine of that name that the program did not make is never touched: the creation
 * fails.
 *
 * All machines share OrbStack's kernel, whose modules are built in: a failing `modprobe` is ignored.
 *
 * @see https://docs.orbstack.dev/machines/cloud-init
 */
export class OrbStackBackend extends Construct implements IBackend {
  /** Factory for an inventory: `backend: OrbStackBackend.factory()`. */
  static factory(props: OrbStackBackendProps = {}): BackendFactory {
    return (scope) => new OrbStackBackend(scope, "orbstack", props);
  }

  private readonly image: string;

  constructor(scope: Construct, id: string, props: OrbStackBackendProps = {}) {
    super(scope, id);
    this.image = props.image ?? "debian:bookworm";
  }

  /** @see IBackend.bind */
  bind({ name, interfaces, mtu, model }: MachineDescription): MachineLifecycle {
    const folder = `machines/${name}`;
    const asRoot = `orb -m ${name} -u root`;
    // Terraform runs no destroy command for what it failed to make, so the next creation finds it there.
    const halfMade = `${folder}/half-made`;
    const isOurs = `[ -e ${halfMade} ] && ${asRoot} grep -q /var/lib/vipstack/ /var/lib/cloud/instance/user-data.txt`;
    return {
      create: {
        command: [
          "set -e",
          `if orb info ${name} > /dev/null 2>&1; then`,
          `  if ${isOurs}; then`,
          `    echo "An earlier run left ${name} half-made: it is made anew."`,
          `    orb delete --force ${name}`,
          "  else",
          `    echo "OrbStack has a machine ${name} that this program did not make. It was not touched." >&2`,
          `    echo "Rename the machine in the program, or remove that one: orb delete ${name}" >&2`,
          "    exit 1",
          "  fi",
          "fi",
          `touch ${halfMade}`,
          `orb create --user-data ${folder}/user-data ${shellWord(this.image)} ${name}`,
          `${asRoot} cloud-init status --wait`,
          `${asRoot} sh -s < ${folder}/applied.sh`,
          `rm ${halfMade}`,
        ].join("\n"),
      },
      destroy: { command: `orb delete --force ${name}` },
      push: { command: `${asRoot} sh -s < ${folder}/live.sh` },
      shell: { command: `${asRoot} sh -s` },
      triggers: { image: this.image },
      documents: () => ({
        ...userDataFiles(folder, model),
        [`${folder}/live.sh`]: renderPushScript(model),
      }),
      contribution: { addresses: ownAddresses(interfaces), units: Object.entries(mtu).map(mtuUnit) },
    };
  }
}

/** OrbStack sets up the interfaces itself, so this comes after it, at every boot. */
function mtuUnit([nic, bytes]: [string, number]): Unit {
  return {
    name: `vipstack-mtu-${nic}.service`,
    content: oneshotUnit({ description: `MTU of ${nic}`, apply: `/sbin/ip link set dev ${nic} mtu ${bytes}` }),
  };
}

function ownAddresses(interfaces: MachineDescription["interfaces"]): string[] {
  return Object.entries(interfaces).flatMap(([nic, addresses]) => addresses.map((address) => `${address} dev ${nic}`));
}
