import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import execa from "execa";
import { NOTHING_TO_CHANGE, LabDeployment } from "./support/deployment";
import { BOOT, eventually, MINUTES, secondsSince } from "./support/waiting";

// Keys of a machine that only Terraform knows: they arrive, and are nowhere on their way.

const box = LabDeployment.ofProgram("secrets");
const needles: string[] = [];
const secrets = { TF_VAR_key: awkward(), TF_VAR_token: awkward() };
const outputs: string[] = [];
/** Command lines of this host that showed a secret while it was brought. */
const seen = new Set<string>();
/** Whether the command that brings them was among the command lines that were looked at. */
let watched = false;

beforeAll(async () => {
  console.log(`a machine with its secrets was there after ${await up()} s`);
}, BOOT);
afterAll(async () => {
  await box.down();
}, BOOT);

/** Everything special to shells, Terraform and files, with no newline at its end, around a word that is looked for. */
function awkward(): string {
  const needle = `needle${randomBytes(8).toString("hex")}`;
  needles.push(needle);
  return `-----${needle}\n\n"'\`$HOME \${x} %{y} $\${z} $(id) \\n \\\\ \\\n\té €\nEOF\nSCRIPT\n${needle}\t`;
}

/** @returns how many seconds it took */
async function up(environment: Record<string, string> = {}): Promise<number> {
  const started = Date.now();
  const watch = setInterval(watchCommandLines, 20);
  try {
    outputs.push(await box.up({ ...secrets, ...environment }), box.deployLog());
  } finally {
    clearInterval(watch);
  }
  return secondsSince(started);
}

function watchCommandLines(): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (isShown(line)) seen.add(line);
      watched ||= line.includes("secrets.sh");
    } catch {
      // It has ended.
    }
  }
}

function isShown(text: string): boolean {
  return traces().some((trace) => text.includes(trace));
}

