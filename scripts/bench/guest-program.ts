import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import execa from "execa";

/** A Python program of this folder that runs on a machine of a lab, and takes and answers lines over one connection. */
export class GuestProgram {
  /** @param program name of its file */
  static async start(labDirectory: string, machine: string, program: string): Promise<GuestProgram> {
    const file = `/run/${program}`;
    await copyToGuest(labDirectory, machine, join(__dirname, program), file);
    const words = ["-F", join(labDirectory, "ssh_config"), machine, "python3", file];
    return new GuestProgram(execa("ssh", words, { stderr: "inherit" }));
  }

  private readonly answers: AsyncIterator<string, undefined>;

  private constructor(private readonly connection: execa.ExecaChildProcess) {
    const { stdout } = connection;
    if (stdout === null) throw new Error("assumption broken: the output of ssh is a pipe");
    this.answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
    connection.catch(() => undefined); // its end is the end of the answers
  }

  tell(line: string): void {
    this.connection.stdin?.write(`${line}\n`);
  }

  /** @returns the next line that it prints */
  async ask(line: string): Promise<string> {
    this.tell(line);
    const answer: IteratorResult<string, undefined> = await this.answers.next();
    if (answer.done === true) throw new Error("the machine does not answer any more");
    return answer.value;
  }

  async close(): Promise<void> {
    this.connection.stdin?.end();
    await this.connection;
  }
}

/** Writes a file of this host on a machine, where it can be run. */
export async function copyToGuest(labDirectory: string, machine: string, from: string, to: string): Promise<void> {
  const script = `cat > ${to}.new && chmod 755 ${to}.new && mv ${to}.new ${to}`;
  await execa("ssh", ["-F", join(labDirectory, "ssh_config"), machine, script], { input: readFileSync(from) });
}
