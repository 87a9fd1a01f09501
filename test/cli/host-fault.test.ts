import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import { CliError } from "../../cli/errors";
import { hostFault, WrittenFolder } from "../../cli/host-fault";
import { IN_OWN_MOUNTS, withMounts } from "../support/mounts";
import { thrownBy } from "../support/thrown";

const folder = mkdtempSync(join(tmpdir(), "vipstack-host-fault-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const state: WrittenFolder = { what: "state folder", path: folder, setting: "VIPSTACK_STATE" };
// A file system without any room.
const full: WrittenFolder = { what: "output folder", path: "/proc", setting: "VIPSTACK_STATE" };

const denied = (path: string): Error =>
  Object.assign(new Error(`EACCES: permission denied, open '${path}'`), { code: "EACCES", syscall: "open", path });

test("of a full disk the folders without room are named, with the setting that moves them", () => {
  const error = thrownBy(() => {
    writeFileSync("/dev/full", "text");
  });
  expect(hostFault(error, [state, full])).toEqual(new CliError("no space is left for the output folder /proc", ""));
  expect(hostFault(error, [state, full])?.cure).toBe(
    "free some (look: df -h /proc), or use another one: VIPSTACK_STATE=FOLDER; then run this again",
  );
  expect(hostFault(error, [state])?.message).toBe("no space is left on this host");
});

test.each([
  ["a file in the place of a folder", "a part of the path is a file, not a folder"],
  ["a folder of another user", "permission denied"],
])("%s is named with its path and the folder's setting", (what, reason) => {
  const path = join(folder, "file", "below");
  writeFileSync(join(folder, "file"), "");
  const error = what.includes("file") ? thrownBy(() => mkdirSync(path, { recursive: true })) : denied(path);
  const fault = hostFault(error, [state]);
  expect(fault?.message).toBe(`${path}, in the state folder, can't be written: ${reason}`);
  expect(fault?.cure).toBe(
    `make it writable (look: ls -ld ${join(folder, "file")}), or use another one: VIPSTACK_STATE=FOLDER; then run this again`,
  );
});

test("a folder of temporary files that is not there is said", () => {
  const temporary = { what: "folder of temporary files", path: join(folder, "gone"), setting: "TMPDIR" };
  const error = thrownBy(() => mkdtempSync(join(folder, "gone", "plan-")));
  expect(hostFault(error, [temporary])?.message).toBe(
    `${join(folder, "gone", "plan-XXXXXX")}, in the folder of temporary files, can't be written: there is no such folder`,
  );
});

test("what Terraform printed stays, and is explained", () => {
  const printed = `Error: Failed to persist state to backend\nopen ${folder}/machines.tfstate: permission denied`;
  expect(hostFault(new CliError(printed, "fix it"), [state])?.message).toBe(
    `${printed}\n${folder}/machines.tfstate, in the state folder, can't be written: permission denied`,
  );
  const noRoom = "Error: write /x/machines.tfstate: no space left on device";
  expect(hostFault(new CliError(noRoom, "fix it"), [full])?.message).toBe(
    `${noRoom}\nno space is left for the output folder /proc`,
  );
});

test.each([
  ["a file of the user's that a program can't read", new CliError("EACCES: permission denied, open '/home/key'", "")],
  ["a login", new CliError("web: Permission denied (publickey)", "")],
  ["a fault that the lab has explained", new CliError("error: ENOSPC\n  what to do: free some", "")],
  ["a mistake of this program", new TypeError("x is not a function")],
  ["no error at all", undefined],
])("%s is left as it is", (_, error) => {
  expect(hostFault(error, [state, full])).toBeUndefined();
});

withMounts.each([
  ["a full file system", "size=64k", "no space is left for the state folder"],
  ["a read-only file system", "ro", "in the state folder, can't be written: its file system is read-only"],
])(
  "%s ends a command with path and cure, without a stack trace",
  async (_, options, message) => {
    const command = join(__dirname, "..", "..", "dist", "cli", "vipstack.js");
    const script = `mount -t tmpfs -o ${options} tmpfs "$VIPSTACK_STATE" && exec node "${command}" plan three-machines`;
    const [file, ...words] = [...IN_OWN_MOUNTS, "sh", "-c", script];
    const env = { VIPSTACK_STATE: folder };
    const { exitCode, all = "" } = await execa(file, words, { all: true, reject: false, env });
    expect(exitCode).toBe(1);
    expect(all).toContain(message);
    expect(all).toContain(
      `(look: ${options === "ro" ? "ls -ld" : "df -h"} ${folder}), or use another one: VIPSTACK_STATE=FOLDER`,
    );
    expect(all).not.toMatch(/^ {4}at /m);
  },
  60_000,
);