/** The secrets in the forms in which they might be somewhere: a word of them, and the start of their base64. */
function traces(): string[] {
  const contents = [...Object.values(secrets), readerFile(secrets.TF_VAR_token)];
  return [...needles, ...contents.map((content) => base64(content).slice(0, 60))];
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function readerFile(token: string): string {
  return `token "${token}"\n`;
}

async function mainPid(unit: string): Promise<string> {
  return box.on("box", `systemctl show --property MainPID --value ${unit}`);
}

/** Files with their modes and owners, units, and what the reader has read. */
async function found(): Promise<string> {
  return box.on(
    "box",
    `for file in /etc/keeper/keeper.key /etc/reader.conf; do stat -c '%a %U' $file; base64 --wrap 0 $file; echo; done
    systemctl is-active keeper reader
    cut -d ' ' -f 1 /run/reader/sum`,
  );
}

function wanted(): string {
  const { TF_VAR_key: key, TF_VAR_token: token } = secrets;
  const files = [key, readerFile(token)].flatMap((content) => ["600 root", base64(content)]);
  return [...files, "active", "active", sha256(readerFile(token))].join("\n");
}

async function allInPlace(): Promise<void> {
  expect(await found()).toBe(wanted());
}

test("they are there byte for byte, for root only, and their units run with them", async () => {
  expect(await found()).toBe(wanted());
});

test("no unit ran before its secret was there, and the first boot did not fail for that", async () => {
  const [cloudInit = "", ...times] = (
    await box.on(
      "box",
      `cloud-init status | tr '\\n' ' '; echo
        stat -c %Z /etc/keeper/keeper.key; date -d "$(systemctl show -P ActiveEnterTimestamp keeper)" +%s
        stat -c %Z /etc/reader.conf; date -d "$(systemctl show -P ActiveEnterTimestamp reader)" +%s`,
    )
  ).split("\n");
  expect(cloudInit).toMatch("status: done");
  const [keeperFile, keeperStart, readerConf, readerStart] = times.map(Number);
  expect(keeperStart).toBeGreaterThanOrEqual(keeperFile ?? Infinity);
  expect(readerStart).toBeGreaterThanOrEqual(readerConf ?? Infinity);
  expect(await box.on("box", "journalctl --quiet --output cat --unit keeper")).toMatch(
    /keeper\.service: Failed with result 'exit-code'[^]*Started keeper\.service/,
  );
  expect(await box.on("box", "journalctl --quiet --output cat --unit reader")).toMatch(
    /skipped because of an unmet condition check \(ConditionPathExists=[^]*Started reader\.service/,
  );
});

test(
  "a second up changes nothing and says so",
  async () => {
    outputs.push(await box.up(secrets));
    expect(outputs.at(-1)).toMatch(NOTHING_TO_CHANGE);
  },
  BOOT,
);

/** The hash of the key at each reload of its unit. */
async function keeperReloads(): Promise<string[]> {
  const lines = await box.on("box", "touch /run/keeper-reloads; cut -d ' ' -f 1 /run/keeper-reloads");
  return lines.split("\n").filter((line) => line !== "");
}

test(
  "another key is a push and a reload of its unit; the machine and other units are left alone",
  async () => {
    const before = [await box.bootId("box"), await mainPid("keeper"), await mainPid("reader")];
    // One may be there: of the first boot, where systemd started the unit between its secret's arrival and the reload.
    const reloads = await keeperReloads();
    secrets.TF_VAR_key = awkward();
    console.log(`another key was there after ${await up()} s`);
    expect(box.deployLog()).toMatch(/Resources: 1 added, 0 changed, 1 destroyed/);
    expect(await found()).toBe(wanted());
    expect([await box.bootId("box"), await mainPid("keeper"), await mainPid("reader")]).toEqual(before);
    expect((await keeperReloads()).slice(reloads.length)).toEqual([sha256(secrets.TF_VAR_key)]);
  },
  BOOT,
);

test(
  "a unit that can't reload is restarted with another token",
  async () => {
    const before = [await box.bootId("box"), await mainPid("keeper")];
    const reader = await mainPid("reader");
    secrets.TF_VAR_token = awkward();
    await up();
    await eventually(allInPlace);
    expect([await box.bootId("box"), await mainPid("keeper")]).toEqual(before);
    expect(await mainPid("reader")).not.toBe(reader);
  },
  BOOT,
);

test(
  "a power cut right after a change loses nothing",
  async () => {
    secrets.TF_VAR_key = awkward();
    const before = await box.bootId("box");
    await up();
    await box.lab("power-cut", "box");
    await box.lab("power-on", "box");
    expect(await box.bootId("box")).not.toBe(before);
    await eventually(allInPlace, 2 * MINUTES);
  },
  BOOT,
);

test(
  "a machine that takes the place of another gets them again",
  async () => {
    const before = await box.bootId("box");
    console.log(`another machine had its secrets after ${await up({ EDITION: "second" })} s`);
    expect(await box.bootId("box")).not.toBe(before);
    await eventually(allInPlace);
  },
  BOOT,
);

test(
  "without a variable, the error names it",
  async () => {
    const { exitCode, output } = await box.upFails({ TF_VAR_key: secrets.TF_VAR_key, EDITION: "second" });
    expect(exitCode).not.toBe(0);
    expect(output).toContain("Error: No value for required variable: token\n  set TF_VAR_token in the environment\n");
    outputs.push(output);
  },
  BOOT,
);

test("they are nowhere else: user-data, journal, console, synthesized files, state, logs, output, command lines", async () => {
  const patterns = traces().map((trace) => `-e ${trace}`);
  const files = "/var/lib/cloud /run/cloud-init /var/log /usr /tmp /var/tmp /root /etc /run/vipstack";
  const inGuest = await box.on(
    "box",
    `grep -rlF ${patterns.join(" ")} ${files} 2>/dev/null || true
       journalctl --quiet --output cat | grep -cF ${patterns.join(" ")} || true`,
  );
  expect(inGuest.split("\n").sort()).toEqual(["/etc/keeper/keeper.key", "/etc/reader.conf", "0"].sort());
  expect(isShown(await box.lab("logs", "box", "--console", "--lines", "1000000"))).toBe(false);

  // The guests' folder has their disks.
  const search = (what: readonly string[]): Promise<execa.ExecaReturnValue> =>
    execa("grep", ["-rlF", "--exclude-dir=guests", "--exclude-dir=node_modules", ...what, box.root], {
      reject: false,
    });
  expect((await search(traces().flatMap((trace) => ["-e", trace]))).stdout).toBe("");
  expect((await search(["-e", sha256(secrets.TF_VAR_key)])).stdout).toMatch(/machines\.tfstate/);

  expect(outputs.filter(isShown)).toEqual([]);
  expect(outputs.join("\n")).toMatch(/box_secrets.*output suppressed due to sensitive value/);
  expect([...seen]).toEqual([]);
  expect(watched).toBe(true);
});
