import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, Server } from "node:http";
import { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { program } from "../../../lab/commands";
import { Progress } from "../../../lab/events";
import { Artefact, artefactOf } from "../../../lab/offline/catalogue";
import { programLines, programsHere } from "../../../lab/offline/commands";
import { checkImages } from "../../../lab/offline/images";
import { addedPrograms, addProgram, removeAdded } from "../../../lab/offline/program-files";
import {
  cachedFile,
  checkPrograms,
  damageOf,
  findArtefact,
  prepareProgram,
  requireArtefacts,
} from "../../../lab/offline/programs";
import { LabState } from "../../../lab/state";
import { elfSaying, RUNS_ELF, zipOf } from "../support/small-programs";

// The programs here are real ones that run, of 200 bytes; the vendor's site is a web server on this host's loopback.

// Each test starts several, which takes its time on a busy machine.
jest.setTimeout(60_000);

const withElf = RUNS_ELF ? describe : describe.skip;
if (!RUNS_ELF) process.stderr.write("SKIPPED: programs that users bring (they are for Linux on x86_64)\n");

const folder = mkdtempSync(join(tmpdir(), "vipstack-programs-"));
const state = new LabState(join(folder, "lab"));
const progress = new Progress(state, true);
const environment = { ...process.env };
let server: Server;
let site = "";
/** What the site has; null: it takes the question and never answers. */
const files = new Map<string, Buffer | null>();
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
    const file = files.get(request.url ?? "");
    if (file === null) return;
    response.writeHead(file === undefined ? 404 : 200);
    response.end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  site = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  process.env.XDG_CACHE_HOME = mkdtempSync(join(folder, "cache-"));
  process.env.VIPSTACK_RELEASES = `http://${site}`;
  process.env.VIPSTACK_NOMAD = "";
  rmSync(state.dir, { recursive: true, force: true });
  mkdirSync(state.dir, { recursive: true });
  files.clear();
  asked.length = 0;
});

afterEach(() => {
  process.env = { ...environment };
});

const sum = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

function written(name: string, content: Buffer | string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, 0o755);
  return file;
}

/** What was reported while something was prepared. */
function told(): string[] {
  const file = state.file("events.ndjson");
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => (JSON.parse(line) as { detail: string }).detail);
}

/** A nomad of the vendor's site. @returns the artefact as the catalogue would have it */
function released(
  version: string,
  content = zipOf({ nomad: elfSaying(`Nomad v${version}`), "LICENSE.txt": Buffer.from("x") }),
): Artefact {
  files.set(`/nomad/${version}/nomad_${version}_linux_amd64.zip`, content);
  return { name: "nomad", version, licence: "MPL-2.0", release: { amd64: sum(content), arm64: "0".repeat(64) } };
}

/** Runs `vipstack-lab program WORDS…`. @returns what it printed */
async function command(...words: string[]): Promise<string> {
  let output = "";
  const write = jest.spyOn(process.stdout, "write").mockImplementation((text) => {
    output += String(text);
    return true;
  });
  const errors = jest.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    await program().parseAsync(["node", "vipstack-lab", "program", ...words]);
  } finally {
    write.mockRestore();
    errors.mockRestore();
  }
  return output;
}

