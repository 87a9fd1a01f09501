/** Something a person can mend: what is wrong, and what to do. Printed without a stack trace. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly cure: string,
  ) {
    super(message);
    this.name = "CliError";
  }
}
