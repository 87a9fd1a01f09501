/** Deadlines in ms, generous: these tests also run on machines that are busy with other things. */
export const BOOT = 600_000;
export const MINUTES = 60_000;

/** Waits until that is so. @returns the seconds that it took */
export async function secondsUntil(check: () => Promise<void>, deadlineMs = 3 * MINUTES): Promise<number> {
  const started = Date.now();
  await eventually(check, deadlineMs);
  return secondsSince(started);
}

/** @param started what `Date.now()` was. @returns with one digit after the point */
export function secondsSince(started: number): number {
  return Math.round((Date.now() - started) / 100) / 10;
}

/** Tries until `check` passes or the deadline is over; then its last failure is the test's. */
export async function eventually(check: () => Promise<void> | void, deadlineMs = 60_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
