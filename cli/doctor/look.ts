import { DeploymentDescription } from "../../constructs/deployment";
import { Login, LoginResult, quoted } from "../login";
import { Evidence } from "./finding";

/** A command whose output is looked at. */
export interface Look {
  readonly machine: string;
  /** Command that a user can type to see the same. */
  readonly command: string;
  /** Shell text that is run. @default - the command itself */
  readonly script?: string;
  /** Whether it runs until the input of the login ends. @default false */
  readonly follows?: boolean;
}

/** What a command printed, on both outputs. */
export interface Output {
  readonly exitCode: number;
  readonly lines: readonly string[];
}

/** Everything that was seen: machine to command to output. If a login failed, the machine has only {@link LOGIN}, with the reason. */
export type Seen = Readonly<Record<string, Readonly<Record<string, Output>>>>;

/** The key in {@link Seen} of a login that failed. */
export const LOGIN = "login";

/** Command that only shows that a login is possible. */
export const NOTHING = "true";

/** What was seen, in the forms that causes need. */
export class Facts {
  constructor(readonly seen: Seen) {}

  /** Whether the login succeeded. */
  reached(machine: string): boolean {
    return this.seen[machine] !== undefined && this.seen[machine][LOGIN] === undefined;
  }

  output(machine: string, command: string): Output | undefined {
    return this.seen[machine]?.[command];
  }

  /** Lines of an output; none if nothing was seen. */
  lines(machine: string, command: string, pattern: RegExp = /./): readonly string[] {
    return (this.output(machine, command)?.lines ?? []).filter((line) => pattern.test(line));
  }

  /** Whether a command printed such a line. */
  has(machine: string, command: string, pattern: RegExp): boolean {
    return this.lines(machine, command, pattern).length > 0;
  }

  /** Whether a command succeeded, so that a line which it did not print is really absent. */
  knows(machine: string, command: string): boolean {
    return this.output(machine, command)?.exitCode === 0;
  }

  /** Value of a kernel setting that `sysctl` printed. */
  setting(machine: string, command: string, key: string): number | undefined {
    const line = this.lines(machine, command).find((one) => one.startsWith(`${key} = `));
    return line === undefined ? undefined : Number(line.split(" = ")[1]);
  }

  /** At most `most` lines of an output that match, as evidence. */
  evidence(machine: string, command: string, pattern: RegExp = /./, most = 6): Evidence {
    const lines = this.lines(machine, command, pattern).slice(0, most);
    return { machine, command, lines: lines.length > 0 ? lines : ["(no such line)"] };
  }

  /** These facts and what was seen later. */
  and(more: Seen): Facts {
    const machines = [...new Set([...Object.keys(this.seen), ...Object.keys(more)])];
    return new Facts(Object.fromEntries(machines.map((name) => [name, { ...this.seen[name], ...more[name] }])));
  }
}

/** Looks at all machines at once, with one login for each, because a login takes most of the time. */
export async function lookAt(deployment: DeploymentDescription, looks: readonly Look[]): Promise<Facts> {
  const machines = [...new Set(looks.map(({ machine }) => machine))];
  const outputs = machines.map(async (machine): Promise<Seen> => {
    const own = new Map(looks.filter((one) => one.machine === machine).map((one) => [one.command, one]));
    const { printed, failure } = await runScript(deployment, machine, lookScript([...own.values()]));
    return { [machine]: failure === undefined ? parseOutputs(printed, [...own.keys()]) : { [LOGIN]: failure } };
  });
  return new Facts(Object.assign({}, ...(await Promise.all(outputs))) as Seen);
}

/** One script for many commands. The output of each is between two lines that begin with a control character. */
export function lookScript(looks: readonly Look[]): string {
  return [
    `look() { printf '\\036%s\\n' "$1"; timeout 40 sh -c "$2" </dev/null 2>&1; printf '\\n\\036=%s\\n' "$?"; }`,
    // It ends with the script's own input, so it gets that.
    `follow() { printf '\\036%s\\n' "$1"; sh -c "$2" 2>&1; printf '\\n\\036=%s\\n' "$?"; }`,
    ...looks.map(
      ({ command, script = command, follows }, index) => `${follows ? "follow" : "look"} ${index} ${quoted(script)}`,
    ),
    "",
  ].join("\n");
}

/** @param commands in the order of the script */
export function parseOutputs(printed: string, commands: readonly string[]): Readonly<Record<string, Output>> {
  const outputs = new Map<string, Output>();
  // eslint-disable-next-line no-control-regex -- the separator that the script prints
  for (const [, index, text = "", exitCode] of printed.matchAll(/^\x1e(\d+)\n([^]*?)\n\x1e=(\d+)$/gm)) {
    const lines = text.split("\n").filter((line) => line !== "");
    outputs.set(commands[Number(index)] ?? "", { exitCode: Number(exitCode), lines });
  }
  return Object.fromEntries(outputs);
}

/** Limit of a login, and of everything that is looked at after it. */
const LOGIN_SECONDS = 30;
const LOOK_SECONDS = 120;

async function runScript(
  { machines }: DeploymentDescription,
  name: string,
  input: string,
): Promise<{ printed: string; failure?: Output }> {
  const machine = machines.find((one) => one.name === name);
  if (machine === undefined)
    return { printed: "", failure: { exitCode: 1, lines: ["this deployment has no such machine"] } };
  const limits = { firstSeconds: LOGIN_SECONDS, seconds: LOOK_SECONDS };
  const result = await new Login(machine).ask(`printf '\\036in\\n'\n${input}`, limits);
  return result.exitCode === 0
    ? { printed: result.stdout }
    : { printed: "", failure: { exitCode: result.exitCode ?? 1, lines: whyItFailed(result) } };
}

/** Last words of a login that failed. */
export function whyItFailed({ exitCode, stderr, missed }: LoginResult): readonly string[] {
  const otherwise =
    missed === undefined ? `the login ended with exit code ${exitCode ?? ""}` : `no answer within ${missed} s`;
  return (stderr.trim() || otherwise).split("\n").slice(-2);
}
