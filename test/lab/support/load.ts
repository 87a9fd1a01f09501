import execa from "execa";

export interface LoadResult {
  readonly held: number;
  readonly heldLost: number;
  readonly newAnswered: number;
  /** What went wrong with each new connection that failed. */
  readonly newFailed: readonly string[];
}

/** What http-load.py says. */
export interface RequestsResult {
  /** How many got each answer with status 200. */
  readonly answers: Readonly<Record<string, number>>;
  /** Seconds. */
  readonly slowest: number;
  /** The longest time in which no client got an answer with status 200, in seconds. */
  readonly silence: number;
  /** Seconds after its start, and for how many. */
  readonly failures: readonly { readonly at: number; readonly took: number; readonly problem: string }[];
}

/** How many requests were answered. */
export function answeredOf({ answers }: RequestsResult): number {
  return Object.values(answers).reduce((sum, count) => sum + count, 0);
}

/** How many requests were lost of how many, and in which time. */
export function lossOf(result: RequestsResult): string {
  const { failures, slowest } = result;
  const kinds = [...new Set(failures.map(({ problem }) => problem.replace(/\(.*/, "")))].join(", ");
  const end = Math.max(...failures.map(({ at, took }) => at + took));
  const seconds = (end - Math.min(...failures.map(({ at }) => at))).toFixed(1);
  const lost = failures.length === 0 ? "none lost" : `${failures.length} lost within ${seconds} s (${kinds})`;
  return `${answeredOf(result) + failures.length} requests, ${lost}, the slowest took ${slowest} s`;
}

/** A load that runs on a machine; see load.py and http-load.py. */
export class Load<Result> {
  /** How many requests were answered a second ago; load.py does not tell. */
  answered = 0;
  private readonly isReady: Promise<void>;

  constructor(private readonly running: execa.ExecaChildProcess) {
    this.isReady = new Promise<void>((resolve, reject) => {
      running.stdout?.on("data", (chunk: Buffer) => {
        const text = chunk.toString();
        if (text.includes("ready")) resolve();
        this.answered = Number([...text.matchAll(/answered (\d+)\n/g)].at(-1)?.[1] ?? this.answered);
      });
      running.catch(reject);
    });
    // One that is stopped before that is no failure of its own.
    this.isReady.catch(() => undefined);
  }

  /** Once every client has its first answer. */
  async ready(): Promise<void> {
    await this.isReady;
  }

  /** Ends it. @returns what it says was answered and lost */
  async finish(): Promise<Result> {
    this.running.stdin?.end();
    const { stdout } = await this.running;
    return JSON.parse(stdout.split("\n").at(-1) ?? "") as Result;
  }

  /** Ends it without a result. */
  stop(): void {
    this.running.kill("SIGKILL");
  }
}
