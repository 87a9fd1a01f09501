import { randomBytes } from "node:crypto";
import execa from "execa";
import { Answer, ask } from "./support/ask";
import { LabDeployment } from "./support/deployment";
import { APISIX, describeWithImage } from "./support/images";
import { BOOT, eventually, secondsSince, secondsUntil } from "./support/waiting";

// The Admin API with an etcd, as the user has it, but with secret keys.

const scene = new LabDeployment("apisix-admin-api");
const PORT = 19180;
const ADMIN = "http://127.0.0.1:9180/apisix/admin";
const keys = { TF_VAR_admin_key: newKey(), TF_VAR_data_encryption_key: newKey() };
const old: string[] = [];
const HELLO = { service_name: "hello-world-servers", type: "roundrobin", discovery_type: "consul" };
const ROUTE = { uri: "/*", upstream: HELLO };
const ALICE = `alice-${newKey()}`;

/** Both that APISIX's documentation publishes, in parts: no file is to hold either of them. */
const KNOWN_KEYS = [
  ["edd1c9f0", "34335f13", "6f87ad84", "b625c8f1"],
  ["4054f7cf", "07e34434", "6cd3f287", "985e76a2"],
].map((parts) => parts.join(""));

function newKey(): string {
  return randomBytes(16).toString("hex");
}

/** A request to the gateway on its own machine, with the Admin API's key where no other one is given. */
async function askGateway(
  url: string,
  { key = keys.TF_VAR_admin_key, header = "X-API-KEY", put }: { key?: string; header?: string; put?: object } = {},
): Promise<Answer> {
  return ask(scene, "gateway", url, { headers: key === "" ? [] : [`${header}: ${key}`], put });
}

async function expectPage(): Promise<void> {
  expect(await scene.on("gateway", "curl --silent --max-time 10 127.0.0.1:9080")).toBe("Hello, APISIX!");
}

async function isAnsweredWith(status: number, key: string): Promise<void> {
  expect((await askGateway(`${ADMIN}/routes`, { key })).status).toBe(status);
}

/** Files in a folder of the gateway's machine with one of the texts in them. */
async function filesWith(texts: readonly string[], folders: string): Promise<string[]> {
  const patterns = texts.map((text) => `-e ${text}`).join(" ");
  const found = await scene.on("gateway", `grep -rlF ${patterns} ${folders} 2>/dev/null || true`);
  return found.split("\n").filter((line) => line !== "");
}

/** Files of this host's side with one of the texts in them: what was synthesized, Terraform's state, logs. */
async function hostFilesWith(texts: readonly string[]): Promise<string> {
  const patterns = texts.flatMap((text) => ["-e", text]);
  const { stdout } = await execa("grep", ["-rlF", "--exclude-dir=guests", ...patterns, scene.root], { reject: false });
  return stdout;
}

