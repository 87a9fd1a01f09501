// Three Consul servers: the cluster survives the loss of any one of them. One machine has a local agent, and a key to read.
//   npm run up -- three-servers
//   npm run lab -- exec s1 --dir .vipstack/three-servers/lab -- consul operator raft list-peers
import { App } from "cdktf";
import {
  ConsulClient,
  ConsulKeys,
  ConsulServer,
  defineInventory,
  MachinesStack,
  PlatformStack,
  Snapshots,
} from "vipstack";

const inventory = defineInventory({
  name: "three-servers",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "s1", address: "192.168.139.24", memoryMiB: 512 },
    { name: "s2", address: "192.168.139.25", memoryMiB: 512 },
    { name: "s3", address: "192.168.139.26", memoryMiB: 512 },
    { name: "box", address: "192.168.139.31", memoryMiB: 400 },
  ],
  // Consul's interface and web page on this host, for Terraform and a browser.
  forwards: [{ listen: Number(process.env.VIPSTACK_CONSUL_PORT ?? "8500"), to: "192.168.139.24:8500" }],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory });
const { s1, s2, s3, box } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: s1, snapshots: Snapshots.every("1h") });
consul.addServers([s2, s3]);
new ConsulClient(machines, "agent", { machine: box, consul });

const platform = new PlatformStack(app, "platform", { consul });
new ConsulKeys(platform, "settings", { keys: { "web/title": process.env.TITLE ?? "Hello" } });

app.synth();
