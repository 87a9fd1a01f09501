import { TerraformStack } from "cdktf";
import { AgentCheck, AgentService, ConsulServer, IConsulCluster, Installation } from "../../constructs";
import { announcedServices } from "../../constructs/consul";
import { Machine, SshBackend } from "../../constructs/machine";
import { synth } from "../support/synth";

describe("a service that a machine's own agent registers and checks", () => {
  test("is live content of the machine, and puts an agent there", () => {
    let machine: Machine | undefined;
    synth((stack) => {
      const interfaces = { eth0: ["192.168.139.184/24"] };
      machine = new Machine(stack, "d2", { backend: new SshBackend(stack, "hosts"), interfaces });
      const checks = [AgentCheck.http("/health", { interval: "5s" }), AgentCheck.tcp()];
      new AgentService(stack, "caddy", { machine, consul: someConsul(stack), port: 81, checks, tags: ["plain"] });
      expect(announcedServices(stack)).toEqual(["caddy"]);
    });
    const { units = [], liveFiles = [] } = machine?.model ?? {};
    expect(units.map(({ name }) => name)).toEqual(["consul.service"]);
    const definition = liveFiles.find(({ path }) => path === "/etc/consul.d/service-caddy-81.json");
    expect(JSON.parse(definition?.content ?? "")).toEqual({
      service: {
        ...{ id: "caddy-81", name: "caddy", address: "192.168.139.184", port: 81, tags: ["plain"] },
        checks: [
          {
            ...{ id: "caddy-81-1", name: "http://192.168.139.184:81/health" },
            ...{ http: "http://192.168.139.184:81/health", interval: "5s", timeout: "3s", failures_before_critical: 2 },
          },
          {
            id: "caddy-81-2",
            name: "tcp 192.168.139.184:81",
            tcp: "192.168.139.184:81",
            interval: "2s",
            timeout: "3s",
            failures_before_critical: 2,
          },
        ],
      },
    });
  });

  test("needs a check", () => {
    expect(() =>
      synth((stack) => {
        const machine = Machine.fromMachineAttributes(stack, "d2", { interfaces: { eth0: ["192.168.139.184/24"] } });
        new AgentService(stack, "my_web", { machine, consul: someConsul(stack), port: 0, checks: [] });
      }),
    ).toThrow(
      [
        "test/my_web: 3 problems",
        "  - 'name' must be a DNS label: letters, digits and hyphens, at most 63, got \"my_web\": choose a name like 'web'",
        "  - 'port' must be a whole number from 1 to 65535, got 0: give the port that it listens on",
        "  - 'checks' must hold at least one check: leave it out for an http check of '/'",
      ].join("\n"),
    );
  });
});

/** A cluster that exists, whose agents come from a URL. */
function someConsul(stack: TerraformStack): IConsulCluster {
  const install = Installation.url({
    version: "1.14.11",
    url: "https://downloads.example/consul",
    sha256: "5".repeat(64),
  });
  return ConsulServer.fromConsulServerAttributes(stack, "consul", {
    address: "http://10.0.0.5:8500",
    retryJoin: ["10.0.0.5"],
    install,
  });
}
