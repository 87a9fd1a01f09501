import { countLines } from "./answers";
import { ask } from "./ask";
import { ConsulSecrets } from "./consul-secrets";
import { LabDeployment } from "./deployment";
import { realServersOf } from "./director";
import { lossOf, RequestsResult } from "./load";
import { eventually, MINUTES, secondsUntil } from "./waiting";

/** Machines with a Consul server, and their addresses; a scene has the first three or all five. */
export const SERVERS = {
  server1: "10.95.0.31",
  server2: "10.95.0.32",
  server3: "10.95.0.33",
  server4: "10.95.0.34",
  server5: "10.95.0.35",
} as const;
export type Server = keyof typeof SERVERS;
/** Machines with a web server, and a gateway where the program has them. */
export const WEB_NAMES = ["web1", "web2"] as const;
/** How Serf says that an agent answers, and that it doesn't. */
export const ALIVE = 1;
export const FAILED = 4;

const VIP = "10.95.0.100";
const CLIENTS = 6;
/** "None lost" is said of so many requests at least. */
const ENOUGH = 2000;

/** Says what ends a fault, makes it, and waits until it shows. Everything has to come back by itself after its end. */
export type Fault = (scene: FaultScene) => Promise<void>;

/** What a fault may cost: no request, or those of so many seconds, where it hits the path of requests itself. */
export interface Budget {
  readonly lostWithinSeconds: number;
}
export const NONE: Budget = { lostWithinSeconds: 0 };

/** The program `production-faults`, some of whose machines fail while clients go on. */
export class FaultScene {
  readonly lab = LabDeployment.ofProgram("production-faults");

  /** Machines with a Consul server. */
  readonly servers: readonly Server[];
  /** Every machine with an agent. */
  readonly agents: readonly string[];

  /** What ends the fault that is made now. */
  end: () => Promise<unknown> = () => Promise.resolve();

  /**
   * @param environment of the program
   * @param port of the real servers that the director has
   * @param servers number of Consul servers: 3 or 5
   */
  constructor(
    private readonly environment: Record<string, string>,
    private readonly port: number,
    servers: 3 | 5 = 3,
  ) {
    this.servers = (Object.keys(SERVERS) as Server[]).slice(0, servers);
    this.agents = [...this.servers, "director", ...WEB_NAMES];
  }

  /** What the director's table has while all is well. */
  get realServers(): string[] {
    return ["10.95.0.41", "10.95.0.42"].map((address) => `${address}:${this.port}`);
  }

  up(): Promise<string> {
    return this.lab.up(this.environment);
  }

  /** The server that leads, as the agent of a machine says; "none" where it says that none does, undefined where it says nothing. */
  async leaderBy(machine: string): Promise<Server | "none" | undefined> {
    const { output } = await this.lab.tryOn(
      machine,
      "curl --silent --max-time 10 --write-out ' %{http_code}' http://127.0.0.1:8500/v1/status/leader",
    );
    if (!/ (200|500)$/.test(output)) return undefined;
    return this.servers.find((name) => output === `"${SERVERS[name]}:8300" 200`) ?? "none";
  }

  /** The server that leads, and the others: two at least. */
  async roles(): Promise<{ leader: Server; others: [Server, Server, ...Server[]] }> {
    const leader = await this.leaderBy("director");
    if (leader === undefined || leader === "none") throw new Error("no server leads");
    return { leader, others: this.servers.filter((name) => name !== leader) as [Server, Server, ...Server[]] };
  }

  /** What gossip says of each agent, as that of a machine knows it: {@link ALIVE} or another status. */
  async members(machine: string): Promise<Record<string, number>> {
    const all = JSON.parse(await this.consul(machine, "agent/members")) as { Name: string; Status: number }[];
    return Object.fromEntries(all.map(({ Name: name, Status: status }) => [name, status]));
  }

  /** An answer of a machine's agent by its API, with the token that may do everything; Consul's own command line takes seconds here. */
  async consul(machine: string, path: string, put?: object): Promise<string> {
    const headers = [`X-Consul-Token: ${new ConsulSecrets(this.lab).value("management_token")}`];
    const { status, body } = await ask(this.lab, machine, `http://127.0.0.1:8500/v1/${path}`, { headers, put });
    if (status !== 200) throw new Error(`${machine}, ${path}: ${status} ${body}`);
    return body;
  }
}

/** Waits until a machine's agent knows another leader than that one. */
export async function untilAnotherLeads(scene: FaultScene, machine: string, before: Server): Promise<void> {
  await eventually(async () => {
    expect(scene.servers.filter((name) => name !== before)).toContain(await scene.leaderBy(machine));
  }, 2 * MINUTES);
}

/** Waits until a machine's agent says that no server leads. */
export async function untilNoneLeads(scene: FaultScene, machine: string): Promise<void> {
  await eventually(async () => {
    expect(await scene.leaderBy(machine)).toBe("none");
  }, 2 * MINUTES);
}

/** Everything is as before any fault: agents, servers, what each server has, the catalog, the director's table, answers. */
export async function isWhole(scene: FaultScene): Promise<void> {
  const [members, peers, written] = await Promise.all([
    scene.members("director"),
    scene.consul("server1", "operator/raft/configuration"),
    scene.consul("server2", "kv/lab/mark", { at: Date.now() }),
  ]);
  expect(Object.values(members)).toEqual(scene.agents.map(() => ALIVE));
  expect(peers.match(/"Voter": ?true/g)).toHaveLength(scene.servers.length);
  expect(written).toBe("true");
  // What is written now, each server has.
  const mark = await scene.consul("server2", "kv/lab/mark?raw");
  const [instances, table, answers, ...marks] = await Promise.all([
    scene.consul("web1", "health/service/web?passing"),
    realServersOf(scene.lab, "director"),
    scene.lab.on("client", `curl --silent --header 'Connection: close' --write-out '\\n' 'http://${VIP}/?[1-8]'`),
    ...scene.servers.map((name) => scene.consul(name, "kv/lab/mark?raw&stale")),
  ]);
  expect(marks).toEqual(scene.servers.map(() => mark));
  expect(JSON.parse(instances)).toHaveLength(WEB_NAMES.length);
  expect(table).toEqual(scene.realServers);
  expect(Object.keys(countLines(answers)).sort()).toEqual([...WEB_NAMES]);
}

/** A fault from its beginning to where all is well again, with requests all the time. @returns what these say */
export async function requestsDuring(
  scene: FaultScene,
  name: string,
  fault: Fault,
  budget: Budget,
): Promise<RequestsResult> {
  await eventually(() => isWhole(scene), 4 * MINUTES);
  const load = await scene.lab.startRequests("client", { address: VIP, port: 80, clients: CLIENTS });
  scene.end = () => Promise.resolve();
  try {
    await fault(scene);
    if (budget === NONE)
      await eventually(() => {
        expect(load.answered).toBeGreaterThanOrEqual(ENOUGH);
      }, 4 * MINUTES);
  } finally {
    // One that did not show is ended, too: others come after it.
    await scene.end();
  }
  const seconds = await secondsUntil(() => isWhole(scene), 4 * MINUTES);
  const result = await load.finish();
  console.info(
    `${name}: ${lossOf(result)}; ${result.silence} s without an answer at most; all well ${seconds} s after its end`,
  );
  return result;
}

/** Lost requests that a budget does not allow. */
export function beyond({ failures }: RequestsResult, budget: Budget): RequestsResult["failures"] {
  const first = Math.min(...failures.map(({ at }) => at));
  return failures.filter(({ at, took }) => budget === NONE || at + took > first + budget.lostWithinSeconds);
}
