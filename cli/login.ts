import { spawn } from "node:child_process";
import { Readable, Writable } from "node:stream";
import execa from "execa";
import { DeployedMachine, DeploymentDescription } from "../constructs/deployment";
import { CliError } from "./errors";

/** Limits of a login in seconds. */
export interface LoginLimits {
  /** Limit of everything. @default - none */
  readonly seconds?: number;
  /** Limit of the time until something is printed. @default - that of everything */
  readonly firstSeconds?: number;
  /** Limit after which ssh itself gives up if nothing answers, so that no process is left behind. @default - ssh's own */
  readonly connectSeconds?: number;
}

/** How a login ended. */
export interface LoginResult {
  /** Left out if it did not end in time; 127 if this host has no shell for it. */
  readonly exitCode?: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The limit in seconds that it missed. @default - it ended in time */
  readonly missed?: number;
}

/** A login that goes on until its input ends. */
export interface OpenLogin {
  /** Reads shell text. */
  readonly input: Writable;
  readonly output: Readable;
  readonly ended: Promise<LoginResult>;
}

/** How commands run as root on a machine of a deployment: by the command that its backend describes, which reads shell text. */
export class Login {
  /** @throws CliError if the deployment has no such machine */
  static to({ machines }: Pick<DeploymentDescription, "machines">, name: string): Login {
    const machine = machines.find((one) => one.name === name);
    if (machine === undefined) throw new CliError(`there is no machine '${name}'`, "look: vipstack ls");
    return new Login(machine);
  }

  private readonly shell: DeployedMachine["shell"];
  private readonly machine: string;

  constructor({ name, shell }: Pick<DeployedMachine, "name" | "shell">) {
    this.machine = name;
    this.shell = shell;
  }

  /** The login as a user types it. Backends describe a shell that reads a script; without `sh -s` the same command is a login. */
  get command(): string {
    return this.shell.command.replace(/ (?:sudo -n )?sh -s$/, "").replace(" -o BatchMode=yes", "");
  }

  /** A shell with this terminal. @returns its exit code */
  async open(): Promise<number> {
    return (await this.execa(this.command, { stdio: "inherit" })).exitCode;
  }

  /** Runs shell text, and shows what it prints as it comes. @returns its exit code */
  async show(script: string): Promise<number> {
    const outputs = { stdout: "inherit", stderr: "inherit" } as const;
    return (await this.execa(this.shell.command, { input: `${script}\n`, ...outputs })).exitCode;
  }

  /**
   * Runs shell text.
   *
   * @returns what it printed
   * @throws CliError if the login or the script fails
   */
  async run(script: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.ask(`${script}\n`);
    if (exitCode === 0) return stdout;
    const said = stderr.trim() || `exit code ${exitCode ?? ""}`;
    throw new CliError(`a command on ${this.machine} failed: ${said}`, `try the login: ${this.command}`);
  }

  /** Runs shell text, and tells how it ended. */
  async ask(script: string, limits: LoginLimits = {}): Promise<LoginResult> {
    const { input, ended } = this.start(limits);
    input.end(script);
    return ended;
  }

  /** Starts a shell, whose input the caller writes and ends. */
  start({ seconds, firstSeconds, connectSeconds }: LoginLimits = {}): OpenLogin {
    const command =
      connectSeconds === undefined
        ? this.shell.command
        : this.shell.command.replace(/^ssh /, `ssh -o ConnectTimeout=${connectSeconds} `);
    const child = spawn(command, { shell: true, env: { ...process.env, ...this.shell.environment } });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    // A login that fails may end before it has read the script.
    child.stdin.on("error", () => undefined);
    const ended = new Promise<Pick<LoginResult, "exitCode" | "missed">>((resolve) => {
      const timers: NodeJS.Timeout[] = [];
      const end = (how: Pick<LoginResult, "exitCode" | "missed">): void => {
        for (const timer of timers) clearTimeout(timer);
        resolve(how);
      };
      const limit = (after: number): NodeJS.Timeout => {
        const timer = setTimeout(() => {
          child.kill();
          // What the shell has started may go on, and must not keep this process from ending.
          for (const stream of [child.stdout, child.stderr]) stream.destroy();
          end({ missed: after });
        }, after * 1000);
        timers.push(timer);
        return timer;
      };
      if (seconds !== undefined) limit(seconds);
      if (firstSeconds !== undefined) {
        const first = limit(firstSeconds);
        child.stdout.once("data", () => {
          clearTimeout(first);
        });
      }
      child.on("error", ({ message }) => {
        stderr.push(Buffer.from(message));
        end({ exitCode: 127 });
      });
      child.on("close", (code) => {
        end({ exitCode: code ?? 1 });
      });
    });
    const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString();
    return {
      input: child.stdin,
      output: child.stdout,
      ended: ended.then((end) => ({ ...end, stdout: text(stdout), stderr: text(stderr) })),
    };
  }

  private execa(command: string, options: execa.Options): execa.ExecaChildProcess {
    return execa(command, { shell: true, env: this.shell.environment, reject: false, ...options });
  }
}

/** A word as a shell passes it on unchanged. */
export function quoted(word: string): string {
  return `'${word.replace(/'/g, `'\\''`)}'`;
}
