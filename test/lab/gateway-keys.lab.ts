import { randomBytes } from "node:crypto";
import execa from "execa";
import { keys as keysOf } from "../apisix/support/gateway";
import { everyObject } from "../apisix/support/every-object";
import { DEFAULT_PLUGINS } from "../../constructs";
import { Answer, ask } from "./support/ask";
import { makeCertificate, token } from "./support/credentials";
import { LabDeployment } from "./support/deployment";
import { APISIX, describeWithImage } from "./support/images";
import { BOOT, eventually, MINUTES, secondsSince } from "./support/waiting";

// A gateway without etcd: its plugins as clients find them, and its secrets, which only Terraform and its machine know.

const scene = LabDeployment.ofProgram("gateway-keys");
const CONSUL = "19500";
const GATEWAY = "10.92.0.41";
const secrets = {
  // What is special to shells, Terraform and APISIX.
  TF_VAR_jack_key: newKey(`jack "'\\ \${x} %{y} $\${{z}} $(id) $env://JACK_KEY `),
  TF_VAR_jill_secret: randomBytes(48).toString("base64"),
  TF_VAR_redis_password: newKey("redis"),
  TF_VAR_certificate: "",
  TF_VAR_private_key: "",
};
let old = "";

function newKey(start: string): string {
  return `${start}${randomBytes(8).toString("hex")}`;
}

/** @returns how many seconds it took */
async function up(): Promise<number> {
  const started = Date.now();
  await scene.up({ ...secrets, VIPSTACK_CONSUL_PORT: CONSUL });
  return secondsSince(started);
}

async function get(path: string, ...headers: string[]): Promise<Answer> {
  return ask(scene, "web", `http://${GATEWAY}:9080${path}`, { headers });
}

async function statuses(...answers: Promise<Answer>[]): Promise<number[]> {
  return (await Promise.all(answers)).map(({ status }) => status);
}

/** The words that ask for a page by https, under a name of the gateway. */
function https(name: string, words: string): string {
  const to = `--resolve ${name}:9443:${GATEWAY} https://${name}:9443/plain`;
  return `curl --silent --show-error --max-time 10 ${words} ${to}`;
}

async function isServing(): Promise<void> {
  expect((await get("/plain")).status).toBe(200);
}

/** Every key of the gateway's folder in Consul. */
async function objects(): Promise<Record<string, string>> {
  const response = await fetch(`http://127.0.0.1:${CONSUL}/v1/kv/apisix/gateway?recurse`);
  const found = (await response.json()) as { Key: string; Value: string }[];
  return Object.fromEntries(found.map(({ Key, Value }) => [Key, Buffer.from(Value, "base64").toString()]));
}

