import { createHash } from "node:crypto";
import { LabDeployment } from "./support/deployment";
import { BOOT, eventually, MINUTES, secondsSince } from "./support/waiting";

// Everything around a gateway on a machine: its routes' way from Consul to the file, and what its unit says where it can't
// start. The container is busybox, which is no gateway: it ends, and systemd starts it again and again.

const scene = LabDeployment.ofProgram("gateway-documents");
const program = { CONSUL_PORT: "18692", URI: "/first", TF_VAR_alice: awkward("first") };
const ROUTES = "vipstack-gateway-front-routes.service";
const GATEWAY = "vipstack-gateway-front.service";
const FOLDER = "apisix/front/routes";
const FILE = "/var/lib/vipstack/gateway/front/document/apisix.yaml";
const SECRET = "/etc/vipstack/secrets/gateway/front/ALICE_KEY";
const RUN = "/usr/local/lib/vipstack/gateway-front";

beforeAll(async () => {
  const started = Date.now();
  await scene.up(program);
  longQuestion = askForLong();
  console.log(`a gateway's machine and its Consul were there after ${secondsSince(started)} s`);
}, BOOT);
afterAll(async () => {
  await scene.down();
}, BOOT);

/** What shells, Docker and YAML might trip over. */
function awkward(word: string): string {
  return `  ${word} "'\`$HOME \${x} $(id) \\n \\\n\té # %\n `;
}

/** Python on the gateway's machine, with what every measurement needs. */
async function python(text: string): Promise<string> {
  return scene.on("gw", `python3 - <<'PROGRAM'\n${LIBRARY}\n${text}\nPROGRAM`);
}

/** `put` edits a route as `consul kv put` does, without the time that a process takes to start. */
const LIBRARY = `import hashlib, json, os, re, threading, time, urllib.request

FILE = "${FILE}"

def put(uri, route="hello"):
    document = json.dumps({"id": route, "uri": uri, "upstream": {"nodes": {"10.92.0.31:80": 1}, "type": "roundrobin"}})
    url = "http://127.0.0.1:8500/v1/kv/${FOLDER}/" + route
    urllib.request.urlopen(urllib.request.Request(url, data=document.encode(), method="PUT"), timeout=60).read()

def document():
    with open(FILE) as file:
        return file.read()

def until(uri):
    deadline = time.monotonic() + 60
    while '"%s"' % uri not in document():
        if time.monotonic() > deadline:
            raise SystemExit("in vain waited for " + uri + " in\\n" + document())
        time.sleep(0.02)`;

/** Whether the file has a route to this path. */
async function hasRoute(uri: string): Promise<boolean> {
  return (await scene.on("gw", `cat ${FILE}`)).includes(`"uri":"${uri}"`);
}

/** The file's routes as libyaml reads them, which APISIX has, too; by their id. */
async function routesAsRead(): Promise<Record<string, object>> {
  const text = await scene.on(
    "gw",
    `python3 -c 'import json, yaml
with open("${FILE}") as file: routes = yaml.load(file, Loader=yaml.CSafeLoader)["routes"]
print(json.dumps({route["id"]: route for route in routes}))'`,
  );
  return JSON.parse(text) as Record<string, object>;
}

async function untilRoute(uri: string): Promise<void> {
  await eventually(async () => {
    expect(await hasRoute(uri)).toBe(true);
  }, 2 * MINUTES);
}

async function putRoute(key: string, document: string): Promise<void> {
  await scene.on("gw", `consul kv put ${FOLDER}/${key} '${document}'`);
}

/** A moment: {@link journal} says what came after it. (After a cursor, the first line of a unit would be left out.) */
async function mark(): Promise<string> {
  return scene.on("gw", "date '+%F %T.%6N'");
}

async function journal(unit: string, since: string): Promise<string> {
  return scene.on("gw", `journalctl --quiet --output cat --since '${since}' --unit ${unit}`);
}

async function untilJournal(unit: string, since: string, text: RegExp | string): Promise<void> {
  await eventually(async () => {
    expect(await journal(unit, since)).toMatch(text);
  }, 2 * MINUTES);
}

/** The boot, and the processes that an edit of a route has to leave alone. */
async function running(): Promise<string> {
  return scene.on(
    "gw",
    `cat /proc/sys/kernel/random/boot_id
    systemctl show --property MainPID,ActiveEnterTimestamp consul docker ${ROUTES}`,
  );
}

/** The environment of the container, as Docker has it: caught while there is one. */
async function environment(): Promise<string[]> {
  const script = `until docker inspect --format '{{ json .Config.Env }}' gateway-front 2>/dev/null; do :; done`;
  const found = await scene.on("gw", `timeout 120 sh -c "${script}" | grep .`);
  return JSON.parse(found) as string[];
}

