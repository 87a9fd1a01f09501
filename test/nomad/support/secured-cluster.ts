import { ChildProcess, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { connect } from "node:tls";
import { App, DefaultTokenResolver, StringConcat, TerraformStack, Tokenization } from "cdktf";
import { Agent, fetch } from "undici";
import { completeSecrets, Secrets } from "../../../cli/secrets/store";
import { AgentProfile } from "../../../constructs/agents";
import { ConsulServer } from "../../../constructs/consul";
import { CloudInit, Machine } from "../../../constructs/machine";
import { ApiJob, Job, NomadServer } from "../../../constructs/nomad";
import { GeneratedSecret } from "../../../constructs/secrets";
import { machinesOf } from "../../support/agents";
import { freePorts } from "../../support/free-ports";
import { programFile } from "../../support/programs";

const CONSTRUCTS = join(__dirname, "..", "..", "..", "constructs");
/** Programs of machines, as they lie beside each other there. */
const PROGRAMS = [
  "agents/programs/agent_access.py",
  "consul/programs/consul-access.py",
  "nomad/programs/nomad-access.py",
  "nomad/programs/nomad-drain.py",
];

/** A job of the program: its template reads a key, and its service is registered. */
const page = {
  groups: {
    web: {
      ports: { www: {} },
      services: [{ port: "www", name: "page" }],
      tasks: {
        server: {
          rawExec: { command: "/bin/sleep", args: ["600"] },
          templates: [{ destination: "local/word", data: '{{ key "web/word" }}' }],
        },
      },
    },
  },
};

/** An answer of an agent: its status, and its body where it is JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * The files of a program with AgentProfile.PRODUCTION, run by real agents on 127.0.0.1: one Consul server, the Consul agent of the machine for
 * jobs, a Nomad server and a client. Consul's own TLS is left out, as every agent asks its machine's own.
 */
export class SecuredCluster {
  readonly folder = mkdtempSync(join(tmpdir(), "vipstack-nomad-access-"));
  readonly secrets: Secrets;
  /** The job of the program. */
  readonly job: ApiJob;
  consul = "";
  /** URL of the server. */
  server = "";
  /** Port of the server for other agents. */
  rpcPort = 0;
  /** URL of the client. */
  client = "";
  /** The token of Nomad that may do everything. */
  management: string;
  private readonly models: Readonly<Record<"s1" | "web", CloudInit>>;
  private readonly stack: TerraformStack;
  private readonly agents: ChildProcess[] = [];

  constructor() {
    const app = new App({ outdir: join(this.folder, "cdktf.out") });
    this.stack = new TerraformStack(app, "t");
    const machines = machinesOf(this.stack, ["s1", "s2", "s3", "web"]) as [Machine, Machine, Machine, Machine];
    const [s1, s2, s3, web] = machines;
    const profile = AgentProfile.PRODUCTION;
    const consul = new ConsulServer(this.stack, "consul", { machine: s1, profile });
    consul.addServers([s2, s3]);
    const nomad = new NomadServer(this.stack, "nomad", { machine: s1, consul, profile });
    nomad.addServers([s2, s3]);
    nomad.addClients([web], { rawExec: true, cpuTotalCompute: 2000 });
    this.job = new Job(this.stack, "page", { nomad, ...page }).toApiJob();
    this.models = { s1: s1.model, web: web.model };
    this.secrets = completeSecrets(GeneratedSecret._below(app), {});
    this.management = this.secret("nomad_management_token");
    for (const program of PROGRAMS) copyFileSync(join(CONSTRUCTS, program), join(this.folder, basename(program)));
  }

  secret(name: string): string {
    const known = this.secrets[`t_${name}`];
    if (known === undefined) throw new Error(`no secret ${name}, but ${Object.keys(this.secrets).join(", ")}`);
    return known.value;
  }

  /** The path of a machine's file here. */
  path(machine: "s1" | "web", path: string): string {
    return join(this.folder, machine, path);
  }

  async start(): Promise<void> {
    const [http, rpc, lan, wan, webHttp, webLan, ...nomad] = await freePorts(12);
    const [serverHttp, serverRpc, serverSerf, clientHttp, clientRpc, clientSerf] = nomad;
    this.consul = `http://127.0.0.1:${http}`;
    this.server = `https://127.0.0.1:${serverHttp}`;
    this.rpcPort = serverRpc ?? 0;
    this.client = `https://127.0.0.1:${clientHttp}`;
    const common = { dns: -1, grpc: -1, grpc_tls: -1 };
    this.startConsul("s1", ["-server", "-bootstrap-expect=1"], {
      ports: { ...common, http, server: rpc, serf_lan: lan, serf_wan: wan },
      acl: { tokens: { initial_management: this.secret("consul_management_token") } },
    });
    this.startConsul("web", [`-retry-join=127.0.0.1:${lan}`], {
      ports: { ...common, http: webHttp, serf_lan: webLan },
    });
    this.write("s1", `${http}`);
    this.write("web", `${webHttp}`);
    await this.run("consul-access", "s1", ["--address", this.consul]);
    this.startNomad("s1", { http: serverHttp, rpc: serverRpc, serf: serverSerf }, { server: { bootstrap_expect: 1 } });
    this.startNomad("web", { http: clientHttp, rpc: clientRpc, serf: clientSerf }, {});
  }

  async stop(): Promise<void> {
    await this.stopJobs();
    for (const agent of [...this.agents].reverse())
      await new Promise<void>((end) => {
        agent.once("exit", () => {
          end();
        });
        if (!agent.kill("SIGKILL")) end();
      });
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs a program of a machine with its files. @returns what it said */
  async run(
    program: "consul-access" | "nomad-access" | "nomad-drain",
    machine: "s1" | "web",
    words: string[],
  ): Promise<string> {
    const secrets = this.path(machine, "etc/vipstack/secrets");
    const files = {
      "consul-access": [join(secrets, "consul-access/access.json"), join(this.folder, "consul-management")],
      "nomad-access": [
        join(secrets, "nomad-access/access.json"),
        join(this.folder, "nomad-management"),
        ...["--authority", join(secrets, "nomad/authority.pem"), "--certificate", join(secrets, "nomad/agent.pem")],
        ...["--reset", this.path(machine, "var/lib/nomad/server/acl-bootstrap-reset"), "--address", this.server],
      ],
      "nomad-drain": [
        ...["--data", this.path(machine, "var/lib/nomad"), "--secrets", join(secrets, "nomad")],
        ...["--address", this.client],
      ],
    }[program];
    const { output, code } = await ended("python3", [join(this.folder, `${program}.py`), ...files, ...words]);
    if (code !== 0) throw new Error(`${program} ended with ${code}: ${output}`);
    return output;
  }

  /** Asks a Nomad agent with a certificate and a token. @param certificate PEM, with its key @param authority that is trusted */
  async ask(
    url: string,
    path: string,
    token: string,
    request: { method?: string; body?: unknown } = {},
  ): Promise<Answer> {
    const pair = this.secret("nomad_certificate_s1");
    return this.askAs({ cert: pair, key: pair }, url, path, token, request);
  }

  /** {@link ask} with another certificate, or none. */
  async askAs(
    connect: { cert?: string; key?: string },
    url: string,
    path: string,
    token: string,
    { method = "GET", body }: { method?: string; body?: unknown } = {},
  ): Promise<Answer> {
    const dispatcher = new Agent({ connect: { ca: this.secret("nomad_authority"), ...connect } });
    try {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const response = await fetch(`${url}/v1/${path}`, {
        method,
        body: text,
        dispatcher,
        headers: { "X-Nomad-Token": token },
      });
      const answer = await response.text();
      return { status: response.status, body: /^[[{"]/.test(answer) ? JSON.parse(answer) : answer };
    } finally {
      await dispatcher.destroy();
    }
  }

  /** Opens a connection of Raft, as a server does. @returns whether the server keeps it, or ends it */
  raft(pair: string): Promise<"open" | "closed"> {
    return new Promise((resolve) => {
      const plain = createConnection(this.rpcPort, "127.0.0.1", () => {
        // The first byte says what comes: 4 is TLS, and in it 2 is Raft.
        plain.write(Buffer.from([4]));
        const names = { ca: this.secret("nomad_authority"), servername: "server.global.nomad" };
        const link = connect({ socket: plain, cert: pair, key: pair, ...names }, () => link.write(Buffer.from([2])));
        const end = (how: "open" | "closed"): void => {
          resolve(how);
          link.destroy();
        };
        link.on("error", () => undefined);
        link.once("close", () => {
          end("closed");
        });
        link.resume();
        setTimeout(end, 3000, "open");
      });
    });
  }

  /** Asks Consul with the token that may do everything. */
  async askConsul<T>(path: string, method = "GET", body?: string): Promise<T> {
    const headers = { "X-Consul-Token": this.secret("consul_management_token") };
    return (await (await fetch(`${this.consul}/v1/${path}`, { method, body, headers })).json()) as T;
  }

  /** Another value of the two secrets of access.json. */
  rewriteAccess(access: { management: string; gossip: string }): void {
    this.management = access.management;
    writeFileSync(this.path("s1", "etc/vipstack/secrets/nomad-access/access.json"), JSON.stringify(access));
  }

  /** What its jobs leave: processes and mounts. */
  private async stopJobs(): Promise<void> {
    const ask = (path: string, method: string): Promise<Answer | undefined> =>
      this.ask(this.server, path, this.management, { method }).catch(() => undefined);
    await ask("job/page?purge=true", "DELETE");
    const kept = this.path("web", "var/lib/nomad/alloc");
    for (let tries = 0; tries < 60 && existsSync(kept) && readdirSync(kept).length > 0; tries++) {
      await ask("system/gc", "PUT");
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  private startConsul(
    machine: "s1" | "web",
    words: string[],
    configuration: { ports: object; acl?: { tokens: object } },
  ): void {
    const tokens = { ...configuration.acl?.tokens, agent: this.secret(`consul_token_agent_${machine}`) };
    const all = {
      ...configuration,
      encrypt: this.secret("consul_gossip_key"),
      acl: { enabled: true, default_policy: "deny", tokens },
    };
    const file = join(this.folder, `consul-${machine}.json`);
    writeFileSync(file, JSON.stringify(all));
    const where = ["-bind=127.0.0.1", `-node=${machine}`, `-data-dir=${join(this.folder, `consul-${machine}`)}`];
    this.agents.push(
      spawn(programFile("consul"), ["agent", ...words, ...where, `-config-file=${file}`], { stdio: "ignore" }),
    );
  }

  private startNomad(machine: "s1" | "web", ports: object, more: object): void {
    const file = join(this.folder, `nomad-${machine}.json`);
    writeFileSync(file, JSON.stringify({ ports, ...more }));
    const folders = [this.path(machine, "etc/nomad.d"), this.path(machine, "etc/vipstack/secrets/nomad"), file];
    const log = join(this.folder, `nomad-${machine}.log`);
    this.agents.push(
      spawn(
        "sh",
        ["-c", 'exec "$@" > "$0" 2>&1', log, programFile("nomad"), "agent", ...folders.map((one) => `-config=${one}`)],
        {
          stdio: "ignore",
        },
      ),
    );
  }

  /** What an agent of Nomad said. */
  log(machine: "s1" | "web"): string {
    return readFileSync(join(this.folder, `nomad-${machine}.log`), "utf8");
  }

  /** Writes the configuration and the secrets of a machine. */
  private write(machine: "s1" | "web", consulPort: string): void {
    const { files, liveFiles, secrets } = this.models[machine];
    for (const { path, content } of [...files, ...liveFiles, ...secrets]) {
      if (!/^\/etc\/(nomad\.d|vipstack\/secrets)\//.test(path)) continue;
      const file = this.path(machine, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, this.here(machine, this.withSecrets(content), consulPort), { mode: 0o600 });
    }
  }

  private withSecrets(content: string): string {
    const resolved = Tokenization.resolve(content, {
      scope: this.stack,
      resolver: new DefaultTokenResolver(new StringConcat()),
      preparing: false,
    }) as string;
    return resolved.replace(/\$\{var\.(\w+)\}/g, (_, variable: string) => this.secrets[variable]?.value ?? "");
  }

  private here(machine: "s1" | "web", text: string, consulPort: string): string {
    return text
      .replace(/"127\.0\.0\.1 10\.0\.0\.\d+"/, '"127.0.0.1"')
      .replace(/"10\.0\.0\.\d+"/g, '"127.0.0.1"')
      .replace('network_interface = "eth0"', 'network_interface = "lo"')
      .replaceAll("/run/vipstack-nomad", this.path(machine, "etc/vipstack/secrets/nomad"))
      .replaceAll("/var/lib/nomad", this.path(machine, "var/lib/nomad"))
      .replaceAll("127.0.0.1:8500", `127.0.0.1:${consulPort}`);
  }
}

function ended(program: string, words: readonly string[]): Promise<{ output: string; code: number | null }> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const add = (part: Buffer): void => {
      output += part.toString();
    };
    child.stdout.on("data", add);
    child.stderr.on("data", add);
    child.once("close", (code) => {
      resolve({ output, code });
    });
  });
}