withElf("a program that the user brings", () => {
  test("is kept with its version and sum, replaced, listed, taken before everything else, and forgotten", async () => {
    const nomad = elfSaying("Nomad v1.6.3\nBuildDate 1970");
    const file = written("my-nomad", nomad);
    const added = await addProgram("nomad", file);
    expect(added).toMatchObject({ artefact: artefactOf("nomad"), sha256: sum(nomad), from: file });
    expect(await addProgram("nomad", file)).toEqual(added);
    expect(addedPrograms()).toEqual([added]);
    expect(await prepareProgram(artefactOf("nomad"), progress)).toMatchObject({ file: added.file, sha256: sum(nomad) });
    expect(readFileSync(added.file)).toEqual(nomad);
    expect(programLines(await programsHere())).toContain(`nomad            1.6.3    MPL-2.0     added from ${file}`);
    expect(removeAdded("nomad", "1.6.4")).toEqual([]);
    expect(removeAdded("nomad")).toEqual([artefactOf("nomad")]);
    expect(addedPrograms()).toEqual([]);
    expect(asked).toEqual([]);
  });

  test("may be the vendor's zip, or a version that the lab knows nothing of", async () => {
    const template = elfSaying("consul-template v0.41.1 (abc)");
    const { artefact } = await addProgram("consul-template", written("t.zip", zipOf({ "consul-template": template })));
    expect(artefact).toEqual(artefactOf("consul-template"));
    const output = await command("add", "nomad", written("n", elfSaying("Nomad v1.9.9-dev")));
    expect(output).toBe(
      'nomad 1.9.9-dev (licence unknown) is kept; programs get 1.6.3 unless they ask for it: Installation.release("1.9.9-dev")\n',
    );
    expect(await findArtefact(artefactOf("nomad", "1.9.9-dev"))).toMatchObject({ source: "added" });
  });

  test.each<[string, string, () => string, string, string]>([
    [
      "a name that is none",
      "vault",
      () => written("vault", "x"),
      'the lab has no software "vault"',
      "it has consul, nomad, consul-template, cni-plugins, crane",
    ],
    [
      "one that the lab builds",
      "cni-plugins",
      () => written("cni", "x"),
      "cni-plugins can't be brought as a file: the lab builds it itself",
      "what can: consul, nomad, consul-template",
    ],
    [
      "a file that is not there",
      "nomad",
      () => "/nowhere/nomad",
      "can't read /nowhere/nomad (ENOENT)",
      "check the path",
    ],
    [
      "a script",
      "nomad",
      () => written("script", "#!/bin/sh\necho Nomad v1.6.3\n"),
      "FOLDER/script is not a program for Linux; the lab's machines run Linux on x86_64",
      "take the vendor's release for linux_amd64, or a build for it",
    ],
    [
      "another processor's",
      "nomad",
      () => written("arm", elfSaying("Nomad v1.6.3", 183)),
      "FOLDER/arm is a program for arm64; the lab's machines run Linux on x86_64",
      "take the vendor's release for linux_amd64, or a build for it",
    ],
    [
      "another system's",
      "nomad",
      () => written("mac.zip", zipOf({ nomad: Buffer.from("cffaedfe0c000001", "hex") })),
      "FOLDER/mac.zip is a program for macOS; the lab's machines run Linux on x86_64",
      "take the vendor's release for linux_amd64, or a build for it",
    ],
    [
      "another program of the lab's",
      "nomad",
      () => written("c", elfSaying("Consul v1.14.11\nRevision x")),
      'FOLDER/c is not nomad: asked for its version (version), it says "Consul v1.14.11"',
      "it looks like consul: vipstack-lab program add consul FOLDER/c",
    ],
    [
      "another program",
      "consul-template",
      () => written("v", elfSaying("Vault v1.0.0")),
      'FOLDER/v is not consul-template: asked for its version (-version), it says "Vault v1.0.0"',
      "give the program consul-template itself, or the vendor's zip of it (consul-template 0.41.1 is what labs use by default)",
    ],
    [
      "a zip of something else",
      "nomad",
      () => written("t.zip", zipOf({ terraform: Buffer.from("x"), "LICENSE.txt": Buffer.from("y") })),
      'FOLDER/t.zip holds no program "nomad" (it holds terraform, LICENSE.txt)',
      "take the vendor's release of nomad, or the program itself",
    ],
    [
      "a damaged zip",
      "nomad",
      () => {
        const zip = zipOf({ nomad: elfSaying("Nomad v1.6.3") });
        return written("d.zip", zip.fill(0xff, 35, 60));
      },
      "FOLDER/d.zip is a damaged zip: invalid block type",
      "fetch or copy it again",
    ],
  ])("is refused: %s", async (_, name, file, message, cure) => {
    await expect(addProgram(name, file())).rejects.toMatchObject({
      message: message.replace("FOLDER", folder),
      cure: cure.replace("FOLDER", folder),
    });
    expect(addedPrograms()).toEqual([]);
  });

  test("is not served once it was changed", async () => {
    const { file, sha256 } = await addProgram("nomad", written("n", elfSaying("Nomad v1.6.3")));
    writeFileSync(file, elfSaying("Nomad v1.6.3 and more"));
    const problem = {
      message: `the added nomad 1.6.3 (MPL-2.0) was changed after it was added: ${file} has sha256 ${sum(readFileSync(file))}, it had ${sha256}`,
      cure: "add it again (vipstack-lab program add nomad FILE), or forget it (vipstack-lab program remove nomad 1.6.3)",
    };
    await expect(prepareProgram(artefactOf("nomad"), progress)).rejects.toMatchObject(problem);
    expect(await findArtefact(artefactOf("nomad"))).toMatchObject({ source: undefined, problem });
  });

  test("may be named for one run by a variable, which goes before an added one", async () => {
    await addProgram("nomad", written("n", elfSaying("Nomad v1.6.3")));
    const named = elfSaying("Nomad v1.6.3\nof this run");
    process.env.VIPSTACK_NOMAD = written("of-this-run", named);
    const found = { file: join(folder, "of-this-run"), sha256: sum(named) };
    expect(await prepareProgram(artefactOf("nomad"), progress)).toEqual(found);
    expect(await checkPrograms([artefactOf("nomad")])).toMatchObject([
      { source: "variable", from: "the file that VIPSTACK_NOMAD names" },
    ]);
    await expect(prepareProgram(artefactOf("nomad", "2.0.4"), progress)).rejects.toMatchObject({
      message: `VIPSTACK_NOMAD names ${found.file}, which is nomad 1.6.3; the program asks for 2.0.4`,
      cure: 'name a nomad 2.0.4, leave VIPSTACK_NOMAD out, or ask for the other one in the program: Installation.release("1.6.3")',
    });
    process.env.VIPSTACK_NOMAD = "/nowhere";
    await expect(requireArtefacts(["nomad"])).rejects.toThrow("can't read /nowhere (ENOENT)");
  });
});

