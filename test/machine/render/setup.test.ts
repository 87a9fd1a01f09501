import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import fc from "fast-check";
import {
  CloudInit,
  Contribution,
  renderCloudConfig,
  renderSetupScript,
  renderTeardownScript,
} from "../../../constructs/machine";
import { pyYaml, withPyYaml } from "../../support/py-yaml";
import { YAML_TEXTS, yamlAwkwardText } from "../../support/yaml-texts";

// The scripts run as on a host, in a folder that stands for it. systemctl only records its arguments; the lab has the real one.

const host = mkdtempSync(join(tmpdir(), "vipstack-host-"));
const programs = join(host, "programs");
const log = join(host, "systemctl.log");
const path = (name: string): string => join(host, "etc", name);
const root = process.getuid?.() === 0;

beforeAll(() => {
  mkdirSync(programs);
  // Answers what the environment says; everything else works.
  const systemctl = `#!/bin/sh
printf '%s\\n' "$*" >> '${log}'
case "$1" in is-enabled) echo "\${ENABLED-}" ;; is-active) echo "\${ACTIVE-}" ;; esac
`;
  writeFileSync(join(programs, "systemctl"), systemctl, { mode: 0o755 });
  writeFileSync(join(programs, "hostname"), "#!/bin/sh\necho no-such-host\n", { mode: 0o755 });
});
beforeEach(() => {
  for (const part of ["etc", "var", "run"]) rmSync(join(host, part), { recursive: true, force: true });
  mkdirSync(join(host, "etc"));
  rmSync(log, { force: true });
});
afterAll(() => {
  rmSync(host, { recursive: true });
});

function run(script: string, environment: Record<string, string> = {}): { code: number | null; output: string } {
  const here = script
    .replaceAll(
      /(?<![\w/])\/(etc\/(vipstack|hosts|systemd|modules-load\.d|sysctl\.d)|var\/lib\/vipstack|run\/vipstack)/g,
      `${host}/$1`,
    )
    .replaceAll("find /usr/local", `find ${host}/usr/local`);
  const { status, stdout, stderr } = spawnSync("sh", ["-s"], {
    input: here,
    encoding: "utf8",
    env: { PATH: `${programs}${delimiter}${process.env.PATH ?? ""}`, ...environment },
  });
  return { code: status, output: stdout + stderr };
}

const calls = (): string[] => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []);
const modelOf = (part: Contribution): CloudInit => new CloudInit({ hostname: "box" }).add("a", part);

/** What the path is: a link and where it leads, or a file with mode, owner and text. */
function what(name: string): string {
  const stat = lstatSync(path(name), { throwIfNoEntry: false });
  if (stat === undefined) return "nothing";
  if (stat.isSymbolicLink()) return `link to ${readlinkSync(path(name))}`;
  return `${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid} ${JSON.stringify(readFileSync(path(name), "utf8"))}`;
}

describe("what a host had", () => {
  const names = ["link.conf", "dangling", "owned.conf", "new.conf", "loose.conf"];
  const model = modelOf({ files: names.map((name) => ({ path: path(name), content: "ours\n", mode: "0640" })) });

  test("comes back: links, dangling ones too, owner, group, mode; what links led to was never touched", () => {
    mkdirSync(path("target"));
    writeFileSync(path("target/real.conf"), "old\n");
    symlinkSync("target/real.conf", path("link.conf"));
    symlinkSync("/nowhere/yet", path("dangling"));
    writeFileSync(path("owned.conf"), "old\n", { mode: 0o600 });
    writeFileSync(path("loose.conf"), "ours\n");
    chmodSync(path("owned.conf"), 0o2604);
    if (root) chownSync(path("owned.conf"), 65534, 65533);
    const before = [...names, "target/real.conf"].map(what);
    const owner = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;

    expect(run(renderSetupScript(model))).toMatchObject({ code: 0 });
    expect(names.map(what)).toEqual(names.map(() => `640 ${owner} "ours\\n"`));
    expect(what("target/real.conf")).toBe(before.at(-1));
    // Again: nothing is written, and what is kept is still the first state.
    expect(run(renderSetupScript(model)).output).toBe("");

    expect(run(renderTeardownScript(model))).toMatchObject({ code: 0 });
    expect([...names, "target/real.conf"].map(what)).toEqual(before);
    expect(what("owned.conf")).toBe(`2604 ${root ? "65534:65533" : owner} "old\\n"`);
    expect(existsSync(join(host, "var/lib/vipstack"))).toBe(false);
  });

  test("stays when the teardown is run a second time", () => {
    writeFileSync(path("owned.conf"), "old\n");
    run(renderSetupScript(model));
    run(renderTeardownScript(model));
    expect(run(renderTeardownScript(model))).toMatchObject({ code: 0 });
    expect(what("owned.conf")).toMatch(/"old\\n"$/);
  });

  test("a link to a file that has the right text is replaced all the same, and so is a file of another owner", () => {
    writeFileSync(path("real"), "ours\n", { mode: 0o640 });
    chmodSync(path("real"), 0o640);
    symlinkSync("real", path("link.conf"));
    writeFileSync(path("owned.conf"), "ours\n");
    chmodSync(path("owned.conf"), 0o640);
    if (root) chownSync(path("owned.conf"), 65534, 65534);
    run(renderSetupScript(model));
    expect(lstatSync(path("link.conf")).isFile()).toBe(true);
    expect(statSync(path("owned.conf")).uid).toBe(process.getuid?.());
    run(renderTeardownScript(model));
    expect(what("link.conf")).toBe("link to real");
  });

  test("a folder in a file's place is an error before anything is changed", () => {
    mkdirSync(path("owned.conf"));
    const { code, output } = run(renderSetupScript(model));
    expect({ code, output }).toEqual({
      code: 1,
      output: `${path("owned.conf")} is a folder here; a file is to be in its place\n`,
    });
    expect(names.map((name) => existsSync(path(name)))).toEqual(names.map((name) => name === "owned.conf"));
  });

  test.each([
    [{ ENABLED: "enabled", ACTIVE: "active" }, ["try-restart x.service"]],
    [{ ENABLED: "disabled", ACTIVE: "active" }, ["disable --quiet x.service", "try-restart x.service"]],
    [{ ENABLED: "disabled", ACTIVE: "inactive" }, ["disable --quiet x.service", "stop x.service"]],
    [{}, ["disable --quiet x.service", "stop x.service"]],
  ])("a package's unit that was %j", (state, expected) => {
    const units = modelOf({ units: [{ name: "x.service" }] });
    run(renderSetupScript(units), state);
    run(renderSetupScript(units), { ENABLED: "enabled", ACTIVE: "active" });
    rmSync(log);
    run(renderTeardownScript(units));
    expect(calls()).toEqual([...expected, "daemon-reload"]);
    // Given back once is given back.
    rmSync(log);
    run(renderTeardownScript(units));
    expect(calls()).toEqual(["daemon-reload"]);
  });
});

