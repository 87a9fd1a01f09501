import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// The package as a stranger gets it: packed, installed into an empty app outside the tree, type-checked, run.

const PROJECT = join(__dirname, "..", "..");
const app = mkdtempSync(join(tmpdir(), "vipstack-app-"));
let tarball = "";
let files: string[] = [];

beforeAll(() => {
  const [packed] = JSON.parse(npm(["pack", "--json", "--pack-destination", app], PROJECT)) as {
    filename: string;
    files: { path: string }[];
  }[];
  tarball = join(app, packed!.filename);
  files = packed!.files.map(({ path }) => path);
}, 120_000);

afterAll(() => {
  rmSync(app, { recursive: true, force: true });
});

test("the package holds the library, the two programs, and nothing else", () => {
  const kinds = new Set(files.map((file) => file.replace(/[^/]+(\.d\.ts|\.js|\.py|\.lua|\.sh)$/, "*$1")));
  expect([...kinds].sort()).toMatchInlineSnapshot(`
   [
     "CHANGELOG.md",
     "LICENSE",
     "README.md",
     "dist/cli/*.d.ts",
     "dist/cli/*.js",
     "dist/constructs/*.d.ts",
     "dist/constructs/*.js",
     "dist/constructs/apisix/*.d.ts",
     "dist/constructs/apisix/*.js",
     "dist/constructs/apisix/plugins/*.d.ts",
     "dist/constructs/apisix/plugins/*.js",
     "dist/constructs/apisix/programs/*.lua",
     "dist/constructs/apisix/render/*.d.ts",
     "dist/constructs/apisix/render/*.js",
     "dist/constructs/caddy/*.d.ts",
     "dist/constructs/caddy/*.js",
     "dist/constructs/consul/*.d.ts",
     "dist/constructs/consul/*.js",
     "dist/constructs/deployment/*.d.ts",
     "dist/constructs/deployment/*.js",
     "dist/constructs/lvs/*.d.ts",
     "dist/constructs/lvs/*.js",
     "dist/constructs/lvs/node/*.py",
     "dist/constructs/lvs/node/*.sh",
     "dist/constructs/machine/*.d.ts",
     "dist/constructs/machine/*.js",
     "dist/constructs/machine/backends/*.d.ts",
     "dist/constructs/machine/backends/*.js",
     "dist/constructs/machine/node/*.py",
     "dist/constructs/nomad/*.d.ts",
     "dist/constructs/nomad/*.js",
     "dist/constructs/private/*.d.ts",
     "dist/constructs/private/*.js",
     "dist/lab/*.d.ts",
     "dist/lab/*.js",
     "dist/lab/artefacts.json",
     "dist/lab/artefacts/cni-plugins/go.mod",
     "dist/lab/artefacts/cni-plugins/go.sum",
     "dist/lab/artefacts/consul-template/go.mod",
     "dist/lab/artefacts/consul-template/go.sum",
     "dist/lab/artefacts/consul/go.mod",
     "dist/lab/artefacts/consul/go.sum",
     "dist/lab/artefacts/crane/go.mod",
     "dist/lab/artefacts/crane/go.sum",
     "dist/lab/kernel-xstate.c",
     "package.json",
   ]
  `);
});

test("installed into an empty app, the README's program type-checks and synthesizes to the JSON that the tree gives", () => {
  const program = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(PROJECT, "README.md"), "utf8"))![1]!;
  const versions = (
    JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")) as { devDependencies: Record<string, string> }
  ).devDependencies;
  const peers = ["cdktf", "constructs", "@cdktf/provider-nomad", "@cdktf/provider-consul", "typescript", "@types/node"];
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true }));
  npm(
    [
      "install",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      tarball,
      ...peers.map((name) => `${name}@${versions[name] ?? ""}`),
    ],
    app,
  );
  writeFileSync(join(app, "main.ts"), program);
  const options = [
    "--strict",
    "--module",
    "CommonJS",
    "--target",
    "ES2022",
    "--moduleResolution",
    "Node10",
    "--esModuleInterop",
    "--skipLibCheck",
  ];
  execFileSync(join(app, "node_modules", ".bin", "tsc"), [...options, "main.ts"], { cwd: app, stdio: "pipe" });
  execFileSync("node", ["main.js"], { cwd: app });

  const inTree = join(app, "in-tree");
  mkdirSync(inTree);
  const path = JSON.stringify(join(PROJECT, "dist", "constructs"));
  writeFileSync(
    join(inTree, "main.js"),
    readFileSync(join(app, "main.js"), "utf8")
      .replace('"vipstack"', path)
      .replaceAll('"cdktf"', JSON.stringify(join(PROJECT, "node_modules", "cdktf"))),
  );
  execFileSync("node", ["main.js"], { cwd: inTree });
  expect(synthesized(app, join(app, "node_modules", "vipstack"))).toEqual(synthesized(inTree, PROJECT));
}, 300_000);

/** What the program wrote, with the folder of the app and of the library masked. */
function synthesized(folder: string, library: string): Record<string, string> {
  const stack = join(folder, "cdktf.out", "stacks", "web");
  const names = [
    "cdk.tf.json",
    "lab.json",
    "deployment.json",
    ...["client", "front", "web1", "web2"].flatMap((name) => [
      `machines/${name}/user-data`,
      `machines/${name}/live.sh`,
    ]),
  ];
  return Object.fromEntries(
    names.map((name) => [
      name,
      readFileSync(join(stack, name), "utf8").replaceAll(library, "<library>").replaceAll(folder, "<app>"),
    ]),
  );
}

function npm(words: string[], cwd: string): string {
  return execFileSync("npm", words, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
