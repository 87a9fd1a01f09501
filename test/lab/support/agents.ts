import { ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { programFile } from "../../support/programs";

/** A real Consul, and a real Nomad with two clients where it is wanted, of this host, on loopback, with nothing kept. */
export class Agents {
  readonly consul: string;
  readonly nomad: string;
  private processes: ChildProcess[] = [];

  /** @param ports the first of nine free ports */
  constructor(
    private readonly folder: string,
    ports: number,
    private readonly withNomad: boolean,
  ) {
    const [consulHttp, consulRpc, consulSerf, nomadHttp, nomadRpc, nomadSerf] = [0, 1, 2, 3, 4, 5].map(
      (n) => ports + n,
    );
    this.consul = `http://127.0.0.1:${consulHttp}`;
    this.nomad = `http://127.0.0.1:${nomadHttp}`;
    mkdirSync(folder, { recursive: true });
    const consulConfiguration = {
      ports: {
        http: consulHttp,
        server: consulRpc,
        serf_lan: consulSerf,
        serf_wan: -1,
        dns: -1,
        grpc: -1,
        grpc_tls: -1,
      },
    };
    // The default ones ask the network of clouds.
    const options = { "fingerprint.denylist": "env_aws,env_gce,env_azure,env_digitalocean,vault,consul" };
    const nomadConfiguration = {
      ports: { http: nomadHttp, rpc: nomadRpc, serf: nomadSerf },
      plugin: { raw_exec: { config: { enabled: true } } },
      client: { options },
      consul: { address: `127.0.0.1:${consulHttp}` },
    };
    const secondClient = {
      ...nomadConfiguration,
      name: "second",
      // A development agent knows by itself.
      advertise: { http: "127.0.0.1", rpc: "127.0.0.1", serf: "127.0.0.1" },
      data_dir: join(folder, "second"),
      ports: { http: ports + 6, rpc: ports + 7, serf: ports + 8 },
      client: { enabled: true, servers: [`127.0.0.1:${nomadRpc}`], options },
    };
    writeFileSync(join(folder, "consul.json"), JSON.stringify(consulConfiguration));
    writeFileSync(join(folder, "nomad.json"), JSON.stringify(nomadConfiguration));
    writeFileSync(join(folder, "second.json"), JSON.stringify(secondClient));
  }

  /** Starts them, and waits until they know a leader and Nomad's clients are ready. */
  async start(): Promise<void> {
    const { folder } = this;
    this.processes = [
      this.run("consul", ["-dev", "-bind", "127.0.0.1", "-config-file", join(folder, "consul.json")]),
      ...(this.withNomad
        ? [
            this.run("nomad", ["-dev", "-bind", "127.0.0.1", "-config", join(folder, "nomad.json")]),
            this.run("nomad", ["-bind", "127.0.0.1", "-config", join(folder, "second.json")], "second"),
          ]
        : []),
    ];
    const deadline = Date.now() + 90_000;
    for (;;) {
      const leader = await ask<string>(`${this.consul}/v1/status/leader`);
      const clients = this.withNomad ? await ask<{ Status: string }[]>(`${this.nomad}/v1/nodes`) : [];
      const ready = clients?.filter(({ Status: status }) => status === "ready").length;
      if (leader && ready === (this.withNomad ? 2 : 0)) return;
      if (Date.now() > deadline) throw new Error(`the agents are not ready; their logs are in ${this.folder}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  /** Ends both; an error with the end of its log where one of them has ended by itself. */
  async stop(): Promise<void> {
    if (this.withNomad) await this.stopJobs();
    const early = this.processes.filter(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
    const running = this.processes.filter((one) => !early.includes(one));
    // Nomad's client leaves its tasks running on SIGTERM; on SIGINT a -dev agent stops them, others don't.
    await Promise.all(running.map((one) => new Promise((end) => one.once("exit", end).kill("SIGINT"))));
    const logs = early.map(({ spawnfile, spawnargs, exitCode, signalCode }) => {
      const log = join(
        this.folder,
        spawnargs.includes("-dev") ? `${basename(spawnfile).split("_")[0] ?? ""}.log` : "second.log",
      );
      const end = readFileSync(log, "utf8").split("\n").slice(-20).join("\n");
      return `${spawnfile} ended early (${signalCode ?? exitCode}):\n${end}`;
    });
    rmSync(this.folder, { recursive: true, force: true });
    if (logs.length > 0) throw new Error(logs.join("\n\n"));
  }

  /** Jobs that a test which failed has left, and what their clients keep of all: mounts among it. */
  private async stopJobs(): Promise<void> {
    for (const { ID: id } of (await ask<{ ID: string }[]>(`${this.nomad}/v1/jobs`)) ?? [])
      await fetch(`${this.nomad}/v1/job/${id}?purge=true`, { method: "DELETE" }).catch(() => undefined);
    const kept = join(this.folder, "second", "alloc");
    for (let tries = 0; tries < 60 && existsSync(kept) && readdirSync(kept).length > 0; tries++) {
      await fetch(`${this.nomad}/v1/system/gc`, { method: "PUT" }).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  private run(name: "consul" | "nomad", words: readonly string[], as: string = name): ChildProcess {
    const log = openSync(join(this.folder, `${as}.log`), "w");
    // Nomad puts its data into the temporary folder.
    const env = { PATH: process.env.PATH, TMPDIR: this.folder };
    return spawn(programFile(name), ["agent", ...words], { env, stdio: ["ignore", log, log] });
  }
}

/** What an agent answers; undefined where it does not, or has no such thing. */
export async function ask<T>(url: string): Promise<T | undefined> {
  const response = await fetch(url).catch(() => undefined);
  return response?.ok === true ? ((await response.json()) as T) : undefined;
}
