// The machines of `bench changes`: a client, a director with whatever changes its table, and one machine that answers on every
// address of the rules.
import { App } from "cdktf";
import { defineInventory, Director, FilterAction, ForwardingMethod, MachinesStack } from "vipstack";
import { NGINX_WEB } from "./planes-settings";
import { unit } from "./unit";

const inventory = defineInventory({
  name: "bench-changes",
  subnets: ["10.94.0.0/24", "10.94.1.0/24"],
  machines: [
    { name: "client", address: "10.94.1.20" },
    { name: "director", address: ["10.94.0.10", "10.94.1.10"], memoryMiB: 2048 },
    { name: "web", address: "10.94.0.32" },
  ],
});
const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { client, director, web } = machines.all;

// Its own service has the machines forward, and answer by the director.
const balancer = new Director(machines, "balancer", { machine: director });
balancer.addVirtualService("web", {
  address: "10.94.1.100",
  port: 80,
  forwarding: ForwardingMethod.masquerading(),
  realServers: [{ machine: web, port: 8080 }],
});
// Brings the programs of the other plane.
balancer.addPortFilter("discard", { ports: ["9"], action: FilterAction.DROP });

/** @param destination of the rules, as words of ip-route(8) */
function route(...destination: readonly string[]): { name: string; content: string }[] {
  return destination.map((words, index) => ({
    name: `bench-route-${index}.service`,
    content: unit("oneshot", `/sbin/ip route replace ${words}`),
  }));
}
client.contribute(machines, { units: route("10.99.0.0/16 via 10.94.1.10") });
director.contribute(machines, {
  packages: ["keepalived"],
  units: route("local 10.99.0.0/16 dev lo", "10.98.0.0/16 via 10.94.0.32"),
  // It is started by the bench alone.
  commands: ["systemctl disable --now keepalived.service"],
});
web.contribute(machines, {
  packages: ["nginx"],
  files: [
    { path: "/etc/nginx/conf.d/bench.conf", content: NGINX_WEB },
    {
      path: "/etc/nginx/sites-enabled/bench",
      content: "server {\n  listen 8080;\n  root /var/www/html;\n}\n",
    },
    { path: "/var/www/html/small", content: `${"x".repeat(99)}\n` },
  ],
  units: [{ name: "nginx.service" }, ...route("local 10.98.0.0/16 dev lo")],
});
app.synth();
