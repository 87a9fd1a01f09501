import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildWords } from "../../lab/artefact-build";
import { artefactFile, artefactOf, ARTEFACTS } from "../../lab/artefact-catalogue";
import { GoProgress } from "../../lab/artefact-progress";
import { damageOf } from "../../lab/artefacts";
import { goEnvironment, goProblem } from "../../lab/go";

const folder = mkdtempSync(join(tmpdir(), "lab-artefacts-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test.each(ARTEFACTS.map((artefact) => [artefact.name, artefact] as const))(
  "%s is pinned: version, checksum, modules with their checksums",
  (name, artefact) => {
    expect(artefact.sha256).toMatch(/^[0-9a-f]{64}$/);
    const modules = readFileSync(join(__dirname, "..", "..", "lab", "artefacts", name, "go.mod"), "utf8");
    const sums = readFileSync(join(__dirname, "..", "..", "lab", "artefacts", name, "go.sum"), "utf8");
    for (const each of artefact.packages) {
      const required = [...modules.matchAll(/^(?:require)?\s+(\S+) (v\S+)/gm)].find(([, module = "-"]) =>
        `${each}/`.startsWith(`${module}/`),
      );
      expect(required?.[2]).toBe(`v${artefact.version}`);
      expect(sums).toContain(`${required?.[1] ?? ""} v${artefact.version} h1:`);
    }
  },
);

test("an artefact's file bears name and version; an unknown name is an error that lists the known ones", () => {
  expect(artefactFile(artefactOf("consul"))).toBe("consul_1.22.7");
  expect(() => artefactOf("vault")).toThrow('the lab has no software "vault"');
});

test("a build takes nothing from where it runs", () => {
  const words = buildWords({ ...artefactOf("consul"), variables: { "a/b.C": "v1" } });
  expect(words.join(" ")).toBe("-mod=readonly -trimpath -buildvcs=false -ldflags -s -w -buildid= -X a/b.C=v1");
  const environment = goEnvironment({ GOFLAGS: "-race", GOPROXY: "http://here", GOEXPERIMENT: "x" }, "1.26.8", "/work");
  expect(environment).toMatchObject({ GOTOOLCHAIN: "go1.26.8", GOFLAGS: "", GOEXPERIMENT: "", CGO_ENABLED: "0" });
  expect(environment.GOPROXY).toBe("http://here");
});

test("a host without Go, or with an old one, is told what to do", () => {
  expect(goProblem("go version go1.26.8 linux/amd64", "consul")).toBeUndefined();
  expect(goProblem("go version go1.21.0 linux/amd64", "consul")).toBeUndefined();
  expect(goProblem(undefined, "consul")?.message).toBe("the lab builds consul from source, and Go is not installed");
  expect(goProblem("go version go1.19.8 linux/amd64", "consul")).toMatchObject({
    message: "the lab builds consul from source, and the Go here is too old (go version go1.19.8 linux/amd64)",
    cure: expect.stringContaining("install Go 1.21 or newer") as string,
  });
});

test("progress counts what go prints, and keeps its complaints", () => {
  const progress = new GoProgress("consul 1.22.7");
  progress.read("go: downloading example.org/a v1.0.0\ngo: downloading exam");
  expect(progress.line(Date.now())).toBe("consul 1.22.7: 1 modules fetched, 0:00 (example.org/a v1.0.0)");
  progress.read("ple.org/b v1.0.0\n");
  progress.expect(200);
  progress.read("net/http\nexample.org/a/v2\n# example.org/a\na.go:1:2: undefined: b\n");
  expect(progress.line(Date.now() + 83_000)).toMatch(
    /^consul 1.22.7: 2 of at most 200 packages compiled, 1:23 \(example.org\/a\/v2\)$/,
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
