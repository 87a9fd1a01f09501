import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3Backend, TerraformStack } from "cdktf";
import type * as library from "../../constructs";
import { ConsulServer, Deployment, LabBackend, Machine } from "../../constructs";
import { synth } from "../support/synth";

const stateFolder = mkdtempSync(join(tmpdir(), "vipstack-two-copies-"));
afterAll(() => {
  rmSync(stateFolder, { recursive: true });
});

test("a director of another copy of the package is described, too", () => {
  let copy: typeof library | undefined;
  jest.isolateModules(() => {
    copy = jest.requireActual<typeof library>("../../constructs");
  });
  const { virtualServices, machines } = JSON.parse(
    synth((stack) => {
      const backend = new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24"] });
      const front = new Machine(stack, "front", { backend, interfaces: { eth0: ["10.0.0.20/24"] } });
      const web = new copy!.Machine(stack, "web", { backend, interfaces: { eth0: ["10.0.0.31/24"] } });
      const director = new copy!.Director(stack, "director", { machine: front });
      director.addVirtualService("web", { address: "10.0.0.9", port: 80, realServers: [{ machine: web }] });
      new Deployment(stack, "deployment", { name: "two-copies", backend, stateFolder });
    }).file("deployment.json"),
  ) as { virtualServices: unknown; machines: { name: string }[] };
  expect(virtualServices).toEqual([
    { director: "front", plane: "ipvs", address: "10.0.0.9", port: 80, protocol: "tcp" },
  ]);
  expect(machines.map(({ name }) => name)).toEqual(["front", "web"]);
});

test("each machine with a Consul agent is described with its cluster, of this program or one that exists", () => {
  const { machines } = JSON.parse(
    synth((stack) => {
      const backend = new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24"] });
      const [east1, east2, west, none] = ["east1", "east2", "west", "none"].map(
        (name, index) => new Machine(stack, name, { backend, interfaces: { eth0: [`10.0.0.${20 + index}/24`] } }),
      ) as [Machine, Machine, Machine, Machine];
      const east = new ConsulServer(stack, "east", { machine: east1 });
      east.ensureAgent(none, east2);
      const address = "http://10.1.0.5:8500";
      const attributes = { address, retryJoin: ["10.1.0.5"] };
      ConsulServer.fromConsulServerAttributes(stack, "foreign", attributes).ensureAgent(none, west);
      new Deployment(stack, "deployment", { name: "clusters", backend, stateFolder });
    }).file("deployment.json"),
  ) as { machines: { name: string; consulCluster?: string }[] };
  expect(machines.map(({ name, consulCluster }) => [name, consulCluster])).toEqual([
    ["east1", "test/east"],
    ["east2", "test/east"],
    ["west", "test/foreign"],
    ["none", undefined],
  ]);
});

describe("Terraform's state", () => {
  const backendOf = (build: (stack: TerraformStack) => void): unknown =>
    synth((stack) => {
      build(stack);
      const backend = new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24"] });
      new Machine(stack, "front", { backend, interfaces: { eth0: ["10.0.0.20/24"] } });
      new Deployment(stack, "deployment", { name: "state", backend, stateFolder });
    }).json.terraform.backend;

  test("lies in the state folder: `down` and a lab that is gone take it along", () => {
    expect(backendOf(() => undefined)).toEqual({ local: { path: join(stateFolder, "test.tfstate") } });
  });

  test("stays in the backend that the stack has", () => {
    const s3 = { bucket: "states", key: "web", region: "eu-central-1" };
    expect(backendOf((stack) => new S3Backend(stack, s3))).toEqual({ s3 });
  });
});
