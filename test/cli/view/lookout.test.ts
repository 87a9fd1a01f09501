import { Lookout } from "../../../cli/view/lookout";

test("it looks while it is watched only, each look after the last one has ended", async () => {
  jest.useFakeTimers();
  const ends: (() => void)[] = [];
  const lookout = new Lookout(() => new Promise((resolve) => ends.push(resolve)), 2000);
  const end = async (): Promise<void> => {
    ends.at(-1)?.();
    await jest.advanceTimersByTimeAsync(0);
  };
  await jest.advanceTimersByTimeAsync(10_000);
  expect(ends).toHaveLength(0);
  lookout.start();
  expect(ends).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(10_000);
  expect(ends).toHaveLength(1);
  await end();
  await jest.advanceTimersByTimeAsync(1999);
  expect(ends).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(1);
  expect(ends).toHaveLength(2);
  // A page that is loaded again closes and opens while a look runs.
  lookout.stop();
  lookout.start();
  expect(ends).toHaveLength(2);
  await end();
  await jest.advanceTimersByTimeAsync(2000);
  expect(ends).toHaveLength(3);
  await end();
  lookout.stop();
  await jest.advanceTimersByTimeAsync(10_000);
  expect(ends).toHaveLength(3);
  lookout.start();
  expect(ends).toHaveLength(4);
  jest.useRealTimers();
});
