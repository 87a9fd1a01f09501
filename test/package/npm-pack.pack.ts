import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

// The package as a stranger gets it: packed, installed into an empty app outside the tree, type-checked, run.

const PROJECT = join(__dirname, "..", "..");
const root = mkdtempSync(join(tmpdir(), "vipstack-app-"));
const app = join(root, "app");
const bare = join(root, "bare");
let tarball = "";
let files: string[] = [];

beforeAll(() => {
  const [packed] = JSON.parse(npm(["pack", "--json", "--pack-destination", root], PROJECT)) as {
    filename: string;
    files: { path: string }[];
  }[];
  tarball = join(root, packed!.filename);
  files = packed!.files.map(({ path }) => path);
}, 300_000);

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

test("the package holds the library, the two programs, the examples, the documentation, and nothing else", () => {
  const kinds = new Set(
    files.map((file) =>
      file
        .replace(/(examples|constructs|cli)\/[^/]+\//, "$1/any/")
        .replace(/[^/]+(\.d\.ts|\.js|\.py|\.lua|\.sh)$/, "*$1")
        .replace(/^((?:docs|examples\/any|inventory|stacks)\/)[^/]+(\.(?:md|svg|ts))$/, "$1*$2"),
    ),
  );
  expect([...kinds].sort()).toMatchInlineSnapshot(`
   [
     "CHANGELOG.md",
     "LICENSE",
     "README.md",
     "dist/cli/*.d.ts",
     "dist/cli/*.js",
     "dist/cli/any/*.d.ts",
     "dist/cli/any/*.js",
     "dist/cli/any/causes/*.d.ts",
     "dist/cli/any/causes/*.js",
     "dist/cli/any/page/*.js",
     "dist/cli/any/page/index.html",
     "dist/cli/any/page/view.css",
     "dist/cli/any/programs/*.py",
     "dist/constructs/*.d.ts",
     "dist/constructs/*.js",
     "dist/constructs/any/*.d.ts",
     "dist/constructs/any/*.js",
     "dist/constructs/any/backends/*.d.ts",
     "dist/constructs/any/backends/*.js",
     "dist/constructs/any/plugins/*.d.ts",
     "dist/constructs/any/plugins/*.js",
     "dist/constructs/any/programs/*.lua",
     "dist/constructs/any/programs/*.py",
     "dist/constructs/any/programs/*.sh",
     "dist/constructs/any/render/*.d.ts",
     "dist/constructs/any/render/*.js",
     "dist/examples/any/*.js",
     "dist/inventory/*.js",
     "dist/lab/*.d.ts",
     "dist/lab/*.js",
     "dist/lab/*.py",
     "dist/lab/artefacts.json",
     "dist/lab/kernel-socket.c",
     "dist/lab/kernel-xstate.c",
     "dist/lab/offline/*.d.ts",
     "dist/lab/offline/*.js",
     "dist/lab/offline/artefacts/cni-plugins/go.mod",
     "dist/lab/offline/artefacts/cni-plugins/go.sum",
     "dist/lab/offline/artefacts/consul-template/go.mod",
     "dist/lab/offline/artefacts/consul-template/go.sum",
     "dist/lab/offline/artefacts/consul/go.mod",
     "dist/lab/offline/artefacts/consul/go.sum",
     "dist/lab/offline/artefacts/crane/go.mod",
     "dist/lab/offline/artefacts/crane/go.sum",
     "docs/*.md",
     "docs/*.svg",
     "examples/any/*.ts",
     "inventory/*.ts",
     "main.ts",
     "package.json",
     "stacks/*.ts",
   ]
  `);
});

/** One of each domain: directors, hosts that exist, Consul, a gateway, jobs. */
const EXAMPLES = ["direct-routing", "existing-hosts", "three-servers", "apisix-hello", "hello-world"];

describe("installed into an empty app, with the providers", () => {
  beforeAll(() => {
    install(app, [
      "cdktf",
      "constructs",
      "@cdktf/provider-nomad",
      "@cdktf/provider-consul",
      "typescript",
      "@types/node",
    ]);
    for (const folder of ["examples", "inventory"])
      cpSync(join(PROJECT, folder), join(app, folder), { recursive: true });
    writeFileSync(join(app, "main.ts"), readmeProgram());
    compile(app, ["main.ts", ...EXAMPLES.map((example) => join("examples", example, "main.ts"))]);
  }, 300_000);

  test("the README's program synthesizes", () => {
    expect(Object.keys(synthesized(app, "main.js"))).toEqual(
      expect.arrayContaining(["stacks/web/cdk.tf.json", "stacks/web/machines/front/user-data"]),
    );
  });

  test.each(EXAMPLES)("the example %s gives what it gives in the checkout", (example) => {
    const main = join("examples", example, "main.js");
    expect(synthesized(app, main)).toEqual(synthesized(join(PROJECT, "dist"), main));
  });

  test("the tests of docs/testing.md pass, again in another folder, and a changed weight fails them", () => {
    const tested = join(root, "tested");
    const jest = (folder: string, ...words: string[]) =>
      spawnSync("npx", ["--no-install", "jest", ...words], { cwd: folder, encoding: "utf8" });
    install(tested, ["cdktf", "constructs", "jest", "@types/jest", "@swc/jest", "@swc/core", "typescript"]);
    const [setUp] = /^cat > jest\.config\.js <<'END'\n[\s\S]*?^END$/m.exec(testingPage())!;
    execFileSync("sh", ["-c", setUp], { cwd: tested });
    const [, code] = /```ts\n([\s\S]*?)```/.exec(testingPage())!;
    writeFileSync(join(tested, "web.test.ts"), code!);
    compile(tested, ["web.test.ts"], ["--types", "jest", "--noEmit"]);
    const written = jest(tested, "--ci=false"); // With CI in the environment Jest writes none.
    expect(written).toMatchObject({ status: 0, stderr: expect.stringContaining("1 snapshot written") as string });

    const elsewhere = join(root, "a", "deeper", "folder");
    mkdirSync(join(root, "a", "deeper"), { recursive: true });
    renameSync(tested, elsewhere);
    expect(jest(elsewhere, "--ci")).toMatchObject({ status: 0 });
    expect(readFileSync(join(elsewhere, "__snapshots__", "web.test.ts.snap"), "utf8")).not.toContain(root);

    writeFileSync(join(elsewhere, "web.test.ts"), code!.replace("weight: 2", "weight: 3"));
    const { status, stderr } = jest(elsewhere, "--ci");
    expect(status).toBe(1);
    expect(stderr).toMatch(/- +.*-r 10\.0\.0\.31:80 -g -w 2\n.*\+ +.*-r 10\.0\.0\.31:80 -g -w 3/s);
  }, 300_000);

  test("nothing of the library but its two entries can be imported", () => {
    const program = 'require("vipstack/dist/constructs/private/validation")';
    expect(failureOf("node", ["-e", program], app)).toMatch(/ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });

  test("its types name nothing internal", () => {
    const library = join(app, "node_modules", "vipstack", "dist", "constructs");
    const types = filesOf(library).filter((file) => file.endsWith(".d.ts"));
    const internal = (file: string) =>
      /^.*(\b_[a-z]\w*\??[(:]|@internal).*$/m.exec(readFileSync(join(library, file), "utf8"));
    expect(types.flatMap((file) => internal(file)?.[0] ?? [])).toEqual([]);
  });

  test("the examples are there for `vipstack up`", () => {
    const output = failureOf(join(app, "node_modules", ".bin", "vipstack"), ["up", "none"], app);
    expect(output).toMatch(/there is no example 'none'\n→ choose one of: .*hello-world.*three-machines/);
  });

  test("`vipstack bench` says where the benches are", () => {
    const output = failureOf(join(app, "node_modules", ".bin", "vipstack"), ["bench", "planes"], app);
    expect(output).toContain("the benches are not part of the package\n→ clone the repository");
  });
});

describe("installed without Terraform's providers", () => {
  beforeAll(() => {
    install(bare, ["cdktf", "constructs", "typescript", "@types/node"]);
    writeFileSync(join(bare, "main.ts"), readmeProgram());
    compile(bare, ["main.ts"]);
  }, 300_000);

  test("a program of machines and directors synthesizes", () => {
    expect(readdirSync(join(bare, "node_modules"))).not.toContain("@cdktf");
    expect(Object.keys(synthesized(bare, "main.js"))).toContain("stacks/web/cdk.tf.json");
  });

  test("a resource of a provider names the package that is missing", () => {
    const program = `
      const { TerraformStack, App } = require("cdktf");
      const { ConsulKeys } = require("vipstack");
      new ConsulKeys(new TerraformStack(new App(), "platform"), "settings", { keys: { "web/title": "Hello" } });`;
    expect(failureOf("node", ["-e", program], bare)).toContain(
      "platform/settings: '@cdktf/provider-consul' must be installed for this construct, which is a resource of its Terraform provider: npm install @cdktf/provider-consul@10",
    );
  });
});

function readmeProgram(): string {
  return /```ts\n([\s\S]*?)```/.exec(readFileSync(join(PROJECT, "README.md"), "utf8"))![1]!;
}

function testingPage(): string {
  return readFileSync(join(PROJECT, "docs", "testing.md"), "utf8");
}

function install(folder: string, peers: readonly string[]): void {
  const { devDependencies: versions } = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "app", private: true }));
  const options = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  npm(["install", ...options, tarball, ...peers.map((name) => `${name}@${versions[name] ?? ""}`)], folder);
}

