import { Construct } from "constructs";
import { IBackend, MachineDescription, MachineLifecycle, renderPushScript, shellQuote, userDataFiles } from "vipstack";

export interface LibvirtBackendProps {
  /** The libvirt network of all interfaces. */
  readonly network: string;
  /** Debian's cloud image, in libvirt's storage. */
  readonly image: string;
  /** The network's router and DNS server. */
  readonly gateway: string;
  /** The operator's, as `~/.ssh/id_ed25519.pub` has it. */
  readonly publicKey: string;
}

/** Virtual machines of a libvirt daemon, by virt-install and virsh. A backend of your own looks like this. */
export class LibvirtBackend extends Construct implements IBackend {
  private readonly props: LibvirtBackendProps;

  constructor(scope: Construct, id: string, props: LibvirtBackendProps) {
    super(scope, id);
    this.props = props;
  }

  bind({ name, interfaces, mtu, memoryMiB, model }: MachineDescription): MachineLifecycle {
    const { network, image, gateway, publicKey } = this.props;
    const folder = `machines/${name}`;
    const shell = `ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new debian@${model.address ?? ""} sudo sh -s`;
    const nics = Object.entries(interfaces).map(([nic, addresses]) => ({ nic, addresses, mac: macOf(addresses[0]) }));
    const route = { routes: [{ to: "0.0.0.0/0", via: gateway }], nameservers: { addresses: [gateway] } };
    const ethernets = nics.map(
      ({ nic, addresses, mac: macaddress }, index) =>
        [nic, { match: { macaddress }, "set-name": nic, addresses, mtu: mtu[nic], ...(index === 0 && route) }] as const,
    );
    const create = [
      `virt-install --name ${name} --memory ${memoryMiB} --import --osinfo detect=on,require=off --noautoconsole`,
      `--disk size=8,backing_store=${shellQuote(image)}`,
      `--cloud-init ${["user-data", "meta-data", "network-config"].map((file) => `${file}=${folder}/${file}`).join(",")}`,
      ...nics.map(({ mac }) => `--network network=${network},mac=${mac}`),
    ].join(" ");
    const booted = `until echo 'cloud-init status --wait' | ${shell}; do sleep 2; done`;
    return {
      create: { command: `${create} && timeout 300 sh -c ${shellQuote(booted)} && ${shell} < ${folder}/applied.sh` },
      destroy: { command: `virsh destroy ${name}; virsh undefine ${name} --remove-all-storage` },
      push: { command: `${shell} < ${folder}/live.sh` },
      shell: { command: shell },
      triggers: { hardware: JSON.stringify({ image, memoryMiB, nics }) },
      documents: () => ({
        ...userDataFiles(folder, model),
        // JSON is YAML.
        [`${folder}/meta-data`]: JSON.stringify({ "instance-id": name, "public-keys": [publicKey] }),
        [`${folder}/network-config`]: JSON.stringify({ version: 2, ethernets: Object.fromEntries(ethernets) }),
        [`${folder}/live.sh`]: renderPushScript(model),
      }),
    };
  }
}

const hex = (byte: string) => Number(byte).toString(16).padStart(2, "0");
const macOf = (address = "") => ["52:54:00", ...address.split(/[./]/).slice(1, 4).map(hex)].join(":");