/** A question that stays open for more than a minute, asked meanwhile: gateways ask such ones, and some releases of Consul cut them. */
let longQuestion: Promise<string>;

async function askForLong(): Promise<string> {
  return scene.on(
    "gw",
    `cat > /run/long.py <<'PROGRAM'
import time, urllib.request
def ask(words):
    with urllib.request.urlopen("http://127.0.0.1:8500/v1/session/list?" + words, timeout=120) as answer:
        return answer.status, answer.read().decode(), answer.headers["X-Consul-Index"]
index = ask("")[2]
started = time.monotonic()
status, text, _ = ask("wait=65s&index=" + index)
print(status, text, time.monotonic() - started >= 65)
PROGRAM
    python3 /run/long.py`,
  );
}

describe("a route on its way to the file", () => {
  test(
    "it is there, in a file that APISIX's workers can read",
    async () => {
      await untilRoute("/first");
      expect(await scene.on("gw", `stat -c '%a %U' ${FILE}`)).toBe("644 root");
    },
    4 * MINUTES,
  );

  test(
    "an edit in Consul is in the file within 5 s; nothing is restarted",
    async () => {
      const [before, since] = [await running(), await mark()];
      await putRoute("hello", '{"id":"hello","uri":"/by-hand"}');
      await untilRoute("/by-hand");
      const printed = await python(`
times = []
for count in range(8):
    started = time.monotonic()
    put("/edit-%d" % count)
    until("/edit-%d" % count)
    times.append(round(time.monotonic() - started, 2))
    # Edits at any moment of consul-template's own second.
    time.sleep(count * 0.13)
print(json.dumps(times))`);
      const times = JSON.parse(printed) as number[];
      console.log(`edits of a route were in the file after ${times.join(", ")} s`);
      expect(Math.min(...times)).toBeGreaterThanOrEqual(1);
      expect(median(times)).toBeLessThan(5);
      expect(await running()).toBe(before);
      expect(await journal(GATEWAY, since)).not.toMatch(/Reload/);
    },
    4 * MINUTES,
  );

  test(
    "an edit of the program is an up, which touches no machine",
    async () => {
      const [before, since] = [await running(), await mark()];
      const started = Date.now();
      const output = await scene.up({ ...program, URI: "/second" });
      const took = secondsSince(started);
      await untilRoute("/second");
      console.log(`another route by an up: it ended after ${took} s, the file had it after ${secondsSince(started)} s`);
      expect(output).toMatch(/Terraform: nothing to change/);
      expect(await running()).toBe(before);
      expect(await journal(GATEWAY, since)).not.toMatch(/Reload/);
    },
    BOOT,
  );

  test(
    "40 edits while it is read all the time: never missing, never half, and no two versions of one second",
    async () => {
      const printed = await python(READ_WHILE_EDITED);
      const result = JSON.parse(printed) as { reads: number; versions: number; seconds: number; problems: string[] };
      console.log(
        `40 edits in ${result.seconds} s: ${result.reads} reads of ${result.versions} versions of the file, all complete`,
      );
      expect(result.problems).toEqual([]);
      expect(result.reads).toBeGreaterThan(300);
      expect(result.versions).toBeGreaterThanOrEqual(20);
    },
    6 * MINUTES,
  );
});

/** Twenty edits, and ten pairs within a second; a thread reads the file some 50 times a second. */
const READ_WHILE_EDITED = `
reads, problems, versions, done = 0, [], {}, threading.Event()

def look():
    try:
        with open(FILE) as file:
            whole_seconds = int(os.fstat(file.fileno()).st_mtime)
            text = file.read()
    except OSError as error:
        return problems.append(str(error))
    versions[hashlib.sha256(text.encode()).hexdigest()] = whole_seconds
    if not text.endswith("\\n#END\\n"):
        problems.append("no end: " + text[-40:])
    for line in text.splitlines():
        try:
            if line.startswith("  - "):
                json.loads(line[4:])
            elif not re.fullmatch(r"#.*|[a-z_]+:", line):
                problems.append("what is " + line)
        except ValueError:
            problems.append("no JSON: " + line)

def read():
    global reads
    while not done.is_set():
        look()
        reads += 1
        time.sleep(0.02)

reader = threading.Thread(target=read)
reader.start()
started = time.monotonic()
try:
    for count in range(20):
        put("/busy-%d" % count)
        until("/busy-%d" % count)
    for count in range(10):
        put("/pair-%d" % count)
        time.sleep(count * 0.09)
        put("/twin-%d" % count, "twin")
        until("/pair-%d" % count)
        until("/twin-%d" % count)
finally:
    done.set()
    reader.join()
seconds = list(versions.values())
if len(set(seconds)) != len(seconds):
    problems.append("two versions of one second: %s" % seconds)
took = round(time.monotonic() - started)
print(json.dumps({"reads": reads, "versions": len(versions), "seconds": took, "problems": problems[:5]}))`;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Infinity;
}

