// Terraform has its errors as JSON only where it is run with -json, which cdktf does not do.

/** Columns at which Terraform wraps text that does not go to a terminal. */
const WRAPS_AT = 79;
/** Lines of a command's output that are shown. */
const LAST_LINES = 20;
const ERROR = /^(\S+ +| *)Error: (.*)$/;
/** Where in the program it is, in files that the user has not written. */
const PLACE = /^ *(?:on \S+ line \d+|\d+:)/;
/** Terraform's own text goes on with arguments that `vipstack` does not take. */
const UNSET = /input variable "([^"]+)" is not set/;
const RESOURCE = /^ *with (\S+?)(?: \(.*\))?,$/;

/**
 * Why a deployment failed: each of Terraform's own errors once, unwrapped, with its resource; of a command that failed what it printed.
 *
 * @param output of cdktf, which frames Terraform's lines with the stack's name
 * @returns the end of the output where there are none
 */
export function terraformErrors(output: string): string {
  const lines = output.trimEnd().split("\n");
  const starts = lines.flatMap((line, index) => (ERROR.test(line) ? [index] : []));
  if (starts.length === 0) return lines.slice(-30).join("\n");
  const errors = starts.map((start, index) => errorText(lines, start, starts[index + 1] ?? lines.length));
  return [...new Set(errors)].join("\n");
}

function errorText(lines: readonly string[], start: number, next: number): string {
  const [, frame = "", summary = ""] = ERROR.exec(lines[start] ?? "") ?? [];
  const end = lines.findIndex((line, index) => index > start && /Stacks? deploying/.test(line));
  const own = lines
    .slice(start + 1, end < 0 ? next : Math.min(end, next))
    .map((line) => line.slice(frame.length).trimEnd());
  const resource = own.flatMap((line) => RESOURCE.exec(line)?.[1] ?? [])[0];
  const body = unwrapped(own.filter((line) => !RESOURCE.test(line) && !PLACE.test(line)));
  const variable = UNSET.exec(body.join(" "))?.[1];
  if (variable !== undefined) return `Error: ${summary}: ${variable}\n  set TF_VAR_${variable} in the environment`;
  if (resource !== undefined && summary === "local-exec provisioner error") {
    const code = /: (exit status \d+|signal: \w+)/.exec(body.join(" "))?.[1] ?? "failed";
    const printed = printedBy(lines.slice(0, start), resource);
    if (printed.length > 0) return [`Error: the command of ${resource}: ${code}`, ...printed.map(indented)].join("\n");
  }
  return [`Error: ${summary}${resource === undefined ? "" : ` (${resource})`}`, ...body.map(indented)].join("\n");
}

/** What the last command of a resource printed. Terraform shows that as it comes, and repeats it wrapped in its error. */
function printedBy(lines: readonly string[], resource: string): string[] {
  const own = lines.flatMap((line) => {
    const [, name, text = ""] = /(\S+)(?: \([^)]*\))? \(local-exec\): (.*)$/.exec(line) ?? [];
    return name === resource ? [text] : [];
  });
  const from = own.reduce((last, text, index) => (text.startsWith("Executing: [") ? index : last), -1);
  return own.slice(from + 1).slice(-LAST_LINES);
}

/** Paragraphs in one line each. Terraform does not wrap lines that are indented. */
function unwrapped(lines: readonly string[]): string[] {
  const paragraphs: string[] = [];
  let before = "";
  for (const line of lines) {
    const [word = ""] = line.split(" ");
    const continues = before !== "" && !/^\s|^$/.test(line) && before.length + 1 + word.length > WRAPS_AT;
    if (continues) paragraphs.push(`${paragraphs.pop() ?? ""} ${line}`);
    else if (line !== "") paragraphs.push(line);
    before = line;
  }
  return paragraphs;
}

function indented(line: string): string {
  return `  ${line}`;
}