async function putObject(key: string, value: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${CONSUL}/v1/kv/${key}`, { method: "PUT", body: value });
  expect(await response.text()).toBe("true");
}

/** The ids that the running gateway has of a kind, by its control API. */
async function loaded(kind: "routes" | "services" | "upstreams"): Promise<string[]> {
  const list = JSON.parse(await scene.on("box", `curl --silent 127.0.0.1:9090/v1/${kind}`)) as {
    value: { id: string };
  }[];
  return list.map(({ value }) => value.id).sort();
}

/**
 * Kinds of objects of which the gateway has dropped one that has nonsense in it, and what it says of others. Its workers for
 * connections look at services, too, and know no plugin for requests: what they say of those means nothing.
 */
async function dropped(): Promise<string[]> {
  const log = await scene.on("box", "docker logs gateway-gateway 2>&1");
  const found = [...log.matchAll(/^.*failed to check item data of \[(\w+)\] err:(.*)$/gm)]
    .filter(
      ([line, kind, reason]) =>
        !/stream \[lua\]/.test(line) || kind !== "services" || !/^unknown plugin/.test(reason ?? ""),
    )
    .map(([line, kind]) => (line.includes("nonsense") ? (kind ?? "") : line));
  return [...new Set(found)].sort();
}

async function document(): Promise<string> {
  return scene.on("box", "cat /var/lib/vipstack/gateway/gateway/document/apisix.yaml");
}

describeWithImage(APISIX, "a gateway without etcd, with secrets", () => {
  beforeAll(async () => {
    const { certificate, privateKey } = await makeCertificate("site.test", "www.example.com");
    Object.assign(secrets, { TF_VAR_certificate: certificate, TF_VAR_private_key: privateKey });
    console.log(`up after ${await up()} s`);
    const started = Date.now();
    await eventually(isServing, 3 * MINUTES);
    console.log(`the gateway serves its routes ${secondsSince(started)} s after that`);
  }, BOOT);
  afterAll(async () => {
    await scene.down();
  }, BOOT);

  test("key-auth: the key of a consumer passes; another, none, and the text that names it don't", async () => {
    const key = (value: string): Promise<Answer> => get("/keyed", `apikey: ${value}`);
    expect(await key(secrets.TF_VAR_jack_key)).toEqual({ status: 200, body: "Hello!\n" });
    expect(await statuses(key("other"), key("$env://JACK_KEY"), get("/keyed"))).toEqual([401, 401, 401]);
  });

  test("jwt-auth: a token made with the consumer's secret passes; one made with the text that names it doesn't", async () => {
    const bearer = async (secret: string): Promise<Answer> =>
      get("/signed", `Authorization: Bearer ${await token(scene, "web", "john", secret)}`);
    expect(await bearer(secrets.TF_VAR_jill_secret)).toEqual({ status: 200, body: "Hello!\n" });
    expect(await statuses(bearer("other"), bearer("$env://JILL_SECRET"), get("/signed"))).toEqual([401, 401, 401]);
  });

  test("https: the certificate is shown for its host name, and no other one is answered", async () => {
    await scene.on("web", `cat > /tmp/site.pem <<'EOF'\n${secrets.TF_VAR_certificate}\nEOF`);
    expect(await scene.on("web", https("site.test", "--cacert /tmp/site.pem"))).toBe("Hello!");
    const other = await scene.tryOn("web", https("other.test", "--insecure"));
    expect(other).toEqual({ exitCode: 35, output: expect.stringContaining("alert") as string });
  });

  test("a redirect to https leads to the port that clients use, not to the gateway's own", async () => {
    const host = "Host: shop.example:9080";
    const head = await scene.on("web", `curl --silent --include --header '${host}' http://${GATEWAY}:9080/secure`);
    expect(head).toMatch(/^HTTP\/1\.1 301 /);
    expect(head).toMatch(/^location: https:\/\/shop\.example\/secure\r$/im);
  });

  test("limit-count: two requests pass, the third doesn't", async () => {
    const answers = [await get("/limited"), await get("/limited"), await get("/limited")];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
  });

  test("a plugin without a maker of its own does its work", async () => {
    expect(await get("/faulty")).toEqual({ status: 418, body: "short and stout" });
  });

  test("a stream route: what comes in by its port goes to the service in Consul", async () => {
    expect(await ask(scene, "web", `http://${GATEWAY}:7000/`)).toEqual({ status: 200, body: "Hello!\n" });
  });

  test("prometheus in a global rule: requests of every route are counted, for the machine itself only", async () => {
    const page = "http://127.0.0.1:9091/apisix/prometheus/metrics";
    await eventually(async () => {
      const { status, body } = await ask(scene, "box", page);
      expect(status).toBe(200);
      expect(body).toMatch(/^apisix_http_status\{code="200",route="plain",.*\} [1-9]/m);
      expect(body).toMatch(/^apisix_http_status\{code="429",route="limited",.*\} 1$/m);
    });
    expect((await scene.tryOn("web", `curl --silent ${GATEWAY}:9091/`)).exitCode).toBe(7);
  });

  test(
    "another key arrives and starts the gateway's container anew, and nothing else",
    async () => {
      const before = await machineState();
      old = secrets.TF_VAR_jack_key;
      secrets.TF_VAR_jack_key = newKey("jack");
      console.log(`up with another key took ${await up()} s`);
      const started = Date.now();
      await eventually(async () => {
        expect((await get("/keyed", `apikey: ${secrets.TF_VAR_jack_key}`)).status).toBe(200);
      }, 2 * MINUTES);
      console.log(`and the new key was good ${secondsSince(started)} s after that`);
      expect((await get("/keyed", `apikey: ${old}`)).status).toBe(401);
      const after = await machineState();
      expect(after.container).not.toBe(before.container);
      expect({ ...after, container: "" }).toEqual({ ...before, container: "" });
      expect(scene.deployLog()).toMatch(/Resources: 1 added, 0 changed, 1 destroyed/);
    },
    BOOT,
  );

  test("secrets are on their way and at rest nowhere but where the gateway's machine keeps them for root", async () => {
    const needles = [
      secrets.TF_VAR_jack_key,
      secrets.TF_VAR_jill_secret,
      secrets.TF_VAR_redis_password,
      old.slice(-16),
    ];
    needles.push(secrets.TF_VAR_private_key.split("\n")[1] ?? "");
    const shownBy = (text: string): string[] => needles.filter((needle) => text.includes(needle));
    const stored = await scene.on("web", "consul kv get -recurse");
    for (const text of [stored, await document()]) {
      expect(text).toMatch("$env://JACK_KEY");
      expect(shownBy(text)).toEqual([]);
    }
    const patterns = needles.flatMap((needle) => ["-e", needle]);
    const search = async (what: readonly string[]): Promise<string> =>
      (await execa("grep", ["-rlF", "--exclude-dir=guests", ...what, scene.root], { reject: false })).stdout;
    expect(await search(patterns)).toBe("");
    expect(await search(["-e", "$env://JACK_KEY"])).toMatch("cdktf.out");
    const quoted = needles.map((needle) => `-e '${needle}'`).join(" ");
    const places = "/etc /var/lib/cloud /var/lib/vipstack /var/log /run/cloud-init /run/vipstack /usr/local /tmp";
    const files = await scene.on(
      "box",
      `grep -rlF ${quoted} ${places} 2>/dev/null | sort || true
        journalctl --quiet --output cat | grep -cF ${quoted} || true`,
    );
    const names = ["JACK_KEY", "JILL_SECRET", "PRIVATE_KEY", "REDIS_PASSWORD"];
    expect(files.split("\n")).toEqual([...names.map((name) => `/etc/vipstack/secrets/gateway/gateway/${name}`), "0"]);
  });

  test(
    "every object and every plugin that the library renders is one that APISIX takes",
    async () => {
      const given = keysOf(everyObject, { plugins: [...DEFAULT_PLUGINS, "response-rewrite"] });
      for (const [key, value] of Object.entries(given)) await putObject(key, value);
      const all = await objects();
      const ids = (kind: string): string[] =>
        Object.keys(all)
          .filter((key) => key.startsWith(`apisix/gateway/${kind}/`))
          .map((key) => key.split("/").at(-1) ?? "")
          .sort();
      await eventually(async () => {
        expect(await loaded("routes")).toEqual(ids("routes"));
        expect(await loaded("services")).toEqual(ids("services"));
        expect(await loaded("upstreams")).toEqual(ids("upstreams"));
      });
      expect(Object.keys(all)).toEqual(expect.arrayContaining(Object.keys(given)));
      const text = await document();
      expect(text.match(/^ {2}- \{/gm)).toHaveLength(Object.keys(all).length);
      console.log(`${Object.keys(all).length} objects, ${ids("routes").length} of them routes`);
      expect(await dropped()).toEqual([]);
      // One of them: this certificate is for clients that have one.
      expect(await scene.on("web", https("www.example.com", "--cacert /tmp/site.pem"))).toMatch("400 Bad Request");

      // That the log would have said so, for each of the kinds.
      const kinds = [...new Set(Object.keys(given).map((key) => key.split("/")[2] ?? ""))].sort();
      for (const kind of kinds) {
        const name = kind === "consumers" ? { username: "bad" } : { id: "bad" };
        await putObject(`apisix/gateway/${kind}/bad`, JSON.stringify({ ...name, nonsense: 1 }));
      }
      await eventually(async () => {
        expect(await dropped()).toEqual(kinds);
      });
      expect((await get("/keyed", `apikey: ${secrets.TF_VAR_jack_key}`)).status).toBe(200);
    },
    3 * MINUTES,
  );
});

/** What shows whether something was restarted. */
async function machineState(): Promise<{ boot: string; consulTemplate: string; container: string }> {
  const lines = await scene.on(
    "box",
    `cat /proc/sys/kernel/random/boot_id
    systemctl show --property MainPID --value vipstack-gateway-gateway-routes
    docker inspect --format '{{ .Id }}' gateway-gateway`,
  );
  const [boot = "", consulTemplate = "", container = ""] = lines.split("\n");
  return { boot, consulTemplate, container };
}
