/** A failure that the user can act on: what is wrong, and what to do about it. Printed as two short lines, without a stack. */
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
  return hasField(error, "message") ? String(error.message) : String(error);
}

/** The `code` of a system error (ENOENT, EADDRINUSE, …), if it has one. */
export function codeOf(error: unknown): string | undefined {
  return hasField(error, "code") ? String(error.code) : undefined;
}

// Not "instanceof Error": errors of Node's own modules belong to another realm under jest.
function hasField<K extends string>(error: unknown, field: K): error is Record<K, unknown> {
  return typeof error === "object" && error !== null && field in error;
}
