import { LabBackend, Machine, SshBackend } from "../../constructs/machine";
import { synth } from "../support/synth";

const interfaces = { eth0: ["10.0.0.2/24"] };

test("the lab offers programs and a registry at its own address, and serves what was asked for", () => {
  const result = synth((stack) => {
    const backend = new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24"] });
    const machine = new Machine(stack, "box", { backend, interfaces });
    expect(machine.software("consul-template")).toEqual({
      version: "0.41.1",
      url: "http://10.0.0.1:3143/consul-template_0.41.1",
      // What the program says must not follow from what a host has: the lab knows the sum.
      sha256: "http://10.0.0.1:3143/SHA256SUMS",
    });
    machine.software("consul");
    machine.software("consul-template");
    expect(machine.software("nomad")?.version).toBe("1.6.3");
    expect(machine.software("nomad", "2.0.4")?.url).toBe("http://10.0.0.1:3143/nomad_2.0.4");
    expect(machine.registryMirror).toBe("http://10.0.0.1:5000");
  });
  expect(JSON.parse(result.file("lab.json"))).toMatchObject({
    software: ["consul-template@0.41.1", "consul@1.14.11", "nomad@1.6.3", "nomad@2.0.4"],
    registry: true,
  });
  const services = result.data("lab_services");
  expect(services.triggers_replace.services).toBe(
    "consul-template@0.41.1 consul@1.14.11 nomad@1.6.3 nomad@2.0.4 registry",
  );
  expect(services.provisioner[0]?.["local-exec"].command).toContain("start lab.json");
  // A new program must not rebuild the machines that don't use it; they only wait for it.
  expect(result.data("box").depends_on).toEqual(["terraform_data.lab", "terraform_data.lab_services"]);
  expect(JSON.stringify(result.data("box").triggers_replace)).not.toContain("lab_services");
});

test("fails when its networks are none", () => {
  const lab = (subnets: string[]) => () => synth((stack) => new LabBackend(stack, "lab", { subnets }));
  expect(lab([])).toThrow("test/lab: 'subnets' must name at least one network: for example [\"192.168.139.0/24\"]");
  expect(lab(["10.0.0.7/24"])).toThrow(
    "test/lab: 'subnets' must hold networks in CIDR form, got \"10.0.0.7/24\": write it like '10.0.0.0/24'",
  );
});

test("a lab that nothing was asked of serves nothing more", () => {
  const result = synth((stack) => {
    const backend = new LabBackend(stack, "lab", { subnets: ["10.0.0.0/24"] });
    new Machine(stack, "box", { backend, interfaces });
  });
  expect(Object.keys(JSON.parse(result.file("lab.json")) as object)).toEqual([
    "name",
    "subnets",
    "machines",
    "addresses",
    "forwards",
  ]);
  expect(Object.keys(result.json.resource.terraform_data).sort()).toEqual(["box", "box_live", "lab", "lab_members"]);
  expect(result.data("box").depends_on).toEqual(["terraform_data.lab"]);
});

test("other machines have neither", () => {
  synth((stack) => {
    const hosts = new SshBackend(stack, "hosts", {});
    const machines = [
      new Machine(stack, "host", { backend: hosts, interfaces }),
      Machine.fromMachineAttributes(stack, "foreign", { interfaces: { eth0: ["10.0.0.9/24"] } }),
    ];
    for (const machine of machines)
      expect([machine.software("consul"), machine.registryMirror]).toEqual([undefined, undefined]);
  });
});
