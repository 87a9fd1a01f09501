import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildWords } from "../../lab/artefact-build";
import {
  artefactFile,
  artefactNamed,
  artefactOf,
  ARTEFACTS,
  artefactTitle,
  DEFAULTS,
  isOpenSource,
} from "../../lab/artefact-catalogue";
import { GoProgress } from "../../lab/artefact-progress";
import { damageOf } from "../../lab/artefacts";
import { goEnvironment, goProblem } from "../../lab/go";

const folder = mkdtempSync(join(tmpdir(), "lab-artefacts-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const BUILT = ARTEFACTS.flatMap(({ name, version, build }) => (build ? [[name, { version, build }] as const] : []));

test.each(BUILT)("%s is pinned: version, checksum, modules with their checksums", (name, { version, build }) => {
  expect(build.sha256).toMatch(/^[0-9a-f]{64}$/);
  const [modules, sums] = ["go.mod", "go.sum"].map((file) =>
    readFileSync(join(__dirname, "..", "..", "lab", "artefacts", name, file), "utf8"),
  ) as [string, string];
  for (const each of build.packages) {
    const required = [...modules.matchAll(/^(?:require)?\s+(\S+) (v\S+)/gm)].find(([, module = "-"]) =>
      `${each}/`.startsWith(`${module}/`),
    );
    expect(required?.[2]).toBe(`v${version}`);
    expect(sums).toContain(`${required?.[1] ?? ""} v${version} h1:`);
  }
  // These two parts of Consul are not open source in any version.
  expect(modules + sums).not.toMatch(/hashicorp\/consul\/(envoyextensions|troubleshoot)/);
});

test("every version has a licence and a source, every release a sum for both processors, and no version comes twice", () => {
  for (const { licence, build, release } of ARTEFACTS) {
    expect(licence).toMatch(/^(MPL-2\.0|Apache-2\.0|BUSL-1\.1)$/);
    expect([build, release].some((source) => source !== undefined)).toBe(true);
    for (const sum of Object.values(release ?? {})) expect(sum).toMatch(/^[0-9a-f]{64}$/);
  }
  const sums = ARTEFACTS.flatMap(({ release, build }) => [release?.amd64, release?.arm64, build?.sha256]).filter(
    Boolean,
  );
  expect(new Set(sums).size).toBe(sums.length);
  expect(new Set(ARTEFACTS.map(artefactFile)).size).toBe(ARTEFACTS.length);
});

test("what labs take by default is open source; Nomad is never built", () => {
  expect(DEFAULTS.map(artefactTitle)).toEqual([
    "consul 1.14.11 (MPL-2.0)",
    "nomad 1.6.3 (MPL-2.0)",
    "consul-template 0.41.1 (MPL-2.0)",
    "cni-plugins 1.9.1 (Apache-2.0)",
    "crane 0.22.1 (Apache-2.0)",
  ]);
  expect(DEFAULTS.filter((artefact) => !isOpenSource(artefact))).toEqual([]);
  expect(ARTEFACTS.filter(isOpenSource).map(artefactFile)).not.toContain("nomad_1.11.3");
  expect(BUILT.map(([name]) => name)).not.toContain("nomad");
});

test("an artefact's file bears name and version; an unknown name is an error that lists the known ones", () => {
  expect(artefactFile(artefactOf("consul"))).toBe("consul_1.14.11");
  expect(artefactFile(artefactNamed("nomad@2.0.4"))).toBe("nomad_2.0.4");
  expect(artefactNamed("nomad@1.9.9")).toEqual({ name: "nomad", version: "1.9.9" });
  expect(() => artefactOf("vault")).toThrow('the lab has no software "vault"');
  expect(() => artefactNamed("nomad@latest")).toThrow('"nomad@latest" does not name a version of three numbers');
});

test("a build takes nothing from where it runs", () => {
  const words = buildWords({ sha256: "", go: "1.26.8", packages: [], variables: { "a/b.C": "v1" } });
  expect(words.join(" ")).toBe("-mod=readonly -trimpath -buildvcs=false -ldflags -s -w -buildid= -X a/b.C=v1");
  const environment = goEnvironment({ GOFLAGS: "-race", GOPROXY: "http://here", GOEXPERIMENT: "x" }, "1.26.8", "/work");
  expect(environment).toMatchObject({ GOTOOLCHAIN: "go1.26.8", GOFLAGS: "", GOEXPERIMENT: "", CGO_ENABLED: "0" });
  expect(environment.GOPROXY).toBe("http://here");
});

test("a host without Go, or with an old one, gets an error with a cure", () => {
  expect(goProblem("go version go1.26.8 linux/amd64", "consul")).toBeUndefined();
  expect(goProblem("go version go1.21.0 linux/amd64", "consul")).toBeUndefined();
  expect(goProblem(undefined, "consul")?.message).toBe("the lab builds consul from source, and Go is not installed");
  expect(goProblem("go version go1.19.8 linux/amd64", "consul")).toMatchObject({
    message: "the lab builds consul from source, and the Go here is too old (go version go1.19.8 linux/amd64)",
    cure: expect.stringContaining("install Go 1.21 or newer") as string,
  });
});

test("progress counts what go prints, and keeps its complaints", () => {
  const progress = new GoProgress("consul 1.14.11");
  progress.read("go: downloading example.org/a v1.0.0\ngo: downloading exam");
  expect(progress.line(Date.now())).toBe("consul 1.14.11: 1 modules fetched, 0:00 (example.org/a v1.0.0)");
  progress.read("ple.org/b v1.0.0\n");
  progress.expect(200);
  progress.read("net/http\nexample.org/a/v2\n# example.org/a\na.go:1:2: undefined: b\n");
  expect(progress.line(Date.now() + 83_000)).toMatch(
    /^consul 1.14.11: 2 of at most 200 packages compiled, 1:23 \(example.org\/a\/v2\)$/,
  );
  expect(progress.percent()).toBe(1);
  expect(progress.errors()).toEqual(["a.go:1:2: undefined: b"]);
});

test("a cached artefact that is missing or changed is noticed", async () => {
  const file = join(folder, "consul_1");
  const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  await expect(damageOf(file, sha256)).resolves.toBe("it is not there");
  writeFileSync(file, "abc");
  await expect(damageOf(file, sha256)).resolves.toBeUndefined();
  writeFileSync(file, "abd");
  await expect(damageOf(file, sha256)).resolves.toMatch(/^its sha256 is /);
});
