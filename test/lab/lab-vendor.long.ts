import execa from "execa";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Progress } from "../../lab/events";
import { artefactFile, artefactOf } from "../../lab/offline/catalogue";
import { prepareProgram } from "../../lab/offline/programs";
import { LabState } from "../../lab/state";
import { havePrograms, programFile } from "../support/programs";
import { killAll, processesNaming } from "./support/processes";
import { BOOT, MINUTES } from "./support/waiting";

// What the lab serves beside packages: the vendors' programs, and a registry that stands for Docker Hub.

const LAB = join(__dirname, "..", "..", "dist", "lab", "vipstack-lab.js");
/** The programs are built first where the cache is empty: some minutes on two cores. */
const BUILD = 45 * MINUTES;

const root = mkdtempSync(join(tmpdir(), "vipstack-lab-vendor-"));
const directory = join(root, "state");
const site = "http://10.56.0.1:3143";
const consul = artefactFile(artefactOf("consul"));
const nomad = artefactFile(artefactOf("nomad"));
const HAVE_NOMAD = havePrograms("a machine that gets a nomad of the user's", "nomad");
const withNomad = HAVE_NOMAD ? test : test.skip;

const USER_DATA = `#cloud-config
write_files:
  - path: /etc/docker/daemon.json
    content: '{"registry-mirrors": ["http://10.56.0.1:5000"]}'
packages: [docker.io]
runcmd:
  - set -eu
  - cd /usr/local/bin
  - curl --fail --silent --show-error --remote-name ${site}/${consul}
  - echo "${artefactOf("consul").build?.sha256 ?? ""}  ${consul}" | sha256sum --check
  - mv ${consul} consul
  - chmod 755 consul
`;

async function lab(...words: string[]): Promise<string> {
  const [command = "", ...rest] = words;
  const env = HAVE_NOMAD ? { VIPSTACK_NOMAD: programFile("nomad") } : {};
  const { all = "" } = await execa("node", [LAB, command, ...rest], { all: true, cwd: root, env });
  return all;
}

async function onBox(script: string): Promise<string> {
  const { stdout } = await execa("ssh", ["-F", join(directory, "ssh_config"), "box", "sh", "-s"], {
    input: `set -eu\n${script}\n`,
  });
  return stdout;
}

function start(): Promise<string> {
  return lab("start", join(root, "lab.json"), "--dir", directory);
}

beforeAll(async () => {
  const document = { name: "vendor", subnets: ["10.56.0.0/24"], machines: ["box"], forwards: [] };
  const software = ["consul", ...(HAVE_NOMAD ? ["nomad@1.6.3"] : [])];
  writeFileSync(join(root, "lab.json"), JSON.stringify({ ...document, software, registry: true }));
  const box = join(root, "box");
  mkdirSync(box);
  const nics = [{ interface: "eth0", addresses: ["10.56.0.11/24"] }];
  writeFileSync(join(box, "machine.json"), JSON.stringify({ name: "box", memoryMiB: 1200, nics }));
  writeFileSync(join(box, "user-data"), USER_DATA);
  await start();
  await lab("create", box, "--dir", directory);
}, BUILD);

afterAll(async () => {
  await lab("stop", "--dir", directory);
  rmSync(root, { recursive: true, force: true });
}, BOOT);

test("a guest fetched consul at its first boot, checked it, and it runs", async () => {
  expect(await onBox("consul version")).toMatch(/^Consul v1\.14\.11/);
});

withNomad(
  "a guest gets the nomad that VIPSTACK_NOMAD names, checks it by the lab's list, and it runs there",
  async () => {
    const sums = await onBox(`curl --fail --silent ${site}/SHA256SUMS`);
    expect(sums.split("\n").map((line) => line.split("  ")[1])).toEqual([consul, nomad]);
    const fetch = `cd /root; curl --fail --silent --remote-name ${site}/${nomad}; curl --fail --silent ${site}/SHA256SUMS | grep ${nomad} | sha256sum --check`;
    expect(await onBox(fetch)).toBe(`${nomad}: OK`);
    expect(await onBox(`chmod 755 /root/${nomad}; CHECKPOINT_DISABLE=1 /root/${nomad} version`)).toMatch(
      /^Nomad v1\.6\.3/,
    );
  },
  MINUTES,
);

