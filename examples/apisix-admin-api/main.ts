// The Admin API: APISIX with etcd on one machine, and routes that are made by requests. The two keys are sensitive variables without a
// default, so the deployment brings them, and no file of the program contains them.
//   export TF_VAR_admin_key=… TF_VAR_data_encryption_key=…     (openssl rand -hex 16 makes one of 32 characters)
//   npm run up -- apisix-admin-api
//   npm run lab -- ssh gateway --dir .vipstack/apisix-admin-api/lab
//   curl 127.0.0.1:9180/apisix/admin/routes/1 -H "X-API-KEY: …" -X PUT -d \
//     '{ "uri": "/*", "upstream": { "service_name": "hello-world-servers", "type": "roundrobin", "discovery_type": "consul" } }'
import { App, TerraformVariable } from "cdktf";
import {
  AgentProfile,
  AgentService,
  Caddy,
  ConsulServer,
  defineInventory,
  MachineGateway,
  MachinesStack,
} from "vipstack";

const inventory = defineInventory({
  name: "apisix-admin-api",
  subnets: ["192.168.139.0/24"],
  machines: [
    { name: "gateway", address: "192.168.139.41", memoryMiB: 1024 },
    { name: "web", address: "192.168.139.31", memoryMiB: 512 },
  ],
  forwards: [{ listen: Number(process.env.VIPSTACK_GATEWAY_PORT ?? "9080"), to: "192.168.139.41:9080" }],
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory });
const { gateway, web } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: web, profile: AgentProfile.DEV });
new Caddy(machines, "caddy", { machine: web, answers: { 80: "Hello, APISIX!" } });
new AgentService(machines, "hello", { name: "hello-world-servers", machine: web, consul, port: 80 });

const secret = (name: string) => new TerraformVariable(machines, name, { sensitive: true }).stringValue;
gateway.contribute(machines, { packages: ["etcd-server"], units: [{ name: "etcd.service" }] });
new MachineGateway(machines, "apisix", {
  machines: [gateway],
  consul,
  admin: {
    etcd: ["http://127.0.0.1:2379"],
    key: secret("admin_key"),
    dataEncryptionKey: secret("data_encryption_key"),
  },
});

app.synth();
