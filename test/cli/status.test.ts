import { ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckNow, statusOf } from "../../cli/status";
import { Synthesis } from "../../cli/synthesis";
import { DeployedMachine } from "../../constructs/deployment";
import { freePorts } from "../support/free-ports";
import { describeWithPrograms, programFile } from "../support/programs";

// Machines are logins to this host on which another port stands for that of their own agent.

const folder = mkdtempSync(join(tmpdir(), "vipstack-status-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const machineWith = (name: string, consulCluster: string | undefined, port: number): DeployedMachine => ({
  ...{ name, addresses: [], roles: ["Consul client"] },
  ...(consulCluster !== undefined && { consulCluster }),
  shell: { command: `sed 's/127[.]0[.]0[.]1:8500/127.0.0.1:${port}/' | sh -s` },
});

/** What `vipstack status` knows of a deployment of these machines. */
async function checksOf(machines: readonly DeployedMachine[]): Promise<{ checks: CheckNow[]; problems: string[] }> {
  const deployment = {
    ...{ name: "test", stack: "machines", stateFolder: folder, access: {} },
    ...{ machines, virtualServices: [], gateways: [] },
  };
  const { checks, problems } = await statusOf({ deployment, synthesis: new Synthesis(folder) });
  return { checks: [...checks], problems: [...problems] };
}

describeWithPrograms("status of real Consul agents", ["consul"], () => {
  const agents: ChildProcess[] = [];
  let ports: number[] = [];

  beforeAll(async () => {
    ports = await freePorts(6);
    for (const [index, node] of ["east-1", "west-1"].entries()) {
      const [http, rpc, lan] = ports.slice(index * 3);
      const words = ["-dev", "-bind", "127.0.0.1", "-node", node];
      const configuration = `ports { http = ${http} server = ${rpc} serf_lan = ${lan} serf_wan = -1 dns = -1 grpc = -1 grpc_tls = -1 }`;
      agents.push(spawn(programFile("consul"), ["agent", ...words, "-hcl", configuration], { stdio: "ignore" }));
    }
    for (const [index, agent] of agents.entries())
      await untilChecked(`http://127.0.0.1:${ports[index * 3]}/v1/health/state/any`, agent);
  }, 60_000);

  afterAll(async () => {
    await Promise.all(agents.map((agent) => new Promise((end) => agent.once("exit", end).kill("SIGKILL"))));
  });

  const serf = (node: string, cluster?: string): CheckNow => ({
    ...(cluster !== undefined && { cluster }),
    ...{ node, service: "", check: "Serf Health Status", status: "passing" },
  });

  test("one machine of each cluster answers for it", async () => {
    const [east = 0, , , west = 0] = ports;
    const machines = [
      machineWith("east-1", "machines/east", east),
      // Nothing listens there: it would be a problem if it were asked.
      machineWith("east-2", "machines/east", 1),
      machineWith("west-1", "machines/west", west),
    ];
    expect(await checksOf(machines)).toEqual({
      checks: [serf("east-1", "machines/east"), serf("west-1", "machines/west")],
      problems: [],
    });
  });

  test("a cluster that does not answer is named by the machine that was asked; the other one is shown", async () => {
    const machines = [machineWith("east-1", "machines/east", 1), machineWith("west-1", "machines/west", ports[3] ?? 0)];
    expect(await checksOf(machines)).toEqual({
      checks: [serf("west-1", "machines/west")],
      problems: ["Consul on east-1 does not answer"],
    });
  });

  test("a description by an earlier release names no cluster: the first agent is asked", async () => {
    const machines = [machineWith("east-1", undefined, ports[0] ?? 0), machineWith("east-2", undefined, 1)];
    expect(await checksOf(machines)).toEqual({ checks: [serf("east-1")], problems: [] });
  });
});

/** Until an agent has the check of its own node. */
async function untilChecked(url: string, agent: ChildProcess): Promise<void> {
  for (;;) {
    if (agent.exitCode !== null) throw new Error(`the agent behind ${url} has ended with exit code ${agent.exitCode}`);
    const checks = await fetch(url).then(
      async (answer) => (answer.ok ? ((await answer.json()) as unknown[]) : []),
      () => [],
    );
    if (checks.length > 0) return;
    await new Promise((passed) => setTimeout(passed, 200));
  }
}
