import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import { AgentProfile, ConsulServer, MachineGateway } from "../../constructs";
import { gatewaySettings } from "../../constructs/apisix/gateway-options";
import { renderRunScript } from "../../constructs/apisix/machine-gateway-text";
import { defineInventory } from "../../inventory/inventory";
import { MachinesStack } from "../../stacks/machines-stack";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vipstack-gateway-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs `stop` with programs that only write down how they were called. @param failing those that fail */
function stop(...failing: readonly string[]): { readonly status: number | null; readonly calls: string } {
  const log = join(folder, "calls");
  writeFileSync(log, "");
  for (const name of ["docker", "consul", "sleep"]) {
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/sh\necho ${name} "$@" >> ${log}\nexit ${failing.includes(name) ? 1 : 0}\n`);
    chmodSync(file, 0o755);
  }
  const script = renderRunScript(gatewaySettings("front", {}), "10.0.0.5", "front-9080");
  const { status } = spawnSync("sh", ["-s", "stop"], { input: script, env: { PATH: `${folder}:/usr/bin:/bin` } });
  return { status, calls: readFileSync(log, "utf8") };
}

test("a stop leaves Consul first, and waits until directors have heard of it", () => {
  expect(stop()).toEqual({
    status: 0,
    calls: `docker container inspect gateway-front
consul maint -enable -service=front-9080 -reason=gateway front stops
sleep 10
docker stop --time 40 gateway-front
`,
  });
});

test("without Consul there is nothing to wait for; without a container nothing to stop", () => {
  expect(stop("consul").calls).not.toContain("sleep");
  expect(stop("consul").calls).toContain("docker stop");
  expect(stop("docker")).toEqual({ status: 0, calls: "docker container inspect gateway-front\n" });
});

test("its maintenance is that of the service that it is registered as; its machine has room for its connections", () => {
  const inventory = defineInventory({
    name: "gateway",
    subnets: ["10.0.0.0/24"],
    machines: [
      { name: "server", address: "10.0.0.4" },
      { name: "gw", address: "10.0.0.5" },
    ],
  });
  const machines = new MachinesStack(new App(), "machines", { inventory });
  const { server, gw } = machines.all;
  const consul = new ConsulServer(machines, "consul", { machine: server, profile: AgentProfile.DEV });
  new MachineGateway(machines, "front", { machines: [gw], consul, httpPort: 80 });
  const { model } = gw;
  expect(model.liveFiles.map(({ path }) => path)).toContain("/etc/consul.d/service-front-80.json");
  const script = model.files.find(({ path }) => path === "/usr/local/lib/vipstack/gateway-front");
  expect(script?.content).toContain("consul maint -enable -service=front-80 ");
  expect(script?.content).toContain(
    "http://10.0.0.5:7085/status/ready &&\n    consul maint -disable -service=front-80;",
  );
  expect(model.kernelModules).toContain("nf_conntrack");
  expect(model.sysctls.map(({ key, value }) => `${key} = ${value}`)).toEqual([
    "-net.netfilter.nf_conntrack_max = 262144",
    "net.ipv4.ip_unprivileged_port_start = 80",
  ]);
});
