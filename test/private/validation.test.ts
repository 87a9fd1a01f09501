import { App, TerraformStack, Testing } from "cdktf";
import {
  AgentService,
  Caddy,
  ConfigEntry,
  ConfigEntryKind,
  ConsulKeys,
  ConsulServer,
  defineInventory,
  Director,
  FilterAction,
  Gateway,
  Installation,
  Job,
  LabBackend,
  Machine,
  MachineGateway,
  MachinesStack,
  NomadServer,
  PlatformStack,
  RealServers,
  Route,
  Upstream,
  WorkloadsStack,
} from "../../constructs";
import { Validation } from "../../constructs/private/validation";
import { lab } from "../support/inventory";

/** A program whose director has a mistake, and more of them. */
function program(mistakes: (d2: MachinesStack<"d2" | "ipvs" | "vm-1">, director: Director) => void): App {
  const app = Testing.app();
  const machines = new MachinesStack(app, "machines", { inventory: lab });
  mistakes(machines, new Director(machines, "director", { machine: machines.all.ipvs, drainTimeout: "-1s" }));
  return app;
}

function messageOf(app: App): string {
  try {
    app.synth();
    return "";
  } catch (error) {
    return String(error);
  }
}

test("every mistake of a program is in one message", () => {
  const app = program((machines, director) => {
    const { d2 } = machines.all;
    new Caddy(machines, "caddy", { machine: d2, answers: {} });
    const web = director.addVirtualService("web", { address: "10.0.0.1/24", port: 65536 });
    web.addRealServer("one", { machine: d2, weight: -1 });
    director.addVirtualService("more", {
      address: "192.168.139.100",
      port: 80,
      realServers: [{ machine: d2, weight: 70000 }, { machine: d2 }],
    });
    director.addRedirect("ftp", { port: 21, toPorts: [5, 4] });
    director.addPortFilter("ssh", { ports: [], action: FilterAction.DROP });
  });
  // What each says is tested where it belongs.
  expect(outline(messageOf(app))).toBe(`ValidationError: 8 parts of the program are refused:
  machines/director: 'drainTimeout' …
  machines/caddy: 'answers' …
  machines/director/web: 2 problems
    - 'port' …
    - 'address' …
  machines/director/web/one: 'weight' …
  machines/director/more/d2: 'weight' …
  machines/director/more/d2.2: 'machine' …
  machines/director/ftp: 'toPorts' …
  machines/director/ssh: 'ports' …`);
});

const five = defineInventory({
  name: "faults",
  subnets: ["10.0.0.0/24"],
  machines: [
    { name: "client", address: "10.0.0.10" },
    { name: "server", address: "10.0.0.11" },
    { name: "web1", address: "10.0.0.12" },
    { name: "web2", address: "10.0.0.13" },
    { name: "front", address: "10.0.0.14" },
  ],
});

/** A program of all three stacks. Each of its constructs has a mistake, and each works with others. */
function threeStacks(): App {
  const app = Testing.app();
  const machines = new MachinesStack(app, "machines", { inventory: five });
  const { server, web1, web2, front } = machines.all;
  const interfaces = { eth0: ["10.0.0.20"] };
  const box = new Machine(machines, "box", { backend: machines.backend, memoryMiB: 100, interfaces });
  new Machine(machines, "twin", { backend: machines.backend, interfaces: { eth0: ["10.0.0.10/24"] } });
  const consul = new ConsulServer(machines, "consul", {
    machine: server,
    datacenter: "My DC",
    install: Installation.release("latest"),
  });
  const nomad = new NomadServer(machines, "nomad", { machine: server, consul, region: "E U" });
  nomad.addClients([web1, web2], { docker: true, cpuTotalCompute: 0 });
  new AgentService(machines, "web", { machine: web1, consul, port: 70000 });
  new MachineGateway(machines, "edge", { machines: [], consul });

  const platform = new PlatformStack(app, "platform", { consul });
  new ConsulKeys(platform, "settings", { keys: { "/web": "x" } });
  new ConfigEntry(platform, "entry", { kind: ConfigEntryKind.PROXY_DEFAULTS, fields: {} });
  const workloads = new WorkloadsStack(app, "workloads", { nomad });
  const gateway = new Gateway(workloads, "gateway", { nomad, httpPort: 0 });
  new Route(platform, "hello", {
    gateway,
    uri: "hello",
    upstream: Upstream.toService({ name: "web" }),
  });
  const job = new Job(workloads, "shop", { groups: {} });

  const director = new Director(machines, "director", { machine: front, consul, drainTimeout: "soon" });
  director.addVirtualService("shop", { address: "10.0.0.100", port: 80, realServers: RealServers.ofJob(job) });
  director.addVirtualService("gateway", {
    address: "10.0.0.101",
    port: 0,
    realServers: RealServers.ofGateway(gateway),
  });
  director.addVirtualService("box", { address: "10.0.0.102", port: 80, realServers: [{ machine: box, weight: -1 }] });
  new Director(machines, "idle", { machine: web2 });
  new Caddy(machines, "caddy", { machine: box, answers: {} });
  return app;
}

