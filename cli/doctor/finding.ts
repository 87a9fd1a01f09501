/** Output of a command that shows a fault. */
export interface Evidence {
  readonly machine: string;
  /** Command that shows the same on that machine. */
  readonly command: string;
  readonly lines: readonly string[];
}

/** A reason why a virtual service does not answer, or answers late. */
export interface Finding {
  /** Name of its cause; the same in every release. */
  readonly name: string;
  /** One sentence. */
  readonly cause: string;
  readonly evidence: readonly Evidence[];
  /** Commands to run, or changes of the program. */
  readonly cure: readonly string[];
}

/** Longest line of evidence that is printed; `--json` has all of it. */
const WIDTH = 160;

/** Cause, evidence and cure as indented lines. */
export function findingText({ name, cause, evidence, cure }: Finding): string {
  return [
    `  Cause     ${cause} [${name}]`,
    ...evidence.flatMap(({ machine, command, lines }, index) => [
      `  ${index === 0 ? "Evidence" : "        "}  ${machine}# ${command}`,
      ...lines.map((line) => `              ${line.slice(0, WIDTH)}`),
    ]),
    ...cure.map((line, index) => `  ${index === 0 ? "Cure    " : "        "}  ${line}`),
  ].join("\n");
}
