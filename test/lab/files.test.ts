import execa from "execa";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { setTimeout as sleep } from "timers/promises";
import { withLock } from "../../lab/files";

// Each lock starts a process, which takes its time on a busy machine.
jest.setTimeout(60_000);

describe("a lock", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-lock-"));
  const file = path.join(folder, "lock");
  afterAll(() => {
    fs.rmSync(folder, { recursive: true });
  });

  const holders = async (): Promise<string> =>
    (await execa("pgrep", ["-f", `flock.*${file}`], { reject: false })).stdout;

  test("lets one in at a time, and leaves no process behind", async () => {
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 5 }, () =>
        withLock(file, async () => {
          most = Math.max(most, ++inside);
          await sleep(5);
          inside--;
        }),
      ),
    );
    expect(most).toBe(1);
    await expect(holders()).resolves.toBe("");
  });

  test("tells that another process holds it, and is free when that one dies", async () => {
    const other = execa("flock", [file, "sh", "-c", "echo held; exec sleep 600"], { detached: true, reject: false });
    await new Promise((resolve) => other.stdout?.once("data", resolve));
    const waiting = jest.fn(() => process.kill(-(other.pid ?? 0), "SIGKILL"));
    await expect(withLock(file, () => Promise.resolve("done"), waiting)).resolves.toBe("done");
    expect(waiting).toHaveBeenCalledTimes(1);
    await other;
  });

  test("is given back when the work fails", async () => {
    await expect(withLock(file, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await expect(holders()).resolves.toBe("");
  });
});