describe("what keeps a route from the file", () => {
  test(
    "whatever a key holds, the others are served: what is no JSON object is left out, and named in the file",
    async () => {
      const bad: Record<string, string> = {
        cut: '{"id":',
        empty: "",
        list: "[1]",
        yaml: "id: yaml",
        variable: "${{HOME}}",
      };
      const long = JSON.stringify({ id: "long", labels: { ["k".repeat(1000)]: "v" } });
      try {
        for (const [key, value] of Object.entries({ ...bad, long })) await putRoute(key, value);
        await putRoute("hello", '{"id":"hello","uri":"/beside"}');
        await putRoute("lines", '{\n  "id": "lines",\n  "uri": "/lines"\n}\n');
        await untilRoute("/beside");
        await untilRoute("/lines");
        const left = (await scene.on("gw", `grep '^# left out' ${FILE}`))
          .split("\n")
          .map((line) => line.split(": ")[1]);
        expect(left).toEqual([...Object.keys(bad), "long"].sort());
        // `twin` is an earlier test's.
        expect(Object.keys(await routesAsRead()).sort()).toEqual(["hello", "lines", "twin"]);
        await putRoute("cut", '{"id":"cut","uri":"/mended"}');
        await untilRoute("/mended");
      } finally {
        for (const key of [...Object.keys(bad), "long", "lines"])
          await scene.on("gw", `consul kv delete ${FOLDER}/${key}`);
      }
      await eventually(async () => {
        expect(await hasRoute("/mended")).toBe(false);
      });
    },
    6 * MINUTES,
  );

  test(
    "every character that a key can hold comes out of the file as it went in",
    async () => {
      const points = [
        ...Array(0xd800).keys(),
        ...Array.from({ length: 0x2000 }, (_, at) => 0xe000 + at),
        0x1f600,
        0x10ffff,
      ];
      const all = points.map((point) => String.fromCodePoint(point)).join("") + "${{HOME}}";
      const desc = [all.slice(0, 0x3000), all.slice(0x3000, 0x8000), all.slice(0x8000)];
      const names = Object.fromEntries(points.slice(0, 0x100).map((point) => [`k${String.fromCodePoint(point)}`, "v"]));
      const put = async (key: string, value: object): Promise<void> => {
        // In the usual spelling, and not as JSON escapes it.
        const raw = JSON.stringify(value);
        await scene.on("gw", `cat > /run/value <<'VALUE'\n${raw}\nVALUE\nconsul kv put ${FOLDER}/${key} @/run/value`);
      };
      try {
        for (const [at, text] of desc.entries()) await put(`text-${at}`, { id: `text-${at}`, desc: text });
        await put("names", { id: "names", uri: "/names", labels: names });
        await untilRoute("/names");
        const routes = await routesAsRead();
        for (const [at, text] of desc.entries()) expect(routes[`text-${at}`]).toEqual({ id: `text-${at}`, desc: text });
        expect(routes.names).toEqual({ id: "names", uri: "/names", labels: names });
      } finally {
        for (const key of ["text-0", "text-1", "text-2", "names"])
          await scene.on("gw", `consul kv delete ${FOLDER}/${key}`);
      }
      await eventually(async () => {
        expect(Object.keys(await routesAsRead())).not.toContain("names");
      });
    },
    6 * MINUTES,
  );

  test(
    "the machine's Consul agent stopped: the file stays; back again, the newest arrives",
    async () => {
      const before = await scene.on("gw", `cat ${FILE}; stat -c %i ${FILE}`);
      const since = await mark();
      try {
        // A unit that is started again and again starts what it wants, Consul's agent, too.
        await scene.on("gw", `systemctl stop ${GATEWAY} consul`);
        await scene.on("server", `consul kv put ${FOLDER}/hello '{"id":"hello","uri":"/agent-away"}'`);
        await untilJournal(ROUTES, since, /connection refused/);
        expect(await scene.on("gw", `cat ${FILE}; stat -c %i ${FILE}`)).toBe(before);
      } finally {
        await scene.on("gw", `systemctl start consul ${GATEWAY}`);
      }
      const started = Date.now();
      await untilRoute("/agent-away");
      console.log(`the agent is back: the newest routes were in the file after ${secondsSince(started)} s`);
    },
    6 * MINUTES,
  );

  test(
    "a power cut while Consul is away: the file is there before Consul answers, at most an edit behind",
    async () => {
      const boot = await running();
      // The disk may not have an edit of the last seconds yet; then it has the whole file of before.
      const versions: string[] = [];
      for (const uri of ["/settled", "/fresh"]) {
        await putRoute("hello", `{"id":"hello","uri":"${uri}"}`);
        await untilRoute(uri);
        versions.push(await scene.on("gw", `cat ${FILE}${uri === "/settled" ? "; sync" : ""}`));
      }
      await scene.lab("freeze", "server");
      try {
        await scene.lab("power-cut", "gw");
        await scene.lab("power-on", "gw");
        expect((await running()).split("\n")[0]).not.toBe(boot.split("\n")[0]);
        expect((await scene.tryOn("gw", `timeout 10 consul kv get ${FOLDER}/hello`)).exitCode).not.toBe(0);
        const found = await scene.on("gw", `cat ${FILE}`);
        expect(versions).toContain(found);
        console.log(
          `after a power cut the file was ${found === versions[1] ? "the newest" : "the one before the newest"}`,
        );
      } finally {
        await scene.lab("thaw", "server");
      }
      const started = Date.now();
      await eventually(() => putRoute("hello", '{"id":"hello","uri":"/thawed"}'), 3 * MINUTES);
      await untilRoute("/thawed");
      console.log(`the server is back: a new route was in the file after ${secondsSince(started)} s`);
    },
    2 * BOOT,
  );
});

