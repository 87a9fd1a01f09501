import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import { LabError } from "../../lab/errors";
import { hostFault } from "../../lab/host-fault";
import { IN_OWN_MOUNTS, withMounts } from "../support/mounts";
import { thrownBy } from "../support/thrown";

const folder = mkdtempSync(join(tmpdir(), "vipstack-lab-fault-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("a path that can't be written is named, with the option that moves the lab", () => {
  writeFileSync(join(folder, "file"), "");
  const path = join(folder, "file", "guests");
  const fault = hostFault(
    thrownBy(() => mkdirSync(path, { recursive: true })),
    join(folder, "file"),
  );
  expect(fault).toEqual(new LabError(`${path} can't be written: a part of the path is a file, not a folder`, ""));
  expect(fault?.cure).toContain(`make it writable (look: ls -ld ${join(folder, "file")}), or use another folder: `);
});

test("a full disk that a program has met is named by what it said", () => {
  const said = "Command failed: mke2fs\nmke2fs: No space left on device\nmore";
  expect(hostFault(new Error(said), "/proc")?.message).toBe(
    "no space is left for /proc: mke2fs: No space left on device",
  );
});

test("other errors are left as they are", () => {
  expect(hostFault(new LabError("no machine", "create one"))).toBeUndefined();
  expect(hostFault(new TypeError("x is not a function"))).toBeUndefined();
});

withMounts.each([
  ["a full file system", "size=8k", "no space is left for", "df -h"],
  ["a read-only file system", "ro", "can't be written: its file system is read-only", "ls -ld"],
])("%s below the cache ends a command with path and cure", async (_, options, message, look) => {
  writeFileSync(join(folder, "consul"), Buffer.alloc(64_000));
  const cache = join(folder, "cache");
  mkdirSync(cache, { recursive: true });
  const lab = join(__dirname, "..", "..", "dist", "lab", "vipstack-lab.js");
  const script = `mount -t tmpfs -o ${options} tmpfs "$XDG_CACHE_HOME" && exec node "${lab}" program add consul ${folder}/consul`;
  const [file, ...words] = [...IN_OWN_MOUNTS, "sh", "-c", script];
  const { exitCode, all = "" } = await execa(file, words, {
    all: true,
    reject: false,
    env: { XDG_CACHE_HOME: cache },
  });
  expect(exitCode).toBe(1);
  expect(all).toContain(message);
  expect(all).toContain(`(look: ${look} ${cache}`);
  expect(all).toContain("or use another folder: XDG_CACHE_HOME=FOLDER");
  expect(all).not.toContain("VIPSTACK_DEBUG");
});
