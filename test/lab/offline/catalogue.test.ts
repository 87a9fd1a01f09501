import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  artefactFile,
  artefactNamed,
  artefactOf,
  ARTEFACTS,
  artefactTitle,
  DEFAULTS,
  isOpenSource,
} from "../../../lab/offline/catalogue";

const BUILT = ARTEFACTS.flatMap(({ name, version, build }) => (build ? [[name, { version, build }] as const] : []));

test.each(BUILT)("%s is pinned: version, checksum, modules with their checksums", (name, { version, build }) => {
  expect(build.sha256).toMatch(/^[0-9a-f]{64}$/);
  const [modules, sums] = ["go.mod", "go.sum"].map((file) =>
    readFileSync(join(__dirname, "..", "..", "..", "lab", "offline", "artefacts", name, file), "utf8"),
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
