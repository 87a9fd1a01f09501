import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, Server } from "node:http";
import { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { CloudInit, Download, renderCloudConfig, renderSetupScript } from "../../../constructs/machine";
import { cloudConfigErrors } from "../../support/cloud-init-schema";

// The commands are run as the first boot runs them: sh, curl, sha256sum, tar, and a web server on this host's loopback.

const folder = mkdtempSync(join(tmpdir(), "vipstack-downloads-"));
const program = "#!/bin/sh\necho hello\n";
let archive = Buffer.alloc(0);
let server: Server;
let requests = 0;
let base = "";

beforeAll(async () => {
  mkdirSync(join(folder, "made"));
  writeFileSync(join(folder, "made", "hello"), program);
  archive = execFileSync("tar", ["--create", "--gzip", "--directory", join(folder, "made"), "hello"]);
  server = createServer((request, response) => {
    requests += 1;
    const lists: Record<string, string> = {
      "/SHA256SUMS": `${sum(archive)}  hello.tar.gz\n${sum(program)}  hello\n`,
      "/wrong/SHA256SUMS": `${"0".repeat(64)}  hello\n`,
    };
    response.end(request.url === "/hello.tar.gz" ? archive : (lists[request.url ?? ""] ?? program));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  requests = 0;
});

const sum = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");
const path = (name: string): string => join(folder, name);

/** Runs the downloads of a machine, as its user-data's runcmd does; stamps are in the test's folder. */
async function boot(...downloads: Download[]): Promise<{ code: number; output: string }> {
  const userData = renderCloudConfig(new CloudInit().add("a", { downloads }));
  expect(cloudConfigErrors(userData)).toEqual([]);
  const { runcmd } = parse(userData) as { runcmd: string[] };
  const script = runcmd
    .filter((line) => !line.startsWith("systemctl"))
    .join("\n")
    .replaceAll("/var/lib/vipstack", folder);
  return new Promise((resolve) => {
    execFile("sh", ["-c", script], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

test("a file gets its place and mode, and is not fetched again", async () => {
  const download = { url: `${base}/hello`, sha256: sum(program), path: path("bin/hello") };
  expect(await boot(download)).toEqual({ code: 0, output: `fetched ${download.path}\n` });
  expect(readFileSync(download.path, "utf8")).toBe(program);
  expect(statSync(download.path).mode & 0o777).toBe(0o755);
  expect(await boot(download)).toEqual({ code: 0, output: "" });
  expect(requests).toBe(1);
});

test("a file that was altered is fetched again", async () => {
  const download = { url: `${base}/hello`, sha256: sum(program), path: path("altered") };
  await boot(download);
  writeFileSync(download.path, "other");
  await boot(download);
  expect(readFileSync(download.path, "utf8")).toBe(program);
});

test("a wrong sum stops the boot with one clear line, and nothing gets its place", async () => {
  const download = { url: `${base}/hello`, sha256: "0".repeat(64), path: path("consul") };
  expect(await boot(download)).toEqual({
    code: 1,
    output: `consul: sha256 of ${base}/hello is ${sum(program)}, expected ${"0".repeat(64)}\n`,
  });
  expect(() => statSync(download.path)).toThrow("ENOENT");
});

test("a sum can be looked up in a list, by the file's name", async () => {
  const sha256 = `${base}/SHA256SUMS`;
  const file = { url: `${base}/hello`, sha256, path: path("listed") };
  const packed = { url: `${base}/hello.tar.gz`, sha256, path: path("listed-packed"), unpack: "tar.gz" as const };
  expect(await boot(file, packed)).toEqual({ code: 0, output: `fetched ${file.path}\nfetched ${packed.path}\n` });
  expect(readFileSync(file.path, "utf8")).toBe(program);
  expect(await boot(file, packed)).toEqual({ code: 0, output: "" });
});

test("a list that holds another sum, or none, stops the boot", async () => {
  const url = `${base}/hello`;
  expect(await boot({ url, sha256: `${base}/wrong/SHA256SUMS`, path: path("unequal") })).toEqual({
    code: 1,
    output: `unequal: sha256 of ${url} is ${sum(program)}, expected ${"0".repeat(64)}\n`,
  });
  expect(await boot({ url: `${base}/other`, sha256: `${base}/SHA256SUMS`, path: path("unlisted") })).toEqual({
    code: 1,
    output: `${base}/SHA256SUMS holds no sum of other\n`,
  });
});

test("one member of an archive, and a whole archive into a folder", async () => {
  const common = { url: `${base}/hello.tar.gz`, sha256: sum(archive), unpack: "tar.gz" as const };
  const one = { ...common, path: path("one"), member: "hello" };
  const all = { ...common, path: path("all") };
  await boot(one, all);
  expect(readFileSync(one.path, "utf8")).toBe(program);
  expect(readFileSync(join(all.path, "hello"), "utf8")).toBe(program);
  expect(await boot(one, all)).toEqual({ code: 0, output: "" });
  expect(requests).toBe(2);
});

test("what downloads need is installed; zip needs unzip", () => {
  const download = { url: "https://example.com/a.zip", sha256: "0".repeat(64), path: "/usr/local/bin/a" };
  expect(new CloudInit().add("a", { downloads: [download] }).packages).toEqual(["ca-certificates", "curl"]);
  expect(new CloudInit().add("a", { downloads: [{ ...download, unpack: "zip", member: "a" }] }).packages).toContain(
    "unzip",
  );
});

test("a package archive is three files, the same for both ways of making a machine", () => {
  const source = { name: "vendor", uri: "https://example.com", suite: "bookworm", components: ["main"], key: "KEY" };
  const model = new CloudInit()
    .add("a", { packages: ["agent=1.2-1"], aptSources: [{ ...source, pins: { agent: "1.2-1" } }] })
    .add("b", { packages: ["agent", "jq"] });
  expect(model.packages).toEqual(["agent=1.2-1", "jq"]);
  const userData = renderCloudConfig(model);
  expect(cloudConfigErrors(userData)).toEqual([]);
  const { write_files: files } = parse(userData) as { write_files: { path: string; content: string }[] };
  expect(files.map(({ path, content }) => [path, content])).toEqual([
    ["/etc/apt/keyrings/vendor.asc", "KEY\n"],
    [
      "/etc/apt/sources.list.d/vendor.sources",
      "Types: deb\nURIs: https://example.com\nSuites: bookworm\nComponents: main\nSigned-By: /etc/apt/keyrings/vendor.asc\n",
    ],
    ["/etc/apt/preferences.d/vendor", "Package: agent\nPin: version 1.2-1\nPin-Priority: 1001\n"],
  ]);
  const script = renderSetupScript(model);
  for (const { path, content } of files)
    expect(script).toContain(`put '${path}' 0644 <<'EOF'\n${Buffer.from(content).toString("base64").slice(0, 100)}`);
});

test("the setup script sees that another version of a package is there", () => {
  const bash = execFileSync("dpkg-query", ["--show", "--showformat=${Version}", "bash"], { encoding: "utf8" });
  const missing = (name: string): string => {
    const script = renderSetupScript(new CloudInit().add("a", { packages: [name, "no-such-package=1", "coreutils"] }));
    const lines = script.slice(script.indexOf("installed()"), script.indexOf('[ -z "$missing" ]'));
    return execFileSync("sh", ["-c", `${lines}\necho $missing`], { encoding: "utf8" }).trim();
  };
  expect(missing(`bash=${bash}`)).toBe("no-such-package=1");
  expect(missing("bash=0")).toBe("bash=0 no-such-package=1");
});

test("a check may wait longer; users come before units; what waits for other machines does not hold the boot", () => {
  const model = new CloudInit()
    .add("a", {
      users: ["agent"],
      units: [{ name: "agent.service", content: "[Unit]\n", wait: false }, { name: "b.service" }],
      ready: [{ check: "true", timeout: "5m" }, "test -e /run/b"],
    })
    .add("b", { ready: ["true"] });
  const { runcmd, write_files: files } = parse(renderCloudConfig(model)) as { runcmd: string[]; write_files: unknown };
  expect(files).toContainEqual({ path: "/etc/sysusers.d/vipstack.conf", permissions: "0644", content: "u agent -\n" });
  expect(runcmd).toEqual([
    "set -eu",
    "systemd-sysusers /etc/sysusers.d/vipstack.conf",
    "systemctl enable --quiet --no-reload agent.service b.service",
    "systemctl daemon-reload",
    "systemctl start b.service",
    "systemctl start --no-block agent.service",
    "timeout 300 sh -c 'until true; do sleep 1; done'",
    "timeout 60 sh -c 'until test -e /run/b; do sleep 1; done'",
    "sync",
    "mkdir -p /var/lib/vipstack",
    expect.stringMatching(/^echo [0-9a-f]{64} > \/var\/lib\/vipstack\/user-data$/),
  ]);
});

test.each([
  [
    "downloads",
    { downloads: [{ url: "http://a/1", sha256: "1".repeat(64), path: "/usr/local/bin/x" }] },
    { downloads: [{ url: "http://a/2", sha256: "2".repeat(64), path: "/usr/local/bin/x" }] },
    "/usr/local/bin/x",
  ],
  ["packages", { packages: ["jq=1"] }, { packages: ["jq=2"] }, "jq"],
])("two roles that want different %s are an error", (property, first, second, name) => {
  expect(() => new CloudInit().add("a", first).add("b", second)).toThrow(
    `b: '${property}' can't give ${name} another content than a does`,
  );
});
