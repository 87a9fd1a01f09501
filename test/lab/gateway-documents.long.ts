import { LabDeployment } from "./support/deployment";
import { RouteFile, ROUTES_FILE, ROUTES_FOLDER } from "./support/route-file";
import { BOOT, eventually, MINUTES } from "./support/waiting";

// What the routes' file of a gateway goes through: many edits while it is read, and whatever a key of Consul can hold.

const scene = LabDeployment.ofProgram("gateway-documents");
const file = new RouteFile(scene);

beforeAll(async () => {
  await scene.up({ CONSUL_PORT: "18692", URI: "/first", TF_VAR_alice: "secret" });
  await file.until("/first");
}, 2 * BOOT);
afterAll(async () => {
  await scene.down();
}, BOOT);

test(
  "40 edits while it is read all the time: never missing, never half, and no two versions of one second",
  async () => {
    const printed = await file.python(READ_WHILE_EDITED);
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
      for (const [key, value] of Object.entries({ ...bad, long })) await file.put(key, value);
      await file.put("hello", '{"id":"hello","uri":"/beside"}');
      await file.put("lines", '{\n  "id": "lines",\n  "uri": "/lines"\n}\n');
      await file.until("/beside");
      await file.until("/lines");
      const left = (await scene.on("gw", `grep '^# left out' ${ROUTES_FILE}`))
        .split("\n")
        .map((line) => line.split(": ")[1]);
      expect(left).toEqual([...Object.keys(bad), "long"].sort());
      // `twin` is an earlier test's.
      expect(Object.keys(await file.routes()).sort()).toEqual(["hello", "lines", "twin"]);
      await file.put("cut", '{"id":"cut","uri":"/mended"}');
      await file.until("/mended");
    } finally {
      await file.delete(...Object.keys(bad), "long", "lines");
    }
    await eventually(async () => {
      expect(await file.has("/mended")).toBe(false);
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
      await scene.on(
        "gw",
        `cat > /run/value <<'VALUE'\n${raw}\nVALUE\nconsul kv put ${ROUTES_FOLDER}/${key} @/run/value`,
      );
    };
    try {
      for (const [at, text] of desc.entries()) await put(`text-${at}`, { id: `text-${at}`, desc: text });
      await put("names", { id: "names", uri: "/names", labels: names });
      await file.until("/names");
      const routes = await file.routes();
      for (const [at, text] of desc.entries()) expect(routes[`text-${at}`]).toEqual({ id: `text-${at}`, desc: text });
      expect(routes.names).toEqual({ id: "names", uri: "/names", labels: names });
    } finally {
      await file.delete("text-0", "text-1", "text-2", "names");
    }
    await eventually(async () => {
      expect(Object.keys(await file.routes())).not.toContain("names");
    });
  },
  6 * MINUTES,
);
