import { ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderConsulTemplateConfig } from "../../constructs/lvs/render/consul-template";
import { describeWithPrograms, Program, programFile } from "../support/programs";

// A real Consul and a real consul-template on this host's loopback, with the configuration that a director gets. What systemd
// does on a director is done here step by step: the ports and folders are others, the keeper's timer is a loop.

const PORT = 28500;
const CONSUL = `http://127.0.0.1:${PORT}`;

const folder = mkdtempSync(join(tmpdir(), "vipstack-follow-"));
const rulesFile = join(folder, "rules", "consul-web.rules");
const program = join(folder, "consul-rules.py");
// With the words of the program's own first line.
const consulRules = ["/usr/bin/python3", "-BESs", program, "--rules", join(folder, "rules")];
for (const [option, name] of [
  ["followed", "followed.json"],
  ["instances", "instances"],
  ["state", "state.json"],
] as const)
  consulRules.push(`--${option}`, join(folder, name));

const running = new Set<ChildProcess>();

afterAll(async () => {
  for (const child of running) await stop(child);
  rmSync(folder, { recursive: true, force: true });
});

describeWithPrograms("rules that follow a real Consul", ["consul", "consul-template"], () => {
  let template: ChildProcess;
  let consul: ChildProcess;

  beforeAll(() => {
    for (const name of ["rules", "instances", "data"]) mkdirSync(join(folder, name));
    // On a machine all programs are in one folder.
    for (const domain of ["lvs", "packets"])
      cpSync(join(__dirname, "..", "..", "constructs", domain, "programs"), folder, { recursive: true });
    const web = { virtualService: "-t 10.0.0.100:80", forwarding: "-m", service: "hello", family: 4 };
    const also = { ...web, virtualService: "-t 10.0.0.100:81" };
    const followed = Object.fromEntries(
      Object.entries({ web, also }).map(([name, each]) => [name, { ...each, graceSeconds: 5, never: ["10.0.0.20"] }]),
    );
    writeFileSync(join(folder, "followed.json"), JSON.stringify(followed));
    writeFileSync(join(folder, "consul-template.hcl"), configuration());
  });

  test("before Consul is there, consul-template goes on asking", async () => {
    template = startTemplate();
    await seconds(3);
    expect(template.exitCode).toBeNull();
    expect(existsSync(rulesFile)).toBe(false);
    consul = await startConsul();
    await until("an empty list", () => existsSync(rulesFile) && servers().length === 0);
  }, 60_000);

  test("the healthy instances that can be real servers, with their weights", async () => {
    await register("a", { address: "10.0.0.31", port: 23747, weight: 3 });
    await register("b", { address: "10.0.0.32", port: 20001 });
    await register("twin", { address: "10.0.0.31", port: 23747 });
    await register("odd name \"{{}}' -w 9", { address: "web.example", port: 80 });
    await register("here", { address: "10.0.0.20", port: 80 });
    await until("two are in the rules", () => servers().join() === "10.0.0.31:23747 -m -w 3,10.0.0.32:20001 -m -w 1");
    expect(instances()).toContain('"instances":5,');
  }, 60_000);

  test("another virtual service that follows the same service has the same instances", async () => {
    await until("both are equal", () => instances("also") === instances());
    expect(instances("also")).toContain('"instances":5,');
  }, 60_000);

  test("an unhealthy instance leaves and comes back", async () => {
    await call("PUT", "/v1/agent/check/fail/b-check");
    await until("it has left", () => servers().join() === "10.0.0.31:23747 -m -w 3");
    await call("PUT", "/v1/agent/check/pass/b-check");
    await until("it is back", () => servers().length === 2);
    expect(servers()[1]).toBe("10.0.0.32:20001 -m -w 1");
  }, 60_000);

  test("Consul killed: nothing changes, also not when consul-template starts anew and after a reboot", async () => {
    const before = statSync(rulesFile).mtimeMs;
    await stop(consul, "SIGKILL");
    await keeper(3);
    await stop(template);
    template = startTemplate();
    await keeper(3);
    await stop(template);
    rmSync(join(folder, "instances", "web.instances")); // a boot empties /run
    rmSync(join(folder, "state.json"));
    template = startTemplate();
    await keeper(7);
    expect(template.exitCode).toBeNull();
    expect(statSync(rulesFile).mtimeMs).toBe(before);
    expect(servers()).toHaveLength(2);
  }, 60_000);

  test("Consul is back: the rules follow again", async () => {
    consul = await startConsul();
    await register("c", { address: "10.0.0.33", port: 20002 });
    await until("a third one", () => servers().length === 3);
    expect(servers()[2]).toBe("10.0.0.33:20002 -m -w 1");
  }, 60_000);

  test("Consul frozen, with its connections open: nothing changes", async () => {
    consul.kill("SIGSTOP");
    await keeper(5);
    consul.kill("SIGCONT");
    expect(servers()).toHaveLength(3);
  }, 60_000);

  test("SIGHUP, by which systemd announces a new configuration, changes nothing by itself", async () => {
    template.kill("SIGHUP");
    await keeper(3);
    expect(template.exitCode).toBeNull();
    expect(servers()).toHaveLength(3);
  }, 60_000);

  test("no instance left: the last ones stay for the grace time, which ends without an answer from Consul", async () => {
    for (const id of ["a", "b", "c", "twin"]) await call("PUT", `/v1/agent/service/deregister/${id}`);
    await until("consul-template says so", () => instances().includes('"instances":2,'));
    await keeper(1);
    expect(servers()).toHaveLength(3);
    await keeper(6);
    expect(servers()).toEqual([]);
  }, 60_000);
});

