import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError } from "../../cli/errors";
import { Login, quoted } from "../../cli/login";

/** A machine whose login is a command of this host. */
function machine(command = "env GREETING=hello sh -s", environment?: Record<string, string>): Login {
  return Login.to({ machines: [{ name: "web", addresses: [], roles: [], shell: { command, environment } }] }, "web");
}

test("a login as a user types it has no script, may ask questions, and no sudo", () => {
  expect(machine("ssh -F x -o BatchMode=yes web sudo -n sh -s").command).toBe("ssh -F x web");
  expect(machine("orb -m web -u root sh -s").command).toBe("orb -m web -u root");
});

test("shell text gets the login's environment and is answered with what it printed", async () => {
  expect(await machine("sh -s", { GREETING: "hi" }).run('echo "$GREETING"')).toBe("hi\n");
});

test("a script that fails is an error with what it said and the login to try", async () => {
  const error = await machine()
    .run("echo no such table >&2; exit 3")
    .catch((reason: unknown) => reason);
  expect(error).toEqual(new CliError("a command on web failed: no such table", ""));
  expect((error as CliError).cure).toBe("try the login: env GREETING=hello");
});

test("how a login ended is told whatever happens, also where it ends before it has read the script", async () => {
  expect(await machine().ask("echo out; echo err >&2; exit 7")).toEqual({
    exitCode: 7,
    stdout: "out\n",
    stderr: "err\n",
  });
  expect(await machine("exit 255;").ask("#".repeat(1_000_000))).toEqual({ exitCode: 255, stdout: "", stderr: "" });
});

test.each([
  ["everything", { seconds: 0.2 }, 0.2],
  ["the first output", { firstSeconds: 0.2, seconds: 30 }, 0.2],
])(
  "a limit of %s ends a login that does not answer, and what it started does not hold this process",
  async (_, limits, missed) => {
    // The shell goes on in a process that keeps both outputs open.
    expect(await machine("sleep 5 & sh -s").ask("sleep 5", limits)).toEqual({ stdout: "", stderr: "", missed });
  },
);

test("after the first output its limit is over", async () => {
  const result = await machine().ask("echo in; sleep 0.4; echo out", { firstSeconds: 0.2, seconds: 30 });
  expect(result).toEqual({ exitCode: 0, stdout: "in\nout\n", stderr: "" });
});

test("ssh gets a limit of its own; other logins are as they are", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-login-"));
  for (const program of ["ssh", "orb"])
    writeFileSync(join(folder, program), `#!/bin/sh\necho "$0 $*" | sed 's/.*\\///'\n`, { mode: 0o755 });
  const environment = { PATH: `${folder}:${process.env.PATH ?? ""}` };
  const say = async (command: string): Promise<string> =>
    (await machine(command, environment).ask("", { connectSeconds: 9 })).stdout;
  expect(await say("ssh web sh -s")).toBe("ssh -o ConnectTimeout=9 web sh -s\n");
  expect(await say("orb -m ssh sh -s")).toBe("orb -m ssh sh -s\n");
  rmSync(folder, { recursive: true });
});

test("an open login runs what is written until its input ends", async () => {
  const { input, output, ended } = machine().start();
  const first = new Promise<string>((resolve) =>
    output.once("data", (text: Buffer) => {
      resolve(text.toString());
    }),
  );
  input.write("echo listening\n");
  expect(await first).toBe("listening\n");
  input.end("echo end\n");
  expect(await ended).toEqual({ exitCode: 0, stdout: "listening\nend\n", stderr: "" });
});

test("there is no login to a machine that the deployment does not have", () => {
  expect(() => Login.to({ machines: [] }, "web")).toThrow("there is no machine 'web'");
});

test.each(["plain", "two words", "it's", '$HOME `id` \\ "\n'])("%j reaches a command as it is", (word) => {
  expect(spawnSync("sh", ["-c", `printf %s ${quoted(word)}`], { encoding: "utf8" }).stdout).toBe(word);
});
