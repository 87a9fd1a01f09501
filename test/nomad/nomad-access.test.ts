import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { completeSecrets } from "../../cli/secrets/store";
import { describeWithPrograms } from "../support/programs";
import { eventually } from "../lab/support/waiting";
import { SecuredCluster } from "./support/secured-cluster";

// What AgentProfile.PRODUCTION makes for Nomad, run by a real Nomad and a real Consul that deny everything else.

describeWithPrograms("access to a real Nomad", ["consul", "nomad"], () => {
  const cluster = new SecuredCluster();
  const { server, client } = { server: () => cluster.server, client: () => cluster.client };
  let management = "";

  beforeAll(async () => {
    management = cluster.secret("nomad_management_token");
    await cluster.start();
  }, 120_000);
  afterAll(async () => {
    await cluster.stop();
  }, 60_000);

  const statusOf = async (path: string, token = ""): Promise<number> =>
    (await cluster.ask(server(), path, token)).status;

  test("the first token is the deployment's, and is made once", async () => {
    expect(await cluster.run("nomad-access", "s1", [])).toBe("+ management token\n");
    expect(statSync(join(cluster.folder, "nomad-management")).mode & 0o777).toBe(0o600);
    expect(await cluster.run("nomad-access", "s1", [])).toBe("");
    expect(await statusOf("acl/token/self", management)).toBe(200);
  }, 120_000);

  test("without a token, or with a wrong one, nothing is told", async () => {
    for (const path of ["jobs", "nodes", "agent/members", "agent/self", "acl/tokens", "operator/raft/configuration"])
      expect([path, await statusOf(path)]).toEqual([path, 403]);
    expect(await statusOf("jobs", randomUUID())).toBe(403);
    expect((await cluster.ask(server(), "acl/bootstrap", "", { method: "POST", body: {} })).status).toBe(400);
  });

  test("without a certificate, or with that of another authority, there is no answer", async () => {
    const authority = { kind: "authority", commonName: "Nomad global", days: 2 } as const;
    const names = { commonName: "server.global.nomad", dnsNames: ["server.global.nomad"], ipAddresses: [] };
    const foreign = completeSecrets(
      [
        { variable: "authority", recipe: authority },
        { variable: "certificate", recipe: { kind: "certificate", authority: "authority", ...names, days: 2 } },
      ],
      {},
    );
    const pair = foreign.certificate?.value;
    expect(pair).toContain("PRIVATE KEY");
    await expect(cluster.askAs({}, server(), "status/leader", management)).rejects.toThrow("fetch failed");
    await expect(cluster.askAs({ cert: pair, key: pair }, server(), "status/leader", management)).rejects.toThrow(
      "fetch failed",
    );
    const own = cluster.secret("nomad_certificate_web");
    expect((await cluster.askAs({ cert: own, key: own }, server(), "status/leader", "")).status).toBe(200);
  });

  test("a client's certificate is no server's", async () => {
    expect(await cluster.raft(cluster.secret("nomad_certificate_s2"))).toBe("open");
    expect(await cluster.raft(cluster.secret("nomad_certificate_web"))).toBe("closed");
  });

  test("a client finds the server by Consul, runs a job, registers its service and renders its template", async () => {
    await cluster.askConsul("kv/web/word", "PUT", "Hello");
    await eventually(async () => {
      const { body } = await cluster.ask(server(), "nodes", management);
      expect(body).toMatchObject([{ Name: "web", Status: "ready", SchedulingEligibility: "eligible" }]);
    }, 120_000);
    const { status } = await cluster.ask(server(), "jobs", management, { method: "PUT", body: { Job: cluster.job } });
    expect(status).toBe(200);
    await eventually(async () => {
      expect(await cluster.askConsul("catalog/service/page")).toHaveLength(1);
    }, 60_000);
    const { body } = await cluster.ask(server(), "job/page/allocations", management);
    const [{ ID }] = body as [{ ID: string }];
    const word = cluster.path("web", `var/lib/nomad/alloc/${ID}/server/local/word`);
    await eventually(() => {
      expect(readFileSync(word, "utf8")).toBe("Hello");
    });
  }, 240_000);

  test("what is in no job of the program can't be registered", async () => {
    const { TaskGroups, ...job } = structuredClone(cluster.job);
    const [group] = TaskGroups;
    const service = { ...group?.Services?.[0], Name: "other" };
    const other = { ...job, ID: "other", Name: "other", TaskGroups: [{ ...group, Services: [service] }] };
    expect((await cluster.ask(server(), "jobs", management, { method: "PUT", body: { Job: other } })).status).toBe(200);
    await eventually(() => {
      expect(cluster.log("web")).toMatch(/failed to update services in Consul.*Permission denied/);
    }, 60_000);
    expect(await cluster.askConsul("catalog/service/other")).toEqual([]);
    await cluster.ask(server(), "job/other?purge=true", management, { method: "DELETE" });
  }, 120_000);

  test("a client drains itself without a token, and comes back", async () => {
    expect(await cluster.run("nomad-drain", "web", ["out", "--deadline", "5"])).toBe(
      "drains\nno job runs here any more\n",
    );
    const nodes = async () => (await cluster.ask(server(), "nodes", management)).body;
    expect(await nodes()).toMatchObject([{ SchedulingEligibility: "ineligible" }]);
    expect(await cluster.run("nomad-drain", "web", ["in"])).toBe("gets jobs again\n");
    expect(await nodes()).toMatchObject([{ SchedulingEligibility: "eligible", Drain: false }]);
    expect((await cluster.ask(client(), "jobs", "")).status).toBe(403);
  }, 240_000);

  test("what Nomad 1.6 lets the identity of a client do, as docs/security.md says", async () => {
    const identity = readFileSync(cluster.path("web", "var/lib/nomad/client/secret-id"), "utf8");
    const status = async (path: string, method = "GET", body?: unknown): Promise<number> =>
      (await cluster.ask(server(), path, identity, { method, body })).status;
    expect({
      "reads a job": await status("job/page"),
      "runs a job": await status("jobs", "PUT", { Job: cluster.job }),
      "saves a snapshot": await status("operator/snapshot"),
      "lists tokens": await status("acl/tokens"),
    }).toEqual({ "reads a job": 200, "runs a job": 403, "saves a snapshot": 200, "lists tokens": 403 });
  });

  test("another management token and another gossip key take the place of the old ones", async () => {
    const next = { management: randomUUID(), gossip: randomBytes(32).toString("base64") };
    cluster.rewriteAccess(next);
    expect(await cluster.run("nomad-access", "s1", [])).toBe(
      "+ management token\n- management token that was there before\n~ gossip key\n",
    );
    expect(await cluster.run("nomad-access", "s1", [])).toBe("");
    expect(await statusOf("jobs", management)).toBe(403);
    expect(await statusOf("jobs", next.management)).toBe(200);
    const { body } = await cluster.ask(server(), "agent/keyring/list", next.management);
    expect(Object.keys((body as { Keys: object }).Keys)).toEqual([next.gossip]);
    expect(existsSync(cluster.path("s1", "var/lib/nomad/server/acl-bootstrap-reset"))).toBe(false);
  }, 120_000);
});
