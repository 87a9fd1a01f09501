// Imported before anything else: libraries look once, when they are loaded, whether to write colours (https://no-color.org).
withoutColours();

/**
 * `NO_COLOR` is respected, and pipes and files get no colours, unless a user's `FORCE_COLOR` asks for them. Programs that are started see the
 * same.
 */
export function withoutColours(
  environment: NodeJS.ProcessEnv = process.env,
  terminal: { isTTY?: boolean } = process.stdout,
): void {
  const { NO_COLOR, FORCE_COLOR } = environment;
  const isPlain = FORCE_COLOR === "0" || (FORCE_COLOR === undefined && !terminal.isTTY);
  if (!NO_COLOR && !isPlain) return;
  environment.NO_COLOR ||= "1";
  // listr2 writes colours everywhere else.
  environment.LISTR_DISABLE_COLOR = "1";
}
