import { setTimeout as sleep } from "timers/promises";
import { spawn } from "child_process";
import * as fs from "fs";
import { isAlive, orphans, parseRecord, parseStat, recordOf } from "../../lab/processes";

test("the stat line of a process whose name holds blanks and brackets is read right", () => {
  const fields = ["S", ...Array.from({ length: 18 }, (_, index) => String(index)), "4711", "more"];
  expect(parseStat(`42 (a) b) ${fields.join(" ")}`)).toEqual({ state: "S", startTime: "4711", session: 2 });
});

test("a process is known by its start, so a recycled id is not taken for it", () => {
  const self = recordOf(process.pid)!;
  expect(isAlive(self)).toBe(true);
  expect(isAlive({ ...self, startTime: "1" })).toBe(false);
  expect(isAlive({ ...self, bootId: "an earlier boot" })).toBe(false);
  expect(isAlive({ ...self, pid: 2 ** 22 + 1 })).toBe(false);
  expect(isAlive(undefined)).toBe(false);
});

test("a dead process that was not waited for is dead", async () => {
  // The shell becomes sleep, which never waits for its child; the child ends with its standard input.
  const parent = spawn("sh", ["-c", "exec 3<&0; cat <&3 & echo $!; exec sleep 20"]);
  const pid = Number(await new Promise<Buffer>((resolve) => parent.stdout.once("data", resolve)));
  const record = recordOf(pid);
  expect(isAlive(record)).toBe(true);
  parent.stdin.end();
  for (let tries = 0; isAlive(record) && tries < 100; tries++) await sleep(20);
  expect(fs.readFileSync(`/proc/${pid}/stat`, "utf8")).toContain(") Z ");
  expect(isAlive(record)).toBe(false);
  parent.kill("SIGKILL");
});

test("a record that can't be read is no record", () => {
  for (const text of [undefined, "", "{", "{}", '{"pid":1,"startTime":"1"}', '{"pid":"5"}', "null"]) {
    expect(parseRecord(text)).toBeUndefined();
  }
});

test("what a killed process leaves in its session is found, and nothing else", async () => {
  const leader = spawn("sh", ["-c", "sh -c 'sleep 30 & exec sleep 31' mark & echo $!; exec sleep 32"], {
    detached: true,
  });
  await new Promise<Buffer>((resolve) => leader.stdout.once("data", resolve));
  const record = recordOf(leader.pid!)!;
  expect(orphans(record, "sleep")).toEqual([]);
  leader.kill("SIGKILL");
  for (let tries = 0; isAlive(record) && tries < 100; tries++) await sleep(20);
  // A process that was forked and has not become its program yet still has the shell's command line.
  for (let tries = 0; orphans(record, "31").length !== 1 && tries < 100; tries++) await sleep(20);
  expect(orphans(record, "31")).toHaveLength(1);
  expect(orphans(record, "sleep")).toHaveLength(2);
  expect(orphans({ ...record, bootId: "an earlier boot" }, "sleep")).toEqual([]);
  for (const pid of orphans(record, "sleep")) process.kill(pid, "SIGKILL");
  for (let tries = 0; orphans(record, "sleep").length > 0 && tries < 100; tries++) await sleep(20);
  expect(orphans(record, "sleep")).toEqual([]);
});
