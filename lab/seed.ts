import { createHash } from "crypto";
import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { stringify } from "yaml";
import { familyOf, macAddress, routerAddress, subnetOf } from "./addresses";
import type { MachineDocument } from "./documents";
import { firstHostsScript } from "./hosts";
import { PACKAGE_PORT } from "./offline/package-proxy";

/** The files of a NoCloud seed. */
interface Seed {
  readonly "meta-data": string;
  readonly "network-config": string;
  readonly "vendor-data": string;
  readonly "user-data": string;
}

/** What the lab itself gives a machine, apart from user-data. */
interface LabPart {
  readonly authorizedKey: string;
  readonly hostKey: string;
  /** Its lines of /etc/hosts. */
  readonly hosts: string;
}

/** Texts of a machine's seed. user-data is handed through byte for byte. */
export function seedOf(labId: string, machine: MachineDocument, userData: string, own: LabPart): Seed {
  const networkConfig = networkConfigOf(labId, machine);
  // Changed content is a new instance: cloud-init then does everything again.
  const hash = createHash("sha256").update(networkConfig).update(userData).digest("hex").slice(0, 12);
  return {
    "meta-data": yamlText({ "instance-id": `${machine.name}-${hash}`, "local-hostname": machine.name }),
    "network-config": networkConfig,
    "vendor-data": vendorDataOf(machine, own),
    "user-data": userData,
  };
}

/** Network configuration, version 2: static addresses, and the lab's router as default gateway by the first interface. */
export function networkConfigOf(labId: string, machine: MachineDocument): string {
  const ethernets = machine.nics.map((nic, index) => [
    nic.interface,
    {
      match: { macaddress: macAddress(labId, machine.name, index) },
      "set-name": nic.interface,
      addresses: nic.addresses,
      ...(nic.mtu === undefined ? {} : { mtu: nic.mtu }),
      ...(index === 0 ? gateways(nic.addresses) : {}),
    },
  ]);
  return yamlText({ version: 2, ethernets: Object.fromEntries(ethernets) as Record<string, unknown> });
}

/**
 * The lab's own part of the boot: how it gets in, where packages come from, and who is who. A boothook, because lists of a vendor's
 * cloud-config (write_files, ssh_authorized_keys) are replaced by those of user-data, and this must hold with any user-data.
 */
export function vendorDataOf(machine: MachineDocument, own: LabPart): string {
  const first = machine.nics[0]?.addresses[0] ?? "";
  const router = routerAddress(subnetOf(first));
  const proxy = `http://${familyOf(router) === 6 ? `[${router}]` : router}:${PACKAGE_PORT}`;
  return `#cloud-boothook
#!/bin/sh
set -eu
umask 077
cat > /etc/ssh/lab_host_key <<'END'
${own.hostKey.trim()}
END
umask 022
cat > /etc/ssh/lab_authorized_keys <<'END'
${own.authorizedKey.trim()}
END
cat > /etc/apt/apt.conf.d/01lab <<'END'
Acquire::http::Proxy "${proxy}";
Acquire::https::Proxy "${proxy}";
END
${firstHostsScript(own.hosts)}`;
}

/** Writes the seed disk. */
export async function writeSeed(seed: Seed, guestDir: string): Promise<string> {
  const folder = path.join(guestDir, "seed");
  const image = path.join(guestDir, "seed.iso");
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(seed))
    fs.writeFileSync(path.join(folder, name), text as string, { mode: 0o600 });
  await execa("genisoimage", ["-quiet", "-V", "cidata", "-J", "-R", "-o", image, folder], { stdin: "ignore" });
  fs.chmodSync(image, 0o600);
  return image;
}

/** The default gateways; as routes to "::/0" cloud-init 22.4 writes "::/64". */
function gateways(addresses: string[]): { gateway4?: string; gateway6?: string } {
  const routerOf = (family: 4 | 6): string | undefined => {
    const address = addresses.find((candidate) => familyOf(candidate) === family);
    return address === undefined ? undefined : routerAddress(subnetOf(address));
  };
  const [gateway4, gateway6] = [routerOf(4), routerOf(6)];
  return { ...(gateway4 === undefined ? {} : { gateway4 }), ...(gateway6 === undefined ? {} : { gateway6 }) };
}

/** YAML in which every text is quoted: version 1.1, which cloud-init reads, takes "no" or "1:20:30" for something else. */
function yamlText(value: unknown): string {
  return stringify(value, { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" });
}
