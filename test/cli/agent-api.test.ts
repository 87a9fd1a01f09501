import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AgentApi } from "../../cli/agent-api";
import { withProgram } from "../support/agents";
import { freePorts } from "../support/free-ports";
import { programFile } from "../support/programs";

const folder = mkdtempSync(join(tmpdir(), "vipstack-agents-"));
const running: ReturnType<typeof spawn>[] = [];

afterAll(async () => {
  await Promise.all(running.map((agent) => new Promise((end) => agent.once("exit", end).kill("SIGKILL"))));
  rmSync(folder, { recursive: true });
});

const withConsul = withProgram("consul");

withConsul(
  "requests to servers without a leader are answered once they have one",
  async () => {
    const ports = await freePorts(6);
    startServer("first", ports.slice(0, 3), []);
    const api = AgentApi.of({ provider: "consul", stateFolder: folder, address: `http://127.0.0.1:${ports[0]}` });
    await untilAnswered(`http://127.0.0.1:${ports[0]}/v1/status/leader`);
    const read = api.get("/v1/kv/key");
    const written = api.send("PUT", "/v1/kv/other", "value");
    // The first one alone chooses none.
    const before = await fetch(`http://127.0.0.1:${ports[0]}/v1/kv/key`);
    expect([before.status, await before.text()]).toEqual([500, "No cluster leader"]);
    startServer("second", ports.slice(3), [`127.0.0.1:${ports[2]}`]);
    expect(await read).toBeUndefined();
    expect(await written).toBe(true);
  },
  90_000,
);

withConsul(
  "what is refused for another reason is refused at once, in the agent's words",
  async () => {
    const [port = 0, ...others] = await freePorts(3);
    startServer("alone", [port, ...others], [], 1);
    const api = AgentApi.of({ provider: "consul", stateFolder: folder, address: `http://127.0.0.1:${port}` });
    await untilAnswered(`http://127.0.0.1:${port}/v1/status/leader`);
    await api.waitForLeader(60);
    const started = Date.now();
    await expect(api.send("PUT", "/v1/config", { Kind: "no-such-kind", Name: "x" })).rejects.toThrow(
      /^Consul refuses PUT \/v1\/config: .*no-such-kind/,
    );
    expect(Date.now() - started).toBeLessThan(1000);
  },
  90_000,
);

/** A server that elects a leader once there are so many. */
function startServer(name: string, ports: readonly number[], joins: readonly string[], expect = 2): void {
  const [http, server, serf] = ports;
  const configuration = `ports { http = ${http} server = ${server} serf_lan = ${serf} serf_wan = -1 dns = -1 grpc = -1 grpc_tls = -1 }`;
  const words = ["-server", "-bootstrap-expect", String(expect), "-node", name, "-data-dir", join(folder, name)];
  const retries = joins.flatMap((address) => ["-retry-join", address, "-retry-interval", "1s"]);
  running.push(
    spawn(programFile("consul"), ["agent", "-bind", "127.0.0.1", ...words, ...retries, "-hcl", configuration], {
      stdio: "ignore",
    }),
  );
}

async function untilAnswered(url: string): Promise<void> {
  while (!(await fetch(url).catch(() => undefined))?.ok) await new Promise((resolve) => setTimeout(resolve, 200));
}