function configuration(): string {
  const follow = { name: "web", service: "hello", wait: { min: "1s", max: "4s" }, snatTo: [] };
  return renderConsulTemplateConfig([follow, { ...follow, name: "also" }], consulRules)
    .replaceAll("127.0.0.1:8500", `127.0.0.1:${PORT}`)
    .replaceAll("/run/vipstack/consul", join(folder, "instances"));
}

function startTemplate(): ChildProcess {
  return start("consul-template", ["-config", join(folder, "consul-template.hcl")]);
}

/** A server of one, which keeps its data. */
async function startConsul(): Promise<ChildProcess> {
  const ports = ["-http-port", String(PORT), "-server-port", "28300", "-serf-lan-port", "28301"];
  const off = ["-dns-port=-1", "-serf-wan-port=-1", "-grpc-port=-1", "-grpc-tls-port=-1"];
  const where = ["-data-dir", join(folder, "data"), "-bind", "127.0.0.1", "-node", "test"];
  const child = start("consul", ["agent", "-server", "-bootstrap-expect", "1", ...where, ...ports, ...off]);
  await until("Consul has a leader", async () => {
    const answer = await fetch(`${CONSUL}/v1/status/leader`).catch(() => undefined);
    return answer?.ok === true && (await answer.text()).includes("28300");
  });
  return child;
}

function start(name: Program, words: readonly string[]): ChildProcess {
  const child = spawn(programFile(name), words, { stdio: "ignore" });
  running.add(child);
  return child;
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = "SIGINT"): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    // A frozen one ends no sooner than it goes on.
    child.kill("SIGCONT");
    await gone;
  }
  running.delete(child);
}

async function register(id: string, instance: { address: string; port: number; weight?: number }): Promise<void> {
  const { address, port, weight = 1 } = instance;
  await call("PUT", "/v1/agent/service/register", {
    ID: id,
    Name: "hello",
    Address: address,
    Port: port,
    Weights: { Passing: weight, Warning: 1 },
    // A check of this kind is critical again once its agent has started anew, until it is set again.
    ...(id === "b" && { Check: { CheckID: "b-check", TTL: "600s", Status: "passing" } }),
  });
}

async function call(method: string, path: string, body?: object): Promise<void> {
  const answer = await fetch(`${CONSUL}${path}`, { method, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

/** `10.0.0.31:23747 -m -w 3`, in the rules file's order. */
function servers(): string[] {
  return [...readFileSync(rulesFile, "utf8").matchAll(/^-a -t 10\.0\.0\.100:80 -r (.*)$/gm)].map(([, text]) => text!);
}

function instances(name = "web"): string {
  return readFileSync(join(folder, "instances", `${name}.instances`), "utf8");
}

/** What the timer does on a director. */
async function keeper(duration: number): Promise<void> {
  for (let second = 0; second < duration; second++) {
    execFileSync(consulRules[0]!, consulRules.slice(1));
    await seconds(1);
  }
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
    if (await condition()) return;
    await seconds(0.2);
  }
  throw new Error(`in vain waited for: ${what}\n${existsSync(rulesFile) ? readFileSync(rulesFile, "utf8") : ""}`);
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, count * 1000);
  });
}