test("a unit's name arrives as it is wherever it is used", () => {
  const name = "srv-big\\x2ddata.mount";
  const model = modelOf({
    units: [{ name, content: "[Mount]\n" }, { name: "worker@a\\x2db.service" }],
    liveFiles: [{ path: path("live"), content: "x\n", reloads: name }],
  });
  expect(run(renderSetupScript(model))).toMatchObject({ code: 0 });
  expect(run(renderTeardownScript(model))).toMatchObject({ code: 0 });
  expect(readFileSync(log, "utf8").trim().split("\n")).toEqual([
    "is-enabled worker@a\\x2db.service",
    "is-active worker@a\\x2db.service",
    `enable --quiet --no-reload ${name} worker@a\\x2db.service`,
    "daemon-reload",
    `try-reload-or-restart ${name}`,
    "try-restart worker@a\\x2db.service",
    `start ${name} worker@a\\x2db.service`,
    `disable --now ${name}`,
    "disable --quiet worker@a\\x2db.service",
    "stop worker@a\\x2db.service",
    "daemon-reload",
  ]);
});

describe("its own name", () => {
  const model = new CloudInit({ hostname: "box", address: "10.0.0.2" });

  test("is added where the host does not know it, and taken out again, with what changed meanwhile left alone", () => {
    writeFileSync(path("real-hosts"), "127.0.0.1 localhost\n");
    symlinkSync("real-hosts", path("hosts"));
    run(renderSetupScript(model));
    expect(readFileSync(path("hosts"), "utf8")).toBe("127.0.0.1 localhost\n10.0.0.2 no-such-host # vipstack\n");
    writeFileSync(path("hosts"), `${readFileSync(path("hosts"), "utf8")}10.0.0.7 other\n`);
    run(renderTeardownScript(model));
    expect(what("hosts")).toBe("link to real-hosts");
    expect(readFileSync(path("hosts"), "utf8")).toBe("127.0.0.1 localhost\n10.0.0.7 other\n");
  });

  test("stays as it is where the host knows it", () => {
    writeFileSync(path("hosts"), "127.0.0.1 localhost\n");
    run(renderSetupScript(model).replaceAll("$(hostname)", "localhost"));
    expect(readFileSync(path("hosts"), "utf8")).toBe("127.0.0.1 localhost\n");
  });
});

withPyYaml(
  "user-data and script give the same files, whatever their texts",
  () => {
    const same = (texts: readonly string[]): void => {
      const files = texts.map((content, index) => ({
        path: path(`it's ${index}/$x`),
        content,
        ...(index % 2 === 0 && { mode: "0600" }),
      }));
      const model = modelOf({ files });
      expect(run(renderSetupScript(model))).toMatchObject({ code: 0 });
      const [userData] = pyYaml(renderCloudConfig(model)) as [{ write_files: unknown[] }];
      const there = files.map(({ path: file }) => ({
        path: file,
        permissions: `0${(statSync(file).mode & 0o7777).toString(8)}`,
        content: readFileSync(file, "utf8"),
      }));
      expect(there).toEqual(userData.write_files);
      expect(there.map(({ content }) => content)).toEqual(texts);
    };
    same(YAML_TEXTS);
    fc.assert(fc.property(fc.array(yamlAwkwardText, { minLength: 20, maxLength: 20 }), same), { numRuns: 4 });
  },
  60_000,
);
