import { untilSignal } from "../../../scripts/bench/until-signal";

const NEVER = new Promise<never>(() => undefined);

test("a signal ends the work, once all is tidied up; a second one does not end that", async () => {
  const done: string[] = [];
  const working = untilSignal(
    () => NEVER,
    async () => {
      process.emit("SIGINT", "SIGINT");
      await Promise.resolve();
      done.push("tidied up");
    },
  ).catch((error: unknown) => done.push(String(error)));
  process.emit("SIGTERM", "SIGTERM");
  await working;
  expect(done).toEqual(["tidied up", "Error: interrupted by SIGTERM"]);
  expect(process.listenerCount("SIGTERM")).toBe(0);
});

test.each([
  ["what it gives", () => Promise.resolve(7), 7],
  ["why it failed", () => Promise.reject(new Error("no answer")), "no answer"],
])("without a signal: %s", async (_, work, expected) => {
  let tidied = false;
  const result = await untilSignal<number>(work, () => {
    tidied = true;
    return Promise.resolve();
  }).catch((error: unknown) => (error as Error).message);
  expect(result).toBe(expected);
  expect(tidied).toBe(true);
});