withElf("a release of the vendor", () => {
  test("is fetched once, checked, unpacked and kept; a damaged one is fetched again", async () => {
    const nomad = released("9.9.9");
    expect(await checkPrograms([nomad])).toEqual([
      {
        name: "nomad",
        version: "9.9.9",
        licence: "MPL-2.0",
        openSource: true,
        available: true,
        source: "release",
        from: `fetched from http://${site}/nomad/9.9.9/nomad_9.9.9_linux_amd64.zip when it is needed`,
      },
    ]);
    expect(asked).toEqual(["HEAD /nomad/9.9.9/nomad_9.9.9_linux_amd64.zip"]);
    const fetched = await prepareProgram(nomad, progress);
    expect(fetched).toEqual({ file: cachedFile(nomad), sha256: sum(elfSaying("Nomad v9.9.9")) });
    expect(await prepareProgram(nomad, progress)).toEqual(fetched);
    expect(await findArtefact(nomad)).toMatchObject({ source: "cache" });
    expect(asked).toHaveLength(2);
    writeFileSync(fetched.file, "half");
    expect(await prepareProgram(nomad, progress)).toEqual(fetched);
    expect(asked).toHaveLength(3);
    expect(told()).toContain(`nomad in the cache is not used: its sha256 is ${sum(Buffer.from("half"))}`);
    expect(told()).toContain(
      `fetching nomad 9.9.9 (MPL-2.0) from http://${site}/nomad/9.9.9/nomad_9.9.9_linux_amd64.zip`,
    );
  });

  test("with another sum is an error, whatever other sources there are, and is not kept", async () => {
    const zip = zipOf({ nomad: elfSaying("Nomad v1.6.3") });
    released("1.6.3", zip);
    const pinned = artefactOf("nomad").release?.amd64 ?? "";
    await expect(prepareProgram(artefactOf("nomad"), progress)).rejects.toMatchObject({
      message: `http://${site}/nomad/1.6.3/nomad_1.6.3_linux_amd64.zip has sha256 ${sum(zip)}, expected ${pinned} (the lab's catalogue): it was damaged on its way, or the file there was replaced`,
      cure: "run this again; if the sum stays, don't use that file, but one that you trust: vipstack-lab program add nomad FILE",
    });
    expect(existsSync(cachedFile(artefactOf("nomad")))).toBe(false);
  });

  test("that is another version than its address says is an error", async () => {
    const nomad = released("9.9.9", zipOf({ nomad: elfSaying("Nomad v9.9.8") }));
    await expect(prepareProgram(nomad, progress)).rejects.toThrow(
      "nomad_9.9.9_linux_amd64.zip holds nomad 9.9.8, not 9.9.9",
    );
  });

  test("can be fetched by its name, with a sum where none is pinned; is listed and forgotten", async () => {
    const { release } = released("9.9.9");
    await expect(command("get", "nomad", "9.9.9")).rejects.toMatchObject({
      message: "the lab has no sum pinned for nomad 9.9.9; it has those of 1.6.3, 1.11.3, 2.0.4",
      cure: "give that of nomad_9.9.9_linux_amd64.zip: --sha256 SUM (the vendor publishes nomad_9.9.9_SHA256SUMS)",
    });
    const get = ["get", "nomad", "9.9.9", "--sha256", release?.amd64 ?? ""] as const;
    expect(await command(...get)).toBe("nomad 9.9.9 (licence unknown) was fetched\n");
    expect(await command(...get)).toBe("nomad 9.9.9 (licence unknown) is there\n");
    expect((await command("list")).split("\n").filter((line) => line.startsWith("nomad"))).toEqual([
      "nomad            1.6.3    MPL-2.0          not here yet: the vendor's release, when it is needed",
      `nomad            9.9.9    licence unknown  fetched from http://${site}/nomad/9.9.9/nomad_9.9.9_linux_amd64.zip`,
    ]);
    expect(JSON.parse(await command("list", "--json"))).toContainEqual({
      name: "nomad",
      version: "9.9.9",
      licence: null,
      from: "fetched",
      origin: `http://${site}/nomad/9.9.9/nomad_9.9.9_linux_amd64.zip`,
    });
    expect(await command("remove", "nomad", "9.9.9")).toBe("nomad 9.9.9 is forgotten\n");
    expect(await command("remove", "nomad")).toBe("no nomad was added or fetched\n");
    expect(existsSync(cachedFile(artefactOf("nomad", "9.9.9")))).toBe(false);
  });

  test.each([
    ["12", '"12" is no sha256'],
    ["1".repeat(64), `--sha256 ${"1".repeat(64)} is not the sum that the lab has pinned for nomad 1.6.3: 1771f83030`],
  ])("is not fetched by the sum %s", async (sha256, message) => {
    await expect(command("get", "nomad", "1.6.3", "--sha256", sha256)).rejects.toThrow(message);
    expect(asked).toEqual([]);
  });

  test("that the site doesn't have, or give in time, leaves no source: one message that says what to type", async () => {
    const words = {
      message: `nomad 1.6.3 (MPL-2.0) is in none of its sources: no file was added, not in the cache, ${site} has no such file (curl: (22) The requested URL returned error: 404)`,
      cure: "vipstack-lab program add nomad FILE (a nomad 1.6.3 for Linux on x86_64, or the vendor's zip of it)",
    };
    await expect(prepareProgram(artefactOf("nomad"), progress)).rejects.toMatchObject(words);
    await expect(requireArtefacts(["nomad"])).rejects.toMatchObject(words);
    files.set("/nomad/1.6.3/nomad_1.6.3_linux_amd64.zip", null);
    const started = Date.now();
    const [check] = await checkPrograms([artefactOf("nomad")]);
    expect(check).toMatchObject({ available: false, source: null, cure: "program add nomad FILE" });
    expect(check?.why).toMatch(/, not in the cache, 127\.0\.0\.1:\d+ not reached \(curl: \(28\) .*\)$/);
    expect(Date.now() - started).toBeLessThan(15_000);
  }, 60_000);

  test("several that are not available are one message, before anything is done", async () => {
    await addProgram("nomad", written("n", elfSaying("Nomad v1.9.9")));
    process.env.VIPSTACK_RELEASES = "http://127.0.0.1:1";
    await expect(requireArtefacts(["nomad", "consul@1.9.9", "crane"])).rejects.toMatchObject({
      message: expect.stringMatching(
        /^nomad 1\.6\.3 \(MPL-2\.0\) is in none of its sources: only 1\.9\.9 was added, not in the cache, 127\.0\.0\.1:1 not reached \(curl: \(7\) .*\)\nconsul 1\.9\.9 \(licence unknown\) is in none of its sources: no file was added, not in the cache, no sum of a release is known$/,
      ) as string,
      cure: [
        "vipstack-lab program add nomad FILE (a nomad 1.6.3 for Linux on x86_64, or the vendor's zip of it)",
        "vipstack-lab program add consul FILE (a consul 1.9.9 for Linux on x86_64, or the vendor's zip of it), or vipstack-lab program get consul 1.9.9 --sha256 SUM",
      ].join("\n  and: "),
    });
  });

  test("is asked before a build, which is what is left where the site is not reached", async () => {
    process.env.VIPSTACK_RELEASES = "http://127.0.0.1:1";
    const [consul, both] = await checkPrograms([
      artefactOf("consul"),
      { ...artefactOf("consul"), release: { amd64: "1".repeat(64), arm64: "2".repeat(64) } },
    ]);
    expect(["build", null]).toContain(consul?.source); // null where this host has no Go
    expect(both).toEqual(consul);
  });
});