describeWithImage(APISIX, "the Admin API with an etcd", () => {
  let refusal: { exitCode: number; output: string };
  let printed: string;

  beforeAll(async () => {
    refusal = await scene.upFails();
    const started = Date.now();
    printed = await scene.up({ ...keys, VIPSTACK_GATEWAY_PORT: String(PORT) });
    console.log(`up after ${secondsSince(started)} s`);
    const waited = await secondsUntil(() => isAnsweredWith(200, keys.TF_VAR_admin_key));
    console.log(`the Admin API answers ${waited} s after that`);
  }, BOOT);
  afterAll(async () => {
    await scene.down();
  }, BOOT);

  test("up says that there are no routes yet, and how to make one", () => {
    expect(printed).toMatch(/has no routes yet, .* on gateway, with your admin key:/);
    expect(printed).toContain("curl 127.0.0.1:9180/apisix/admin/routes/1 -H ");
  });

  test("without its keys the deployment refuses, and names the variables", () => {
    expect(refusal.exitCode).not.toBe(0);
    const [message = ""] = /^Error: [^]*→ .*/m.exec(refusal.output) ?? [];
    expect(message).toBe(
      [
        "Error: No value for required variable: admin_key",
        "  set TF_VAR_admin_key in the environment",
        "Error: No value for required variable: data_encryption_key",
        "  set TF_VAR_data_encryption_key in the environment",
        "→ fix it and run this again, or `npm run down` to remove what was made",
      ].join("\n"),
    );
  });

  test("a route is made with the user's own request, read back, and in force", async () => {
    const put = await askGateway(`${ADMIN}/routes/1`, { put: ROUTE });
    const made = Date.now();
    expect(put.status).toBe(201);
    await eventually(expectPage);
    console.log(`a route is in force ${Date.now() - made} ms after its answer, or earlier`);
    const got = await askGateway(`${ADMIN}/routes/1`);
    expect(got.status).toBe(200);
    expect(JSON.parse(got.body)).toMatchObject({ key: "/apisix/routes/1", value: { id: "1", ...ROUTE } });
    expect(await (await fetch(`http://127.0.0.1:${PORT}/`)).text()).toBe("Hello, APISIX!\n");
  });

  test("without the key no request is let in, and with a publicly known one neither", async () => {
    const missing = await askGateway(`${ADMIN}/routes/1`, { key: "" });
    expect(missing.status).toBe(401);
    expect(JSON.parse(missing.body)).toMatchObject({ description: "missing apikey" });
    for (const key of KNOWN_KEYS) {
      const wrong = await askGateway(`${ADMIN}/routes/1`, { key });
      expect(wrong.status).toBe(401);
      expect(JSON.parse(wrong.body)).toMatchObject({ description: "wrong apikey" });
      expect((await askGateway(`${ADMIN}/routes/1?api_key=${key}`, { key: "" })).status).toBe(401);
    }
    await expectPage();
  });

  test("the publicly known keys are in no file", async () => {
    expect(await hostFilesWith(KNOWN_KEYS)).toBe("");
    expect(await filesWith(KNOWN_KEYS, "/etc /var/lib/cloud /var/lib/vipstack /usr/local")).toEqual([]);
    expect(await scene.on("gateway", `docker exec gateway-apisix cat conf/config.yaml conf/nginx.conf`)).not.toMatch(
      new RegExp(KNOWN_KEYS.join("|")),
    );
  });

  test("a route that is none is refused and not stored", async () => {
    const typo = await askGateway(`${ADMIN}/routes/2`, { put: { uri: "/x", upstram: HELLO } });
    expect(typo.status).toBe(400);
    expect(JSON.parse(typo.body)).toEqual({
      error_msg: "invalid configuration: additional properties forbidden, found upstram",
    });
    expect((await askGateway(`${ADMIN}/routes/2`)).status).toBe(404);
    const plugin = { uri: "/x", upstream: HELLO, plugins: { "limit-count": { count: 0 } } };
    expect((await askGateway(`${ADMIN}/routes/2`, { put: plugin })).status).toBe(400);
    expect((await askGateway(`${ADMIN}/routes/2`)).status).toBe(404);
  });

  test("it listens on loopback only, and has no user interface", async () => {
    const listening = await scene.on("gateway", "ss -Hltn '( sport = 9180 or sport = 2379 )' | awk '{ print $4 }'");
    expect(listening.split("\n").sort()).toEqual(["127.0.0.1:2379", "127.0.0.1:9180"]);
    const admin = await scene.tryOn("web", "curl --silent --show-error --max-time 5 192.168.139.41:9180/");
    expect(admin).toEqual({ exitCode: 7, output: expect.stringContaining("Couldn't connect to server") as string });
    expect((await askGateway("http://127.0.0.1:9180/ui/")).status).toBe(404);
    // The way by which it would have been reached is there.
    expect(await scene.on("web", "curl --silent --max-time 5 192.168.139.41:9080/")).toBe("Hello, APISIX!");
  });

  test("what a plugin has to keep secret is encrypted in etcd, and works", async () => {
    const consumer = { username: "alice", plugins: { "key-auth": { key: ALICE } } };
    expect((await askGateway(`${ADMIN}/consumers`, { put: consumer })).status).toBe(201);
    const guarded = { uri: "/guarded", plugins: { "key-auth": {} }, upstream: HELLO };
    expect((await askGateway(`${ADMIN}/routes/3`, { put: guarded })).status).toBe(201);
    await eventually(expectAliceGuarded);
    const stored = await inEtcd();
    expect(Object.keys(stored)).toEqual(
      expect.arrayContaining(["/apisix/consumers/alice", "/apisix/routes/1", "/apisix/routes/3"]),
    );
    expect(stored["/apisix/consumers/alice"]).toMatch(/"key-auth":\{"key":"[\w+/]{20,}=*"\}/);
    expect(Object.values(stored).join("\n")).not.toContain(ALICE);
    expect(await filesWith([ALICE], "/var/lib/etcd /etc /var/lib/vipstack /var/log")).toEqual([]);
  });

  test(
    "another key by another value of its variable: the old one is worth nothing, machine and routes stay",
    async () => {
      const boot = await scene.bootId("gateway");
      old.push(keys.TF_VAR_admin_key);
      keys.TF_VAR_admin_key = newKey();
      const started = Date.now();
      await scene.up({ ...keys, VIPSTACK_GATEWAY_PORT: String(PORT) });
      console.log(`up with another key took ${secondsSince(started)} s`);
      const waited = await secondsUntil(() => isAnsweredWith(200, keys.TF_VAR_admin_key));
      console.log(`and the new key was good ${waited} s after that`);
      await isAnsweredWith(401, old[0] ?? "");
      expect(scene.deployLog()).toMatch(/Resources: 1 added, 0 changed, 1 destroyed/);
      expect(await scene.bootId("gateway")).toBe(boot);
      await eventually(expectPage);
      await eventually(expectAliceGuarded);
    },
    BOOT,
  );

  test(
    "routes outlive a reboot, and so does what is encrypted",
    async () => {
      const boot = await scene.bootId("gateway");
      await scene.lab("reboot", "gateway");
      expect(await scene.bootId("gateway")).not.toBe(boot);
      console.log(`the page was there ${await secondsUntil(expectPage)} s after a reboot`);
      await eventually(expectAliceGuarded);
      expect((await askGateway(`${ADMIN}/routes/1`)).status).toBe(200);
    },
    BOOT,
  );

  test("the keys are where root reads them, and nowhere else", async () => {
    const every = [...Object.values(keys), ...old];
    const folder = "/etc/vipstack/secrets/gateway/apisix";
    const now = [`${folder}/APISIX_ADMIN_KEY`, `${folder}/APISIX_DATA_ENCRYPTION_KEY`];
    const places = "/etc /var/lib/cloud /run/cloud-init /run/vipstack /var/lib/vipstack /var/lib/etcd /usr /root";
    expect((await filesWith(every, places)).sort()).toEqual(now);
    expect(await scene.on("gateway", `stat --format '%a %U' ${now.join(" ")}`)).toBe("600 root\n600 root");
    expect(await filesWith(old, "/var/lib/docker /var/lib/vipstack /run/containerd")).toEqual([]);
    const shown = await scene.on(
      "gateway",
      `docker image inspect ${APISIX}; docker history --no-trunc ${APISIX}
        docker exec gateway-apisix find conf -type f -exec cat {} +
        cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' || true
        journalctl --quiet --output cat`,
    );
    expect(shown).toMatch("APISIX_ADMIN_KEY");
    expect(every.filter((key) => shown.includes(key))).toEqual([]);
    expect(await hostFilesWith(every)).toBe("");
    expect(await hostFilesWith(["APISIX_ADMIN_KEY"])).toMatch("cdktf.out");
  });
});

async function expectAliceGuarded(): Promise<void> {
  const statuses = [ALICE, "nobody", ""].map(async (key) => {
    return (await askGateway("http://127.0.0.1:9080/guarded", { key, header: "apikey" })).status;
  });
  expect(await Promise.all(statuses)).toEqual([200, 401, 401]);
}

/** What `etcdctl get --prefix /apisix` prints, by etcd's own HTTP interface: its client is a package of its own. */
async function inEtcd(): Promise<Record<string, string>> {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const range = JSON.stringify({ key: base64("/apisix"), range_end: base64("/apisiy") });
  const printed = await scene.on("gateway", `curl --silent 127.0.0.1:2379/v3/kv/range --data '${range}'`);
  const { kvs } = JSON.parse(printed) as { kvs: { key: string; value: string }[] };
  const text = (encoded: string): string => Buffer.from(encoded, "base64").toString();
  return Object.fromEntries(kvs.map(({ key, value }) => [text(key), text(value)]));
}
