// A gateway without etcd, whose secrets are sensitive variables, and objects that name them.
import { App, TerraformVariable } from "cdktf";
import {
  AgentProfile,
  AgentService,
  Caddy,
  Certificate,
  ConsulServer,
  Consumer,
  defineInventory,
  GlobalRule,
  MachineGateway,
  MachinesStack,
  PlatformStack,
  Plugin,
  Route,
  StreamRoute,
  Upstream,
} from "vipstack";

const inventory = defineInventory({
  name: "gateway-keys",
  subnets: ["10.92.0.0/24"],
  machines: [
    { name: "box", address: "10.92.0.41", memoryMiB: 1024 },
    { name: "web", address: "10.92.0.31", memoryMiB: 512 },
  ],
  forwards: [{ listen: Number(process.env.VIPSTACK_CONSUL_PORT), to: "10.92.0.31:8500" }],
});
const app = new App();
const machines = new MachinesStack(app, "machines", { inventory });
const { box, web } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: web, profile: AgentProfile.DEV });
new Caddy(machines, "caddy", { machine: web, answers: { 80: "Hello!" } });
new AgentService(machines, "hello", { name: "hello", machine: web, consul, port: 80 });

const names = ["JACK_KEY", "JILL_SECRET", "CERTIFICATE", "PRIVATE_KEY", "REDIS_PASSWORD"];
const secret = (name: string): string =>
  new TerraformVariable(machines, name.toLowerCase(), { sensitive: true }).stringValue;
const gateway = new MachineGateway(machines, "gateway", {
  machines: [box],
  consul,
  secrets: Object.fromEntries(names.map((name) => [name, secret(name)])),
  plugins: ["fault-injection", "response-rewrite"],
  streamPorts: { tcp: [7000] },
});

const platform = new PlatformStack(app, "platform", { consul });
const upstream = Upstream.toService("hello");
const route = (id: string, ...plugins: Plugin[]): Route =>
  new Route(platform, id, { gateway, uri: `/${id}`, upstream, plugins });
route("plain");
route("keyed", Plugin.keyAuth());
route("signed", Plugin.jwtAuth());
route("secure", Plugin.redirect({ httpToHttps: true }));
route("limited", Plugin.limitCount({ count: 2, timeWindow: "60s", rejectedCode: 429 }));
route("faulty", Plugin.other("fault-injection", { abort: { http_status: 418, body: "short and stout" } }));
new Consumer(platform, "jack", {
  gateway,
  plugins: [Plugin.keyAuthCredential({ key: gateway.secret("JACK_KEY") })],
});
new Consumer(platform, "john", {
  gateway,
  plugins: [Plugin.jwtAuthCredential({ key: "john", secret: gateway.secret("JILL_SECRET") })],
});
new Certificate(platform, "site", {
  gateway,
  snis: ["site.test"],
  certificate: gateway.secret("CERTIFICATE"),
  privateKey: gateway.secret("PRIVATE_KEY"),
});
new StreamRoute(platform, "tcp", {
  gateway,
  serverPort: 7000,
  upstream: Upstream.toService("hello", { scheme: "tcp" }),
});
new GlobalRule(platform, "all", { gateway, plugins: [Plugin.prometheus()] });

app.synth();
