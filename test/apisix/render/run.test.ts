import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import { AgentProfile, ConsulServer, MachineGateway } from "../../../constructs";
import { gatewaySettings } from "../../../constructs/apisix/gateway-settings";
import { renderRunScript } from "../../../constructs/apisix/render/run";
import { defineInventory, MachinesStack } from "../../../constructs/stacks";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vipstack-gateway-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/**
 * Runs the program of a gateway with programs that only write down how they were called.
 *
 * @param behaviour shell text of a program by its name; the others do nothing
 * @param content of the gateway's program
 */
function run(
  word: string,
  behaviour: Readonly<Record<string, string>> = {},
  content?: string,
): { status: number | null; calls: string } {
  const log = join(folder, "calls");
  writeFileSync(log, "");
  for (const name of ["docker", "consul", "sleep", "systemctl", "systemd-run", "curl"])
    executable(name, `#!/bin/sh\necho ${name} "$@" >> ${log}\n${behaviour[name] ?? ""}\n`);
  const { status } = spawnSync(program(content), [word], { env: { PATH: `${folder}:/usr/bin:/bin` } });
  return { status, calls: readFileSync(log, "utf8").replaceAll(folder, "") };
}

/** The gateway's program, with its folders below the test's own. */
function program(content = renderRunScript(gatewaySettings("front", {}), "10.0.0.5", "front-9080")): string {
  return executable(
    "gateway-front",
    content.replaceAll("/etc/vipstack", folder).replaceAll("/run/vipstack", `${folder}/run`),
  );
}

function executable(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, 0o755);
  return file;
}

/** As `start` leaves it. */
function started(): void {
  const secrets = join(folder, "secrets/gateway/front");
  mkdirSync(secrets, { recursive: true });
  writeFileSync(join(secrets, "KEY"), "one");
  const sums = spawnSync("sh", ["-c", `sha256sum "$0" ${secrets}/*`, program()], { encoding: "utf8" }).stdout;
  writeFileSync(join(folder, "run-gateway-front.started"), sums);
}

function stop(...failing: readonly string[]): { readonly status: number | null; readonly calls: string } {
  return run("stop", Object.fromEntries(failing.map((name) => [name, "exit 1"])));
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

describe("a reload", () => {
  const RUNS = "docker container inspect gateway-front\n";
  const TURN = "vipstack-gateway-front-turn.service";

  test("of the container that runs, where only its configuration changed", () => {
    started();
    expect(run("reload")).toEqual({
      status: 0,
      calls: `${RUNS}docker exec gateway-front /bin/sh /gateway/config/start reload\n`,
    });
  });

  test("waits for its turn where a secret changed, in a unit of its own; once", () => {
    started();
    writeFileSync(join(folder, "secrets/gateway/front/KEY"), "two");
    const calls = `${RUNS}systemctl is-active --quiet ${TURN}\n`;
    const begun = `systemd-run --quiet --collect --unit ${TURN} /gateway-front turn\n`;
    expect(run("reload", { systemctl: "exit 3" })).toEqual({ status: 0, calls: calls + begun });
    expect(run("reload")).toEqual({ status: 0, calls });
  });

  test("does so where the image changed", () => {
    started();
    const other = renderRunScript(gatewaySettings("front", { version: "3.17.0" }), "10.0.0.5", "front-9080");
    expect(run("reload", { systemctl: "exit 3" }, other).calls).toContain(
      `systemd-run --quiet --collect --unit ${TURN}`,
    );
  });

  test("restarts what does not run yet", () => {
    expect(run("reload", { docker: "exit 1" }).calls).toBe(
      `${RUNS}systemctl --no-block restart vipstack-gateway-front.service\n`,
    );
  });
});

describe("a turn", () => {
  const RESTART = "systemctl restart vipstack-gateway-front.service\n";
  const HEALTH =
    "curl --silent --fail --output /dev/null http://127.0.0.1:8500/v1/agent/health/service/id/front-9080\n";
  /** What the restart of the unit does. */
  const restarted = (): string => {
    started();
    const sums = readFileSync(join(folder, "run-gateway-front.started"), "utf8");
    rmSync(join(folder, "run-gateway-front.started"));
    return `printf '%s' '${sums}' > ${folder}/run-gateway-front.started`;
  };

  test("waits for Consul's lock, restarts, and goes on once Consul names it and directors have heard of it", () => {
    const systemctl = restarted();
    const lock = "consul lock -child-exit-code -timeout=15m vipstack/gateway/front /gateway-front renew\n";
    expect(run("turn", { systemctl, consul: 'shift 4; exec "$@"' })).toEqual({
      status: 0,
      calls: `${lock}${RESTART}${HEALTH}sleep 10\n`,
    });
  });

  test("is taken at once without Consul", () => {
    const { status, calls } = run("turn", { systemctl: restarted(), consul: "exit 1" });
    expect(status).toBe(0);
    expect(calls).toContain(RESTART);
  });

  test("does nothing where another one did it meanwhile", () => {
    started();
    expect(run("turn")).toEqual({ status: 0, calls: "" });
    expect(run("renew")).toEqual({ status: 0, calls: "" });
  });
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
  const script = model.liveFiles.find(({ path }) => path === "/usr/local/lib/vipstack/gateway-front");
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