/** Beside the sources; the declarations of the library and of its peers are checked as well. */
function compile(folder: string, programs: readonly string[], more: readonly string[] = []): void {
  const options = ["--strict", "--target", "ES2022", "--module", "Node16", "--moduleResolution", "Node16"];
  const words = [...options, "--types", "node", "--skipLibCheck", "false", "--esModuleInterop", ...more, ...programs];
  const { status, stdout } = spawnSync(join(folder, "node_modules", ".bin", "tsc"), words, {
    cwd: folder,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stdout);
}

/** Every file that a program writes, with the folders of the library and of the states masked. */
function synthesized(folder: string, main: string): Record<string, string> {
  const out = mkdtempSync(join(root, "out-"));
  const state = join(root, "state");
  execFileSync("node", [join(folder, main)], {
    cwd: folder,
    env: { ...process.env, CDKTF_OUTDIR: out, VIPSTACK_STATE: state },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const library = folder === join(PROJECT, "dist") ? PROJECT : join(folder, "node_modules", "vipstack");
  // The manifest has stack traces in it.
  const written = filesOf(out).filter((file) => file !== "manifest.json");
  return Object.fromEntries(
    written.map((file) => [file, readFileSync(join(out, file), "utf8").replaceAll(library, "<library>")]),
  );
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => statSync(join(folder, file)).isFile())
    .map((file) => relative(folder, join(folder, file)))
    .sort();
}

function failureOf(command: string, words: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, words, { cwd, encoding: "utf8" });
  expect(status).toBe(1);
  return stdout + stderr;
}

function npm(words: string[], cwd: string): string {
  return execFileSync("npm", words, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
