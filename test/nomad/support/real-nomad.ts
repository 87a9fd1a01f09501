import { ChildProcess, spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiJob } from "../../../constructs/nomad";
import { havePrograms, programFile } from "../../support/programs";

/** A test that asks a real Nomad server; skipped, and said so, where there is none. */
export const withNomad = havePrograms("jobs compared by a real Nomad", "nomad") ? test : test.skip;

const PORTS = { http: 24646, rpc: 24647, serf: 24648 };
const URL = `http://127.0.0.1:${PORTS.http}`;

/** A Nomad server on loopback: it takes and compares jobs; without clients nothing is ever placed. */
export class RealNomad {
  private agent?: ChildProcess;
  private folder?: string;

  async start(): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "vipstack-nomad-"));
    this.folder = folder;
    const binary = join(folder, "nomad");
    copyFileSync(programFile("nomad"), binary);
    chmodSync(binary, 0o755);
    const config = join(folder, "agent.json");
    writeFileSync(
      config,
      JSON.stringify({
        data_dir: join(folder, "data"),
        bind_addr: "127.0.0.1",
        advertise: { http: "127.0.0.1", rpc: "127.0.0.1", serf: "127.0.0.1" },
        ports: PORTS,
        disable_update_check: true,
        server: { enabled: true, bootstrap_expect: 1 },
        consul: { auto_advertise: false, server_auto_join: false },
      }),
    );
    const log = openSync(join(folder, "log"), "w");
    this.agent = spawn(binary, ["agent", "-config", config], { stdio: ["ignore", log, log] });
    for (let tries = 0; tries < 240; tries++) {
      if (this.agent.exitCode !== null) break;
      const leader = await fetch(`${URL}/v1/status/leader`).then(
        (answer) => answer.text(),
        () => "",
      );
      if (leader.includes(":")) return;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    throw new Error(`Nomad did not come up:\n${readFileSync(join(folder, "log"), "utf8")}`);
  }

  async stop(): Promise<void> {
    const { agent, folder } = this;
    if (agent !== undefined && agent.exitCode === null) {
      const ended = new Promise((resolve) => agent.once("exit", resolve));
      agent.kill("SIGKILL");
      await ended;
    }
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }

  /** What `nomad job run` makes of HCL before it sends it. */
  async parse(hcl: string): Promise<ApiJob> {
    return (await this.post("/v1/jobs/parse", { JobHCL: hcl, Canonicalize: false })) as ApiJob;
  }

  async register(job: ApiJob): Promise<void> {
    await this.post("/v1/jobs", { Job: job });
  }

  /** What would change: `None`, `Edited` with the fields, … */
  async plan(job: ApiJob): Promise<{ Type: string }> {
    const answer = await this.post(`/v1/job/${encodeURIComponent(job.ID)}/plan`, { Job: job, Diff: true });
    return (answer as { Diff: { Type: string } }).Diff;
  }

  /** The job as Nomad keeps it, all defaults filled in. */
  async read(id: string): Promise<ApiJob> {
    return (await this.call(`/v1/job/${encodeURIComponent(id)}`)) as ApiJob;
  }

  private post(path: string, body: unknown): Promise<unknown> {
    return this.call(path, { method: "POST", body: JSON.stringify(body) });
  }

  private async call(path: string, init?: RequestInit): Promise<unknown> {
    const answer = await fetch(URL + path, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return await answer.json();
  }
}
