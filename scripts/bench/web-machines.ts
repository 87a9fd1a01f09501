// The machines of `bench web`: a client, a director, and the machine of the containers; more where Nomad and APISIX are there. BENCH_WEB is the plan.
import { App } from "cdktf";
import {
  AgentProfile,
  ConsulServer,
  defineInventory,
  Director,
  DockerEngine,
  ForwardingMethod,
  MachineGateway,
  MachinesStack,
  NomadServer,
  PlatformStack,
  Route,
  Upstream,
  WebJob,
  WorkloadsStack,
} from "vipstack";
import { WEB_PATHS, WebPlan } from "./web-cases";
import { containerUnit, PICTURE, PICTURE_PROGRAM, PICTURE_UNIT, pictureProgram } from "./web-containers";
import { hostPort, WEB_SERVERS } from "./web-servers";

const { servers, nomad: withNomad, gateway: withGateway } = JSON.parse(process.env.BENCH_WEB ?? "{}") as WebPlan;
const withConsul = withNomad || withGateway;
const inventory = defineInventory({
  name: "bench-web",
  subnets: ["10.97.0.0/24"],
  machines: [
    { name: "client", address: "10.97.0.10", memoryMiB: 512 },
    { name: "director", address: "10.97.0.20" },
    { name: "web", address: WEB_PATHS.host.address, memoryMiB: 1024 },
    ...(withConsul ? [{ name: "control" as const, address: "10.97.0.24", memoryMiB: 1024 }] : []),
    ...(withGateway ? [{ name: "gateway" as const, address: WEB_PATHS.gateway.address, memoryMiB: 768 }] : []),
  ],
  ...(withConsul && {
    forwards: [
      { listen: Number(process.env.VIPSTACK_CONSUL_PORT ?? "18797"), to: "10.97.0.24:8500" },
      ...(withNomad ? [{ listen: Number(process.env.VIPSTACK_NOMAD_PORT ?? "18798"), to: "10.97.0.24:4646" }] : []),
    ],
  }),
});

const app = new App();
const machines = new MachinesStack(app, "machines", { inventory, client: "client" });
const { director, web } = machines.all;
const control = withConsul ? machines.all.control : undefined;
const gateway = withGateway ? machines.all.gateway : undefined;

web.contribute(machines, {
  files: [{ path: PICTURE_PROGRAM, content: pictureProgram() }],
  units: [{ name: "bench-picture.service", content: PICTURE_UNIT }],
});
const balancer = new Director(machines, "balancer", { machine: director });
servers.forEach(({ name }, index) => {
  balancer.addVirtualService(name, {
    address: WEB_PATHS.director.address,
    port: hostPort(index),
    forwarding: ForwardingMethod.masquerading({ snat: true }),
    realServers: [{ machine: web }],
  });
});

/** The lab's registry has the images that the lab makes. As images of the machine they would be part of a base image of their own. */
function wantImage(image: string): void {
  if (!WEB_SERVERS.some((known) => known.image === image)) web.wantImage(image);
}

const consul = control && new ConsulServer(machines, "consul", { machine: control, profile: AgentProfile.DEV });

if (withNomad && control !== undefined && consul !== undefined) {
  const nomad = new NomadServer(machines, "nomad", { machine: control, consul });
  nomad.addClients([web], { docker: true, dockerVolumes: true });
  const workloads = new WorkloadsStack(app, "workloads", { nomad });
  servers.forEach(({ name, image, port, folder }, index) => {
    wantImage(image);
    new WebJob(workloads, name, {
      docker: { image, volumes: [`${PICTURE}:${folder}/picture.png`] },
      ports: { www: { static: hostPort(index), to: port } },
      resources: { cpu: 500, memoryMiB: 128 },
    });
  });
} else {
  new DockerEngine(machines, "docker", { machine: web });
  servers.forEach((server, index) => {
    wantImage(server.image);
    web.contribute(machines, {
      units: [{ name: `bench-${server.name}.service`, content: containerUnit(server, hostPort(index)) }],
      ready: [
        {
          check: `curl --silent --fail --output /dev/null http://127.0.0.1:${hostPort(index)}/picture.png`,
          timeout: "3m",
        },
      ],
    });
  });
}

if (gateway !== undefined && consul !== undefined) {
  const apisix = new MachineGateway(machines, "apisix", { machines: [gateway], consul });
  const platform = new PlatformStack(app, "platform", { consul });
  servers.forEach(({ name }, index) => {
    new Route(platform, name, {
      gateway: apisix,
      uri: "/*",
      hosts: [`${name}.bench`],
      upstream: Upstream.toNodes({ [`${WEB_PATHS.host.address}:${hostPort(index)}`]: 1 }),
    });
  });
}
app.synth();
