// The chain of main.ts with knobs in its environment, for tests; machines, stacks and ids are the same, so that one lab serves both.
// GATEWAY=yes puts APISIX in between. The director has the job itself on port 8080 as well.
import { App, TerraformVariable } from "cdktf";
import {
  ConsulServer,
  Consumer,
  Director,
  ForwardingMethod,
  Gateway,
  JobRefusal,
  MachinesStack,
  NomadServer,
  PlatformStack,
  Plugin,
  Route,
  Upstream,
  WebJob,
  WorkloadsStack,
  RealServers,
} from "vipstack";
import { chain } from "../../../inventory/chain";

const knob = (name: string, otherwise = ""): string => process.env[name] ?? otherwise;
const app = new App();
const machines = new MachinesStack(app, "machines", { inventory: chain, client: "vm-1" });
const { ipvs, server, web1, web2 } = machines.all;

const consul = new ConsulServer(machines, "consul", { machine: server });
const nomad = new NomadServer(machines, "nomad", { machine: server, consul });
nomad.addClients([web1, web2], { docker: true });

// Boot content: another edition makes the machine anew.
if (knob("EDITION") !== "")
  web2.contribute(machines, { files: [{ path: "/etc/edition", content: `${knob("EDITION")}\n` }] });

// For gateways with the Admin API; Debian's etcd listens on loopback only.
if (knob("ETCD") === "yes")
  server.contribute(machines, {
    packages: ["etcd-server"],
    files: [
      {
        path: "/etc/systemd/system/etcd.service.d/listen.conf",
        content: `[Service]\nEnvironment=ETCD_LISTEN_CLIENT_URLS=http://0.0.0.0:2379 ETCD_ADVERTISE_CLIENT_URLS=http://${server.address}:2379\n`,
      },
    ],
    units: [{ name: "etcd.service" }],
  });

const platform = new PlatformStack(app, "platform", { consul });
const workloads = new WorkloadsStack(app, "workloads", { nomad, after: [platform] });

interface PageOptions {
  readonly count: number;
  readonly command?: string;
  readonly memory?: number;
}

/** A page of busybox's httpd, on whatever port Nomad gives it. */
const page = (id: string, text: string, options: PageOptions): WebJob =>
  new WebJob(workloads, id, {
    meta: { foo: "bar" },
    docker: {
      image: "busybox:1",
      init: true,
      command: options.command ?? "httpd",
      args: ["-v", "-f", "-p", "${NOMAD_PORT_www}", "-h", "/local"],
    },
    ports: { www: { to: 8001 } },
    templates: [{ destination: "local/index.html", data: `${text} {{ env "NOMAD_ALLOC_INDEX" }}\n` }],
    resources: { cpu: 50, memoryMiB: options.memory ?? 64 },
    count: options.count,
  });
const hello = page("hello-world", knob("PAGE", "Hello, Nomad!"), {
  count: Number(knob("COUNT", "2")),
  command: knob("COMMAND", "httpd"),
  memory: Number(knob("MEMORY", "64")),
});
if (knob("STATIC") !== "")
  for (const name of knob("STATIC").split(" "))
    new WebJob(workloads, name, {
      docker: { image: "busybox:1", command: "httpd", args: ["-f", "-p", "8090", "-h", "/local"] },
      ports: { www: { static: 8090, to: 8090 } },
      constraints: [{ attribute: "${node.unique.name}", value: "web1" }],
      files: { "index.html": "static\n" },
      acknowledge: knob("ACKNOWLEDGE") === "" ? [] : [JobRefusal.STATIC_PORT_TAKEN],
    });

const director = new Director(machines, "director", { machine: ipvs, consul });
const forwarding = ForwardingMethod.masquerading({ snat: true });
if (knob("GATEWAY") === "yes") {
  const keyed = knob("KEYED") === "yes";
  const secret = (name: string): string => new TerraformVariable(workloads, name, { sensitive: true }).stringValue;
  const gateway = new Gateway(workloads, "gateway", {
    nomad,
    ...(keyed && { secrets: { ALICE: secret("alice") } }),
    ...(knob("IMAGE") !== "" && { image: knob("IMAGE"), version: "3.18.0" }),
  });
  const canary = Number(knob("CANARY", "0"));
  const next = canary > 0 ? page("hello-next", "The next one", { count: 1 }) : undefined;
  const weightedUpstreams = next && [
    { upstream: Upstream.toService(next.service("www")), weight: canary },
    { weight: 100 - canary },
  ];
  Route.toJob(platform, "hello", hello, "www", {
    gateway,
    uri: "/*",
    plugins: weightedUpstreams && [Plugin.trafficSplit({ rules: [{ weightedUpstreams }] })],
  });
  if (keyed) {
    Route.toJob(platform, "keyed", hello, "www", { gateway, uri: "/index.html", plugins: [Plugin.keyAuth()] });
    new Consumer(platform, "alice", {
      gateway,
      plugins: [Plugin.keyAuthCredential({ key: gateway.secret("ALICE") })],
    });
  }
  if (knob("ADMIN") === "yes")
    new Gateway(workloads, "by-hand", {
      nomad,
      httpPort: 9081,
      httpsPort: 9444,
      statusPort: 7086,
      controlPort: 9092,
      pluginAttributes: { prometheus: { exportAddr: { ip: "127.0.0.1", port: 9093 } } },
      admin: {
        etcd: [`http://${server.address}:2379`],
        key: secret("admin_key"),
        dataEncryptionKey: secret("data_encryption_key"),
        port: 9181,
      },
    });
  director.addVirtualService("web", {
    address: ipvs.address,
    port: 80,
    forwarding,
    realServers: RealServers.ofGateway(gateway),
  });
} else
  director.addVirtualService("web", {
    address: ipvs.address,
    port: 80,
    forwarding,
    realServers: RealServers.ofJob(hello),
  });
director.addVirtualService("job", {
  address: ipvs.address,
  port: 8080,
  forwarding,
  realServers: RealServers.ofJob(hello),
});

app.synth();