test("images: those of the lab are had without a question; for others Docker Hub has to answer", async () => {
  process.env.VIPSTACK_DOCKER_HUB = `http://${site}/v2/`;
  expect(await checkImages(["busybox:1", "apache/apisix:3.18.0-debian"])).toEqual([
    { name: "busybox:1", available: true, source: "made", from: "made of the distribution's packages" },
    {
      name: "apache/apisix:3.18.0-debian",
      available: true,
      source: "docker-hub",
      from: "fetched from Docker Hub when it is needed",
    },
  ]);
  expect(asked).toEqual(["HEAD /v2/"]);
  process.env.VIPSTACK_DOCKER_HUB = "http://127.0.0.1:1/v2/";
  const [check] = await checkImages(["me/app:1"]);
  expect(check).toMatchObject({
    available: false,
    source: null,
    cure: "image add me/app:1 FILE",
  });
  expect(check?.why).toMatch(
    /^the image me\/app:1 is neither added nor made by the lab, and Docker Hub can't be asked: 127\.0\.0\.1:1 not reached \(curl: \(7\) /,
  );
});

withElf("a zip", () => {
  test("is read as another tool wrote it, whatever its size", async () => {
    const nomad = Buffer.concat([elfSaying("Nomad v1.6.3"), Buffer.alloc(100_000, "abc")]);
    const zip = written("large.zip", zipOf({ "README.txt": Buffer.from("x"), nomad }));
    const { file } = await addProgram("nomad", zip);
    expect(readFileSync(file).equals(nomad)).toBe(true);
  });

  test.each([
    ["", /is not a program for Linux/],
    ["PK", /is a damaged zip: /],
    ["x".repeat(100), /is not a program for Linux/],
    ["\x7fELF PK\x05\x06", /is not a program for Linux/],
  ])("is not what starts with %j", async (content, message) => {
    await expect(addProgram("nomad", written("none", content))).rejects.toThrow(message);
  });
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
