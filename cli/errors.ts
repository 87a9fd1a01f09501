/** An error that the user can correct: what is wrong, and what to do. Printed without a stack trace. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly cure: string,
  ) {
    super(message);
    this.name = "CliError";
  }
}
