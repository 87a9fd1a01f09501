/** A failure that a person can act on: what is wrong, and what to do about it. Printed as two short lines, without a stack. */
export class LabError extends Error {
  constructor(
    message: string,
    readonly cure: string,
  ) {
    super(message);
    this.name = "LabError";
  }
}

/** Text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system error (ENOENT, EADDRINUSE, …), if it has one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
