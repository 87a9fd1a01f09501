import type { MachineDocument } from "../../lab/documents";
import { hostsLines } from "../../lab/hosts";
import { networkConfigOf, seedOf, vendorDataOf } from "../../lab/seed";

const machine: MachineDocument = {
  name: "ipvs",
  memoryMiB: 320,
  nics: [
    { interface: "eth0", addresses: ["192.168.139.29/24", "fd00:139::29/64"] },
    { interface: "eth1", addresses: ["10.5.0.29/24"] },
  ],
  preinstalled: [],
  beforeRemoval: "",
};
const keys = {
  authorizedKey: "ssh-ed25519 AAAA lab\n",
  hostKey: "-----BEGIN KEY-----\nxyz\n-----END KEY-----\n",
  hosts: hostsLines("ipvs", { ipvs: ["10.0.0.2"] }),
};

test("the network configuration names interfaces by MAC address; the first one has the default gateways", () => {
  expect(networkConfigOf("01234567", machine)).toBe(`version: 2
ethernets:
  eth0:
    match:
      macaddress: "02:d0:c0:ba:0f:b1"
    set-name: "eth0"
    addresses:
      - "192.168.139.29/24"
      - "fd00:139::29/64"
    gateway4: "192.168.139.1"
    gateway6: "fd00:139::1"
  eth1:
    match:
      macaddress: "02:fb:d4:28:a7:34"
    set-name: "eth1"
    addresses:
      - "10.5.0.29/24"
`);
});

test("an interface with an MTU of its own gets it", () => {
  const [first, second] = machine.nics.map((nic) => ({ ...nic, mtu: 1450 }));
  expect(networkConfigOf("01234567", { ...machine, nics: [first!, machine.nics[1]!] }).match(/mtu: .*/g)).toEqual([
    "mtu: 1450",
  ]);
  expect(networkConfigOf("01234567", { ...machine, nics: [machine.nics[0]!, second!] })).toMatch(
    /eth1:\n[^]*- "10\.5\.0\.29\/24"\n {4}mtu: 1450\n$/,
  );
});

test("vendor-data lets the lab in and shows apt the way out, and nothing of it is replaced by user-data's lists", () => {
  expect(vendorDataOf(machine, keys)).toBe(`#cloud-boothook
#!/bin/sh
set -eu
umask 077
cat > /etc/ssh/lab_host_key <<'END'
-----BEGIN KEY-----
xyz
-----END KEY-----
END
umask 022
cat > /etc/ssh/lab_authorized_keys <<'END'
ssh-ed25519 AAAA lab
END
cat > /etc/apt/apt.conf.d/01lab <<'END'
Acquire::http::Proxy "http://192.168.139.1:3142";
Acquire::https::Proxy "http://192.168.139.1:3142";
END
if ! grep -q '^# names in this lab$' /etc/hosts; then
{
cat <<'END'
# names in this lab
10.0.0.2 ipvs
# end of the names in this lab
END
sed '/^# names in this lab$/,/^# end of the names in this lab$/d' /etc/hosts
} > /etc/hosts.lab
cat /etc/hosts.lab > /etc/hosts
rm /etc/hosts.lab
fi
`);
});

test("a machine with IPv6 only finds the package proxy as well", () => {
  const nics = [{ interface: "eth0", addresses: ["fd00:139::29/64"] }];
  expect(vendorDataOf({ ...machine, nics }, keys)).toContain('"http://[fd00:139::1]:3142"');
});

test("user-data is handed through byte for byte, and decides on the instance", () => {
  const userData = "#cloud-config\r\nhostname: ${x} %{y}\n\n";
  const seed = seedOf("01234567", machine, userData, keys);
  expect(seed["user-data"]).toBe(userData);
  expect(seed["meta-data"]).toMatch(/^instance-id: "ipvs-[0-9a-f]{12}"\nlocal-hostname: "ipvs"\n$/);
  expect(seedOf("01234567", machine, userData, { ...keys, hostKey: "another" })["meta-data"]).toBe(seed["meta-data"]);
  expect(seedOf("01234567", machine, "#cloud-config\n", keys)["meta-data"]).not.toBe(seed["meta-data"]);
});