test(
  "a release that can't be fetched: the lab says so, and builds the program",
  async () => {
    // One of Go's own programs, built as the lab builds a vendor's: only the sum of what comes out is not known before.
    const build = { sha256: "0".repeat(64), go: artefactOf("crane").build?.go ?? "", packages: ["cmd/addr2line"] };
    const release = { amd64: "1".repeat(64), arm64: "2".repeat(64) };
    const cache = process.env.XDG_CACHE_HOME;
    Object.assign(process.env, { XDG_CACHE_HOME: join(root, "cache"), VIPSTACK_RELEASES: "http://127.0.0.1:1" });
    try {
      const state = new LabState(join(root, "told"));
      mkdirSync(state.dir);
      const program = { ...artefactOf("crane", "0.0.1"), licence: "BSD-3-Clause", build, release };
      await expect(prepareProgram(program, new Progress(state, true))).rejects.toThrow(
        /^crane 0\.0\.1 was built with sha256 [0-9a-f]{64}, expected 0{64}$/,
      );
      expect(readFileSync(state.file("events.ndjson"), "utf8")).toMatch(
        /"127\.0\.0\.1:1 not reached \(curl: \(7\) [^"]*\): crane is built instead"/,
      );
    } finally {
      process.env.XDG_CACHE_HOME = cache;
      if (cache === undefined) delete process.env.XDG_CACHE_HOME;
      delete process.env.VIPSTACK_RELEASES;
    }
  },
  5 * MINUTES,
);

test("only what the lab's document names is served: no listing, no other file, not the lab's own tools", async () => {
  for (const path of [
    "",
    "constructor",
    "consul-template_0.41.1",
    "..%2f..%2fetc/passwd",
    "../../etc/passwd",
    artefactFile(artefactOf("crane")),
  ]) {
    const status = `curl --silent --path-as-is --output /dev/null --write-out '%{http_code}' ${site}/${path}`;
    expect(await onBox(status)).toBe("404");
  }
});

test(
  "busybox:1, nginx:stable, httpd and caddy are pulled by their usual names, say what they are, and serve",
  async () => {
    for (const name of ["busybox:1", "nginx:stable", "httpd", "httpd:2.4", "caddy"]) {
      await onBox(`docker pull --quiet ${name}`);
      const label = `docker inspect --format '{{index .Config.Labels "org.opencontainers.image.description"}}' ${name}`;
      expect(await onBox(label)).toContain("made by the vipstack lab");
    }
    expect(await onBox("docker run --rm busybox:1 echo hello")).toBe("hello");
    for (const [name, page] of [
      ["nginx:stable", "Welcome to nginx!"],
      ["httpd", "It works!"],
      ["caddy", "Caddy"],
    ] as const) {
      const answer = await onBox(`docker run --detach --rm --name web --publish 8080:80 ${name} > /dev/null
curl --silent --retry 20 --retry-delay 1 --retry-all-errors http://127.0.0.1:8080/
docker stop web > /dev/null`);
      expect(answer).toContain(page);
    }
    // The command line of Nomad's tutorials.
    const httpd = "docker run --detach --rm --name web --publish 8001:8001 busybox:1 httpd -v -f -p 8001 -h /etc";
    expect(
      await onBox(
        `${httpd} > /dev/null; curl --silent --retry 20 --retry-delay 1 --retry-all-errors 127.0.0.1:8001/group; docker stop web > /dev/null`,
      ),
    ).toContain("www-data");
  },
  BOOT,
);

test(
  "an image that the user has is pulled by its name; also after the registry was killed",
  async () => {
    const archive = join(root, "app.tar");
    const saved = await execa(
      "ssh",
      ["-F", join(directory, "ssh_config"), "box", "docker tag busybox:1 me/app:1 && docker save me/app:1"],
      { encoding: null },
    );
    writeFileSync(archive, saved.stdout);
    try {
      expect(await lab("image", "add", "me/app:1", archive, "--dir", directory)).toContain("in the registry");
      expect(await lab("image", "list")).toContain("me/app:1  added");
      const pull =
        "docker image rm me/app:1 > /dev/null; docker pull --quiet me/app:1; docker run --rm me/app:1 echo mine";
      expect(await onBox(pull)).toContain("mine");
      killAll(await processesNaming(join(directory, "registry")));
      expect(await start()).toMatch(/container registry on port 5000: .*me\/app:1/);
      expect(await onBox(pull)).toContain("mine");
    } finally {
      await lab("image", "remove", "me/app:1");
    }
  },
  BOOT,
);

test("stop leaves no file and no process", async () => {
  await lab("stop", "--dir", directory);
  expect(existsSync(directory) ? readdirSync(directory) : []).toEqual([]);
  expect(await processesNaming(directory)).toEqual([]);
});
