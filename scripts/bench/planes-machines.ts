// The machines of `bench planes`: a client, two web servers, and between them what is compared, each with a processor of its own.
import { App } from "cdktf";
import { defineInventory, Director, ForwardingMethod, MachinesStack, Plane } from "vipstack";
import { HAPROXY, KEEPALIVED, NGINX_STREAM, NGINX_WEB } from "./planes-settings";
import { unit } from "./unit";

const inventory = defineInventory({
  name: "bench-planes",
  subnets: ["10.95.0.0/24", "10.95.1.0/24"],
  machines: [
    { name: "client", address: "10.95.0.10" },
    { name: "director", address: ["10.95.0.20", "10.95.1.20"] },
    { name: "filter", address: "10.95.0.21" },
    { name: "proxy", address: "10.95.0.22" },
    { name: "keeper", address: "10.95.0.23" },
    { name: "web1", address: "10.95.0.31" },
    { name: "web2", address: "10.95.1.32" },
  ],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { client, director, filter, proxy, keeper, web1, web2 } = machines.all;

client.contribute(machines, { packages: ["wrk"] });
for (const machine of [web1, web2])
  machine.contribute(machines, {
    packages: ["nginx"],
    files: [
      { path: "/etc/nginx/conf.d/bench.conf", content: NGINX_WEB },
      { path: "/var/www/html/small", content: `${"x".repeat(99)}\n` },
    ],
    units: [{ name: "nginx.service" }],
    commands: ["head --bytes 1M /dev/zero > /var/www/html/bulk"],
  });

const ipvs = new Director(machines, "ipvs", { machine: director });
const realServers = [{ machine: web1 }];
ipvs.addVirtualService("snat", {
  address: "10.95.0.100",
  port: 80,
  forwarding: ForwardingMethod.masquerading({ snat: true }),
  realServers,
});
ipvs.addVirtualService("routing", {
  address: "10.95.0.101",
  port: 80,
  forwarding: ForwardingMethod.directRouting(),
  realServers,
});
ipvs.addVirtualService("tunneling", {
  address: "10.95.0.102",
  port: 80,
  forwarding: ForwardingMethod.tunneling(),
  realServers,
});
ipvs.addVirtualService("gateway", {
  address: "10.95.0.104",
  port: 80,
  forwarding: ForwardingMethod.masquerading(),
  realServers: [{ machine: web2 }],
});
new Director(machines, "iptables", { machine: filter, plane: Plane.IPTABLES }).addVirtualService("web", {
  address: "10.95.0.105",
  port: 80,
  forwarding: ForwardingMethod.masquerading({ snat: true }),
  realServers,
});

// Not the packaged unit, which starts before its module is there.
const NGINX = "/usr/sbin/nginx -c /etc/vipstack-bench/nginx.conf -g 'daemon off;'";
proxy.contribute(machines, {
  packages: ["haproxy", "nginx", "libnginx-mod-stream"],
  files: [
    { path: "/etc/vipstack-bench/haproxy.cfg", content: HAPROXY },
    { path: "/etc/vipstack-bench/nginx.conf", content: NGINX_STREAM },
    {
      path: "/etc/systemd/system/haproxy.service.d/bench.conf",
      content: "[Service]\nEnvironment=CONFIG=/etc/vipstack-bench/haproxy.cfg\n",
    },
  ],
  units: [{ name: "haproxy.service" }, { name: "bench-nginx.service", content: unit("simple", NGINX) }],
});
keeper.contribute(machines, {
  packages: ["keepalived"],
  kernelModules: ["ip_vs", "ip_vs_wrr"],
  files: [{ path: "/etc/keepalived/keepalived.conf", content: KEEPALIVED }],
  units: [{ name: "keepalived.service" }],
});
// The real server of keepalived has the address, too; that it does not answer ARP is already so, for the director.
web1.contribute(machines, {
  units: [
    {
      name: "bench-keepalived-vip.service",
      content: unit("oneshot", "/sbin/ip address replace 10.95.0.103/32 dev lo"),
    },
  ],
});
app.synth();
