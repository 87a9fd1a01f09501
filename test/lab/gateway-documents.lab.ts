import { createHash } from "node:crypto";
import { LabDeployment } from "./support/deployment";
import { RouteFile, ROUTES_FILE, ROUTES_FOLDER } from "./support/route-file";
import { BOOT, eventually, MINUTES, secondsSince } from "./support/waiting";

// Everything around a gateway on a machine: its routes' way from Consul to the file, and what its unit says where it can't
// start. The container is busybox, which is no gateway: it ends, and systemd starts it again and again. Many edits, and what a key can
// hold, are in gateway-documents.long.ts.

const scene = LabDeployment.ofProgram("gateway-documents");
const file = new RouteFile(scene);
const program = { CONSUL_PORT: "18692", URI: "/first", TF_VAR_alice: awkward("first") };
const ROUTES = "vipstack-gateway-front-routes.service";
const GATEWAY = "vipstack-gateway-front.service";
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
      await file.until("/first");
      expect(await scene.on("gw", `stat -c '%a %U' ${ROUTES_FILE}`)).toBe("644 root");
    },
    4 * MINUTES,
  );

  test(
    "an edit in Consul is in the file within 5 s; nothing is restarted",
    async () => {
      const [before, since] = [await running(), await mark()];
      await file.put("hello", '{"id":"hello","uri":"/by-hand"}');
      await file.until("/by-hand");
      const printed = await file.python(`
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
      await file.until("/second");
      console.log(`another route by an up: it ended after ${took} s, the file had it after ${secondsSince(started)} s`);
      expect(output).toMatch(/Terraform: nothing to change/);
      expect(await running()).toBe(before);
      expect(await journal(GATEWAY, since)).not.toMatch(/Reload/);
    },
    BOOT,
  );
});

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Infinity;
}

// Before the agent that was asked is stopped.
test(
  "Consul lets a question be open for more than a minute",
  async () => {
    expect(await longQuestion).toBe("200 [] True");
  },
  3 * MINUTES,
);

describe("what keeps a route from the file", () => {
  test(
    "the machine's Consul agent stopped: the file stays; back again, the newest arrives",
    async () => {
      const before = await scene.on("gw", `cat ${ROUTES_FILE}; stat -c %i ${ROUTES_FILE}`);
      const since = await mark();
      try {
        // A unit that is started again and again starts what it wants, Consul's agent, too.
        await scene.on("gw", `systemctl stop ${GATEWAY} consul`);
        await scene.on("server", `consul kv put ${ROUTES_FOLDER}/hello '{"id":"hello","uri":"/agent-away"}'`);
        await untilJournal(ROUTES, since, /connection refused/);
        expect(await scene.on("gw", `cat ${ROUTES_FILE}; stat -c %i ${ROUTES_FILE}`)).toBe(before);
      } finally {
        await scene.on("gw", `systemctl start consul ${GATEWAY}`);
      }
      const started = Date.now();
      await file.until("/agent-away");
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
        await file.put("hello", `{"id":"hello","uri":"${uri}"}`);
        await file.until(uri);
        versions.push(await scene.on("gw", `cat ${ROUTES_FILE}${uri === "/settled" ? "; sync" : ""}`));
      }
      await scene.lab("freeze", "server");
      try {
        await scene.lab("power-cut", "gw");
        await scene.lab("power-on", "gw");
        expect((await running()).split("\n")[0]).not.toBe(boot.split("\n")[0]);
        expect((await scene.tryOn("gw", `timeout 10 consul kv get ${ROUTES_FOLDER}/hello`)).exitCode).not.toBe(0);
        const found = await scene.on("gw", `cat ${ROUTES_FILE}`);
        expect(versions).toContain(found);
        console.log(
          `after a power cut the file was ${found === versions[1] ? "the newest" : "the one before the newest"}`,
        );
      } finally {
        await scene.lab("thaw", "server");
      }
      const started = Date.now();
      await eventually(() => file.put("hello", '{"id":"hello","uri":"/thawed"}'), 3 * MINUTES);
      await file.until("/thawed");
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
