import execa from "execa";

/** How long a site may take to answer at all; after that the next source is taken. */
const ANSWER_LIMIT_S = 5;
/** A download that stands still for so long counts as lost. */
const STALL_LIMIT_S = 30;
/** Curl's word for an answer of 400 and above. */
const HTTP_ERROR = 22;

/** A site could not give what was asked; another source may. */
export class NotReached extends Error {}

/** Fetches a file. @throws NotReached */
export async function download(url: string, file: string, signal?: AbortSignal): Promise<void> {
  const limits = ["--connect-timeout", String(ANSWER_LIMIT_S), "--speed-limit", "1", "--speed-time"];
  await curl(url, ["--fail", ...limits, String(STALL_LIMIT_S), "--output", file], signal);
}

/**
 * Why a site is not reached; undefined where it answers. One short question.
 *
 * @param options.file whether its answer must be that it has the file. @default false
 */
export async function siteProblem(url: string, options: { file?: boolean } = {}): Promise<string | undefined> {
  const words = ["--head", "--output", "/dev/null", "--max-time", String(ANSWER_LIMIT_S)];
  try {
    await curl(url, [...(options.file ? ["--fail"] : []), ...words]);
    return undefined;
  } catch (error) {
    if (error instanceof NotReached) return error.message;
    throw error;
  }
}

/** Curl, because it goes the way that this host goes: by its proxy, with its certificates. */
async function curl(url: string, words: readonly string[], signal?: AbortSignal): Promise<void> {
  const always = ["--silent", "--show-error", "--location"];
  const site = new URL(url).host;
  const child = execa("curl", [...always, ...words, url], { stdin: "ignore" });
  const stop = (): void => {
    child.kill();
  };
  signal?.addEventListener("abort", stop);
  try {
    await child;
  } catch (error) {
    const { exitCode, stderr = "", code } = error as { exitCode?: number; stderr?: string; code?: string };
    if (code === "ENOENT") throw new NotReached(`${site} not asked, as curl is not installed (apt-get install curl)`);
    const said = stderr.trim().split("\n").at(-1) ?? "";
    throw new NotReached(
      exitCode === HTTP_ERROR ? `${site} has no such file (${said})` : `${site} not reached (${said})`,
    );
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
