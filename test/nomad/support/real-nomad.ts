import { ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiJob } from "../../../constructs/nomad";
import { havePrograms, programFile } from "../../support/programs";

/** A test that asks a real Nomad server; skipped, and said so, where there is none. */
export const withNomad = havePrograms("jobs compared by a real Nomad", "nomad") ? test : test.skip;

export interface RealNomadOptions {
  /** The first of its three ports. */
  readonly port?: number;
  /** Whether jobs run: by raw_exec and, as root, by exec. Without it nothing is ever placed. */
  readonly client?: boolean;
}

/** A Nomad server on loopback: it takes and compares jobs, and with a client it runs them. */
export class RealNomad {
  private agent?: ChildProcess;
  private folder?: string;
  private readonly port: number;
  private readonly client: boolean;
  private readonly url: string;

  constructor({ port = 24646, client = false }: RealNomadOptions = {}) {
    this.port = port;
    this.client = client;
    this.url = `http://127.0.0.1:${port}`;
  }

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
        ports: { http: this.port, rpc: this.port + 1, serf: this.port + 2 },
        disable_update_check: true,
        server: { enabled: true, bootstrap_expect: 1 },
        consul: { auto_advertise: false, server_auto_join: false, client_auto_join: false },
        ...(this.client && {
          client: { enabled: true, cpu_total_compute: 4000, meta: { rack: "r1", "example.com/zone": "a" } },
          plugin: [{ raw_exec: [{ config: [{ enabled: true }] }] }],
        }),
      }),
    );
    const log = openSync(join(folder, "log"), "w");
    this.agent = spawn(binary, ["agent", "-config", config], { stdio: ["ignore", log, log] });
    for (let tries = 0; tries < 240; tries++) {
      if (this.agent.exitCode !== null) break;
      if (await this.ready()) return;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    throw new Error(`Nomad did not come up:\n${readFileSync(join(folder, "log"), "utf8")}`);
  }

  private async ready(): Promise<boolean> {
    const text = async (path: string): Promise<string> => await (await fetch(this.url + path)).text();
    const leader = await text("/v1/status/leader").catch(() => "");
    if (!leader.includes(":") || !this.client) return leader.includes(":");
    const nodes = JSON.parse(await text("/v1/nodes")) as {
      Status: string;
      Drivers: Record<string, { Healthy: boolean }>;
    }[];
    return nodes.some(({ Status, Drivers }) => Status === "ready" && Drivers.raw_exec?.Healthy === true);
  }

  async stop(): Promise<void> {
    const { agent, folder } = this;
    if (this.client && agent !== undefined && folder !== undefined) await this.forget(join(folder, "data", "alloc"));
    if (agent !== undefined && agent.exitCode === null) {
      const ended = new Promise((resolve) => agent.once("exit", resolve));
      agent.kill("SIGKILL");
      await ended;
    }
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }

  /** Lets the client take away the allocations, which are mounted in parts. */
  private async forget(allocations: string): Promise<void> {
    for (const { ID: id } of (await this.call("/v1/jobs")) as { ID: string }[])
      await this.call(`/v1/job/${encodeURIComponent(id)}?purge=true`, { method: "DELETE" });
    for (let tries = 0; tries < 120 && readdirSync(allocations).length > 0; tries++) {
      await fetch(`${this.url}/v1/system/gc`, { method: "PUT" });
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  /** What `nomad job run` makes of HCL before it sends it. */
  async parse(hcl: string): Promise<ApiJob> {
    return (await this.post("/v1/jobs/parse", { JobHCL: hcl, Canonicalize: false })) as ApiJob;
  }

  async register(job: ApiJob): Promise<void> {
    await this.post("/v1/jobs", { Job: job });
  }

  /** Runs a batch job of one task to its end. @returns a file of its folder, byte for byte @throws Error with the task's events */
  async run(job: ApiJob, file: string): Promise<Buffer> {
    await this.register(job);
    for (let tries = 0; tries < 240; tries++) {
      const allocations = (await this.call(`/v1/job/${encodeURIComponent(job.ID)}/allocations`)) as Allocation[];
      const [allocation] = allocations;
      if (allocation?.ClientStatus === "failed")
        throw new Error(
          Object.values(allocation.TaskStates ?? {})
            .flatMap(({ Events }) => Events.map(({ DisplayMessage }) => DisplayMessage))
            .join("\n"),
        );
      if (allocation?.ClientStatus === "complete") {
        const path = `/v1/client/fs/cat/${allocation.ID}?path=${encodeURIComponent(file)}`;
        return Buffer.from(await (await fetch(this.url + path)).arrayBuffer());
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    throw new Error(`${job.ID} did not end within a minute`);
  }

  /** `1.6.3` */
  async version(): Promise<string> {
    const self = (await this.call("/v1/agent/self")) as { config: { Version: { Version: string } } };
    return self.config.Version.Version;
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
    const answer = await fetch(this.url + path, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return await answer.json();
  }
}

interface Allocation {
  readonly ID: string;
  readonly ClientStatus: string;
  readonly TaskStates: Record<string, { Events: { DisplayMessage: string }[] }> | null;
}