describe("the container", () => {
  test(
    "has its secret as environment, byte for byte, and only root can read the file",
    async () => {
      expect(await environment()).toContain(`ALICE_KEY=${program.TF_VAR_alice}`);
      expect(await scene.on("gw", `stat -c '%a %U' ${SECRET}`)).toBe("600 root");
    },
    4 * MINUTES,
  );

  test(
    "does not start without its secret, and says which one; another value brings it, and a new container has that",
    async () => {
      const since = await mark();
      await scene.on("gw", `rm ${SECRET}; systemctl restart ${GATEWAY}`);
      const sentence = `gateway front: secret ALICE_KEY is missing: a deployment brings it to ${SECRET}`;
      await untilJournal(GATEWAY, since, sentence);
      await scene.up({ ...program, TF_VAR_alice: awkward("second") });
      expect(scene.deployLog()).toMatch(/Resources: 1 added, 0 changed, 1 destroyed/);
      await eventually(async () => {
        expect(await environment()).toContain(`ALICE_KEY=${awkward("second")}`);
      }, 2 * MINUTES);
      const sha256 = createHash("sha256").update(awkward("second")).digest("hex");
      expect(await scene.on("gw", "cat /run/vipstack-gateway-front.started")).toContain(`${sha256}  ${SECRET}`);
      expect(await scene.on("gw", "journalctl --quiet --output cat")).not.toContain("$HOME ${x}");
    },
    BOOT,
  );

  test(
    "of an image that is no APISIX ends, and says why, with nothing else to read",
    async () => {
      const since = await mark();
      await untilJournal(GATEWAY, since, /Scheduled restart job[^]*Started [^]*Scheduled restart job/);
      const own = (await journal(GATEWAY, since)).split("\n").filter((line) => !/vipstack-gateway-front\.s/.test(line));
      expect(new Set(own)).toEqual(new Set(["this image is no APISIX: it has no /usr/local/apisix"]));
    },
    4 * MINUTES,
  );

  test(
    "of an image that can't be had: Docker's reason, and what to do; once it can, the container starts by itself",
    async () => {
      const since = await mark();
      try {
        await scene.on("gw", `sed -i 's,busybox:1,me/absent:1,g' ${RUN}`);
        await untilJournal(
          GATEWAY,
          since,
          /Error response from daemon: [^]*gateway front: image me\/absent:1 can't be had: mend what docker says above, or bring it in: docker load/,
        );
      } finally {
        await scene.on("gw", `sed -i 's,me/absent:1,busybox:1,g' ${RUN}`);
      }
      const mended = await mark();
      await eventually(async () => {
        expect(await journal(GATEWAY, mended)).toMatch("this image is no APISIX");
      });
    },
    6 * MINUTES,
  );
});

test(
  "Consul lets a question be open for more than a minute",
  async () => {
    expect(await longQuestion).toBe("200 [] True");
  },
  3 * MINUTES,
);
