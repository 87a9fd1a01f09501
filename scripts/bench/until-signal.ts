import { setTimeout as sleep } from "node:timers/promises";

/** A signal for a whole process group reaches some of it later, and would also end what has been started meanwhile to tidy up. */
const GROUP_MILLISECONDS = 500;

/**
 * Works until Ctrl-C or SIGTERM comes, and tidies up afterwards in any case. A further signal does not end that.
 *
 * @throws Error as soon as there is a signal and all is tidied up; what the work still waits for is left to the caller
 */
export async function untilSignal<T>(work: () => Promise<T>, tidyUp: () => Promise<void>): Promise<T> {
  let interrupt: (signal: NodeJS.Signals) => void = () => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = (signal) => {
      const error = new Error(`interrupted by ${signal}`);
      void sleep(GROUP_MILLISECONDS).then(() => {
        reject(error);
      });
    };
  });
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    return await Promise.race([work(), interrupted]);
  } finally {
    await tidyUp();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}
