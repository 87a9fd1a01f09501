import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import { AgentProfile, ConsulServer, MachineGateway } from "../../../constructs";
import { gatewaySettings } from "../../../constructs/apisix/gateway-settings";
import { confinedWay } from "../../../constructs/apisix/render/confined";
import { openWay, renderRunScript } from "../../../constructs/apisix/render/run";
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
  for (const name of new Set([
    "docker",
    "consul",
    "sleep",
    "systemctl",
    "systemd-run",
    "curl",
    ...Object.keys(behaviour),
  ]))
    executable(name, `#!/bin/sh\necho ${name} "$@" >> ${log}\n${behaviour[name] ?? ""}\n`);
  const { status } = spawnSync(program(content), [word], { env: { PATH: `${folder}:/usr/bin:/bin` } });
  return { status, calls: readFileSync(log, "utf8").replaceAll(folder, "") };
}

/** The gateway's program where Consul wants no token. */
function open(version?: string): string {
  const settings = gatewaySettings("front", { version });
  return renderRunScript(settings, "10.0.0.5", openWay(settings, "front-9080"));
}

/** The gateway's program, with its folders below the test's own. */
function program(content = open()): string {
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
    expect(run("reload", { systemctl: "exit 3" }, open("3.17.0")).calls).toContain(
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

describe("where Consul wants tokens", () => {
  const SERVICE = "http://127.0.0.1:8500/v1/agent";
  /** Writes down the token, too, which comes by its standard input. */
  const curl = 'sed "s/^/  /" >> "$(dirname "$0")/calls"; echo >> "$(dirname "$0")/calls"';

  function confined(): string {
    const settings = gatewaySettings("front", {});
    for (const name of ["reading", "service", "turn"]) writeFileSync(join(folder, name), `token-${name}`);
    const [reading, service, turn] = ["reading", "service", "turn"].map((name) => join(folder, name));
    const tokens = { reading: reading!, service: service!, turn: turn! };
    return renderRunScript(settings, "10.0.0.5", confinedWay(settings, "front-9080", tokens));
  }

  /** What was asked, without curl's options. */
  const asked = (calls: string): string[] =>
    calls
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.replace(/^curl .* --header @-/, "curl"));

  test("a stop leaves Consul by the service's token, which is in no argument", () => {
    expect(asked(run("stop", { curl }, confined()).calls)).toEqual([
      "docker container inspect gateway-front",
      `curl --request PUT ${SERVICE}/service/maintenance/front-9080?enable=true&reason=gateway+front+stops`,
      "  X-Consul-Token: token-service",
      "sleep 10",
      "docker stop --time 40 gateway-front",
    ]);
  });

  test("a reload gives the container its token anew; another secret waits for its turn", () => {
    const content = confined();
    mkdirSync(join(folder, "run-gateway-front/secrets"), { recursive: true });
    const before = run("reload", { systemctl: "exit 0" }, content);
    expect(asked(before.calls).at(-1)).toBe("systemctl --no-block start vipstack-gateway-front-turn.service");
    const sums = spawnSync("sha256sum", [join(folder, "gateway-front")], { encoding: "utf8" }).stdout;
    writeFileSync(join(folder, "run-gateway-front/started"), sums);
    // As root it is for the container's group; here it is copied as it is.
    const install = 'shift 4; exec cp "$@"';
    expect(asked(run("reload", { install }, content).calls)).toEqual([
      "docker container inspect gateway-front",
      expect.stringMatching(/^install -m 0440 -g 636 \/reading \/run-gateway-front\/secrets\/consul-token$/) as string,
      "docker exec gateway-front /bin/sh /gateway/config/start reload",
    ]);
    expect(readFileSync(join(folder, "run-gateway-front/secrets/consul-token"), "utf8")).toBe("token-reading");
  });

  test("a turn holds the lock by its own token", () => {
    const consul = 'echo "  $(cat "$CONSUL_HTTP_TOKEN_FILE")" >> "$(dirname "$0")/calls"; shift 4; exec "$@"';
    const content = confined();
    mkdirSync(join(folder, "run-gateway-front"));
    const file = join(folder, "run-gateway-front/started");
    const systemctl = `sha256sum ${folder}/gateway-front > ${file}`;
    expect(asked(run("turn", { consul, curl, systemctl }, content).calls)).toEqual([
      "consul lock -child-exit-code -timeout=15m vipstack/gateway/front /gateway-front renew",
      "  token-turn",
      "systemctl restart vipstack-gateway-front.service",
      `curl ${SERVICE}/health/service/id/front-9080`,
      "  X-Consul-Token: token-service",
      "sleep 10",
    ]);
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
