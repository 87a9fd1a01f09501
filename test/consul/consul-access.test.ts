import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { randomBytes, randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describeWithPrograms, programFile } from "../support/programs";
import { freePorts } from "../support/free-ports";

// The program that makes the policies, tokens and gossip key of a real Consul.

/** The program and its module, which lie beside each other on a machine. */
const PROGRAMS = ["consul/programs/consul-access.py", "agents/programs/agent_access.py"];

interface Access {
  readonly management: string;
  readonly gossip: string;
  readonly policies: Readonly<Record<string, string>>;
  readonly tokens: Readonly<Record<string, { secret: string; description: string; policies: string[] }>>;
}

describeWithPrograms("access to a real Consul", ["consul"], () => {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-access-"));
  const state = join(folder, "management");
  const first: Access = {
    management: randomUUID(),
    gossip: randomBytes(32).toString("base64"),
    policies: { reader: 'key_prefix "" {\n  policy = "read"\n}\n', writer: 'key "word" {\n  policy = "write"\n}\n' },
    tokens: {
      [randomUUID()]: { secret: randomUUID(), description: "reader", policies: ["reader"] },
      [randomUUID()]: { secret: randomUUID(), description: "writer", policies: ["writer"] },
    },
  };
  let address = "";
  let server: ReturnType<typeof spawn> | undefined;

  beforeAll(async () => {
    for (const program of PROGRAMS)
      copyFileSync(join(__dirname, "..", "..", "constructs", program), join(folder, basename(program)));
    const [http, rpc, lan, wan] = await freePorts(4);
    address = `http://127.0.0.1:${http}`;
    const configuration = [
      `ports { http = ${http} server = ${rpc} serf_lan = ${lan} serf_wan = ${wan} dns = -1 grpc = -1 grpc_tls = -1 }`,
      `encrypt = "${first.gossip}"`,
      `acl { enabled = true default_policy = "deny" tokens { initial_management = "${first.management}" } }`,
    ].join("\n");
    const words = ["-server", "-bootstrap-expect", "1", "-bind", "127.0.0.1", "-data-dir", join(folder, "data")];
    server = spawn(programFile("consul"), ["agent", ...words, "-hcl", configuration], { stdio: "ignore" });
  });

  afterAll(async () => {
    if (server !== undefined) {
      const agent = server;
      await new Promise((end) => agent.once("exit", end).kill("SIGKILL"));
    }
    rmSync(folder, { recursive: true });
  });

  /** What it says; it waits by itself until the server has a leader. */
  function apply(access: Access): string {
    const file = join(folder, "access.json");
    writeFileSync(file, JSON.stringify(access));
    const words = [join(folder, "consul-access.py"), file, state, "--address", address];
    const { stdout, stderr, status } = spawnSync("python3", words, { encoding: "utf8" });
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    return stdout;
  }

  async function put(key: string, token?: string): Promise<number> {
    const headers: Record<string, string> = token === undefined ? {} : { "X-Consul-Token": token };
    return (await fetch(`${address}/v1/kv/${key}`, { method: "PUT", body: "x", headers })).status;
  }

  const [readerId = "", writerId = ""] = Object.keys(first.tokens);
  const secretOf = (id: string): string => first.tokens[id]?.secret ?? "";

  test("what is missing is made, and a token may do what its policy says, nothing else", async () => {
    expect(apply(first)).toBe("+ policy reader\n+ policy writer\n+ token reader\n+ token writer\n");
    expect(statSync(state).mode & 0o777).toBe(0o600);
    expect(await put("word", secretOf(writerId))).toBe(200);
    expect(await put("other", secretOf(writerId))).toBe(403);
    expect(await put("word", secretOf(readerId))).toBe(403);
    expect(await put("word")).toBe(403);
  }, 90_000);

  test("applied again it changes nothing", () => {
    expect(apply(first)).toBe("");
  });

  test("only what differs is changed, and what is too much is removed", async () => {
    const secret = randomUUID();
    const changed: Access = {
      ...first,
      policies: { writer: 'key "other" {\n  policy = "write"\n}\n' },
      tokens: { [writerId]: { secret, description: "writer", policies: ["writer"] } },
    };
    expect(apply(changed)).toBe(
      "~ policy writer\n- token writer, for another secret\n+ token writer\n- token reader\n- policy reader\n",
    );
    expect(await put("other", secret)).toBe(200);
    expect(await put("other", secretOf(writerId))).toBe(403);
    expect(apply(first)).toMatch("+ policy reader");
  });

  test("another management token and another gossip key take the place of the old ones", async () => {
    const next = { ...first, management: randomUUID(), gossip: randomBytes(32).toString("base64") };
    expect(apply(next)).toBe("+ management token\n- management token that was there before\n~ gossip key\n");
    expect(apply(next)).toBe("");
    expect(await put("word", first.management)).toBe(403);
    const headers = { "X-Consul-Token": next.management };
    const rings = (await (await fetch(`${address}/v1/operator/keyring`, { headers })).json()) as { Keys: object }[];
    expect(rings.map(({ Keys }) => Object.keys(Keys))).toEqual([[next.gossip], [next.gossip]]);
  });
});