/** A message without its rules and cures, which are tested where they belong. */
function outline(message: string): string {
  return message.replace(/(: '\w+(?:\.\w+)*'|- '\w+').*/g, "$1 …");
}

test("the mistakes of three stacks come at once, and nothing that only follows from one", () => {
  expect(outline(messageOf(threeStacks()))).toBe(`ValidationError: 18 parts of the program are refused:
  machines/box: 3 problems
    - 'memoryMiB' …
    - 'interfaces' …
    - 'interfaces' …
  machines/consul: 2 problems
    - 'datacenter' …
    - 'install' …
  machines/nomad: 'region' …
  machines/nomad/web1: 'cpuTotalCompute' …
  machines/nomad/web2: 'cpuTotalCompute' …
  machines/web: 'port' …
  machines/edge: 'machines' …
  platform/settings: 'keys' …
  platform/entry: 'name' …
  workloads/gateway: 'httpPort' …
  platform/hello: 'uri' …
  workloads/shop: 'groups' …
  machines/director: 'drainTimeout' …
  machines/director/gateway: 2 problems
    - 'port' …
    - 'port' …
  machines/director/box/box: 'weight' …
  machines/caddy: 'answers' …
  machines/twin: 'interfaces' …
  machines/idle: a director must have at least one virtual service, redirect or port filter: addVirtualService, or leave the director out`);
});

test("what only the complete program shows is reported of all stacks at once, and of a user's construct as well", () => {
  const app = Testing.app();
  const machines = new MachinesStack(app, "machines", { inventory: five });
  new Machine(machines, "twin", { backend: machines.backend, interfaces: { eth0: ["10.0.0.10/24"] } });
  const others = new MachinesStack(app, "others", { inventory: { ...five, name: "others" } });
  const idle = new Director(others, "idle", { machine: others.all.front });
  idle.node.addValidation({ validate: () => ["of its user"] });
  expect(outline(messageOf(app))).toBe(`ValidationError: 2 parts of the program are refused:
  machines/twin: 'interfaces' …
  others/idle: 2 problems
    - a director must have at least one virtual service, redirect or port filter: addVirtualService, or leave the director out
    - of its user`);
});

test("what can't go on brings along what was wrong before it", () => {
  const app = Testing.app();
  const machines = new MachinesStack(app, "machines", { inventory: lab });
  new Caddy(machines, "caddy", { machine: machines.all.d2, answers: {} });
  const again = new LabBackend(new TerraformStack(app, "again"), "lab", { subnets: [] });
  const validation = new Validation(again);
  validation.integer("number", 0, 1, 1, "one");
  expect(() => {
    validation.finish();
  }).toThrow(
    /^2 parts of the program are refused:\n {2}machines\/caddy: 'answers' must name at least one port: .*\n {2}again\/lab: 2 problems\n {4}- 'subnets' must .*\n {4}- 'number' must/,
  );
});

test("a single mistake is the message of its construct, also of Testing.synth", () => {
  const app = Testing.app();
  const machines = new MachinesStack(app, "machines", { inventory: lab });
  new Caddy(machines, "caddy", { machine: machines.all.d2, answers: {} });
  const message = "machines/caddy: 'answers' must name at least one port: for example { 80: \"hello\" }";
  expect(messageOf(app)).toBe(`ValidationError: ${message}`);
  expect(() => Testing.synth(machines)).toThrow(new Error(message));
});
