// A backend of your own: the machines of an inventory as virtual machines of libvirt. Needs virt-install, virsh, and a cloud image.
//   IMAGE=/var/lib/libvirt/images/debian-12-genericcloud-amd64.qcow2 PUBLIC_KEY="$(cat ~/.ssh/id_ed25519.pub)" npm run up -- libvirt
import { App } from "cdktf";
import { Caddy, defineInventory, Director, ForwardingMethod, MachinesStack } from "vipstack";
import { LibvirtBackend } from "./libvirt-backend";

const inventory = defineInventory({
  name: "libvirt",
  backend: (scope) =>
    new LibvirtBackend(scope, "libvirt", {
      network: "default",
      image: process.env.IMAGE ?? "/var/lib/libvirt/images/debian-12-genericcloud-amd64.qcow2",
      gateway: "192.168.122.1",
      publicKey: process.env.PUBLIC_KEY ?? "ssh-ed25519 …",
    }),
  subnets: ["192.168.122.0/24"],
  machines: [
    { name: "client", address: "192.168.122.10", memoryMiB: 1024 },
    { name: "director", address: "192.168.122.20", memoryMiB: 1024 },
    { name: "web1", address: "192.168.122.31", memoryMiB: 1024 },
    { name: "web2", address: "192.168.122.32", memoryMiB: 1024 },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { director, web1, web2 } = machines.all;

new Caddy(machines, "caddy-web1", { machine: web1, answers: { 80: "web1" } });
new Caddy(machines, "caddy-web2", { machine: web2, answers: { 80: "web2" } });
new Director(machines, "balancer", { machine: director }).addVirtualService("web", {
  address: "192.168.122.100",
  port: 80,
  forwarding: ForwardingMethod.directRouting(),
  realServers: [{ machine: web1 }, { machine: web2 }],
});

app.synth();
