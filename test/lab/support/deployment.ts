import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import { DeploymentDescription } from "../../../constructs/deployment";
import { countLines, curlTimes } from "./answers";
import { Load, LoadResult, RequestsResult } from "./load";
import { BOOT } from "./waiting";

const PROJECT = join(__dirname, "..", "..", "..");
const VIPSTACK = join(PROJECT, "dist", "cli", "vipstack.js");
const LAB = join(PROJECT, "dist", "lab", "vipstack-lab.js");

/** How `up` ends where everything was up before. */
export const NOTHING_TO_CHANGE = /Nothing to change: everything was up already/;
/** How it ends where there are secrets, too. */
export const ALL_AS_BEFORE = new RegExp(`Secrets: all were made before[^]*${NOTHING_TO_CHANGE.source}`);

/**
 * A program brought up for real: machines that boot in a lab, with the commands of a user, in a state folder of its own.
 *
 * A whole test, in `test/lab/NAME.lab.ts`:
 *
 * ```ts
 * import { deployed } from "./support/deployment";
 * import { eventually } from "./support/waiting";
 *
 * const lab = deployed("weights");
 *
 * test("the service answers again after the director was without power", async () => {
 *   await lab.lab("power-cut", "ipvs");
 *   await lab.lab("power-on", "ipvs");
 *   await eventually(async () => {
 *     expect(await lab.answers("vm-1", "http://192.168.139.29/", 10)).toEqual({ "d2:80": 5, "d2:81": 3, "d2:82": 2 });
 *   });
 * });
 * ```
 *
 * {@link deployed} takes a folder of examples/, brings its program up before the tests of the file and takes it down after them.
 * A program of the tests' own is a file in test/lab/programs: `LabDeployment.ofProgram("secrets")`, with `up` and `down` in
 * `beforeAll` and `afterAll`.
 *
 * | what a test does                      | how                                                                       |
 * | ------------------------------------- | ------------------------------------------------------------------------- |
 * | asks a URL and counts the answers     | `lab.answers(machine, url, count)`                                        |
 * | runs shell text on a machine          | `lab.on(machine, script)`; `tryOn` where it may fail                      |
 * | brings up a changed program           | `lab.up({ WEIGHTS: "1,1,8" })`: its environment; `upFails` where it fails |
 * | power, reboot, faults, captures       | `lab.lab(command, …)`: what `vipstack-lab --help` lists                   |
 * | counts what a change loses under load | `lab.startLoad`, `lab.startRequests`, then `finish()`                     |
 * | looks at a director's real servers    | `realServersOf`, `untilServed` of director.ts                             |
 *
 * Run it as root: `npm run build && npx jest test/lab/NAME.lab.ts --selectProjects lab`. Four rules:
 *
 * - Wait for conditions with `eventually` or `secondsUntil`, never for a time. The deadlines are generous.
 * - A test has two minutes. One that takes longer says so: `BOOT` where it brings something up, or so many `MINUTES`.
 * - Files run at the same time. A program with `forwards` takes their ports from the environment (`up({ VIPSTACK_VIP_PORT: "18080" })`),
 *   and no other file may use these ports.
 * - A test that needs a program or an image that the lab can't make says so: `describeWithPrograms`, `describeWithImage`.
 */
export class LabDeployment {
  private folder?: string;

  /** Those that a failed test left running keep Jest from ending. */
  private readonly loads: { stop(): void }[] = [];

  /**
   * @param example a folder of examples/; left out: the main program
   * @param program name of a file in test/lab/programs
   */
  constructor(
    private readonly example?: string,
    private readonly program?: string,
  ) {}

  /** A program of the tests, in a folder of its own. @param program name of a file in test/lab/programs */
  static ofProgram(program: string): LabDeployment {
    return new LabDeployment(undefined, program);
  }

  /** Holds all state of this deployment; another one may be up beside it. It is made on first use: skipped tests leave no folder. */
  get root(): string {
    if (this.folder === undefined) {
      this.folder = mkdtempSync(join(tmpdir(), "vipstack-lab-test-"));
      if (this.program !== undefined) makeApp(this.folder, this.program);
    }
    return this.folder;
  }

  /** Where the commands are typed. */
  private get cwd(): string {
    return this.program === undefined ? PROJECT : this.root;
  }

  /** `vipstack up`, which ends when every service answers. @returns what it printed */
  async up(environment: Record<string, string> = {}): Promise<string> {
    return (await this.run("up", environment)).all ?? "";
  }

  /** `vipstack up` that is expected to fail. */
  async upFails(environment: Record<string, string> = {}): Promise<{ exitCode: number; output: string }> {
    const { exitCode, all = "" } = await this.run("up", environment, false);
    return { exitCode, output: all };
  }

  /** `vipstack plan`, which changes nothing. @returns what it printed */
  async plan(environment: Record<string, string> = {}): Promise<string> {
    return (await this.run("plan", environment)).all ?? "";
  }

  /** `vipstack down`; loads that still run end, and the state folder goes, too. */
  async down(): Promise<string> {
    for (const load of this.loads) load.stop();
    const { all } = await this.run("down", {});
    rmSync(this.root, { recursive: true, force: true });
    return all ?? "";
  }

  /** Runs shell text on a machine and returns what it printed; fails where it does. */
  async on(machine: string, script: string): Promise<string> {
    const { stdout } = await execa("ssh", ["-F", join(this.labDirectory, "ssh_config"), machine, "sh", "-s"], {
      input: `set -eu\n${script}\n`,
    });
    return stdout;
  }

  /** {@link on}, telling the exit code instead of failing. */
  async tryOn(machine: string, script: string): Promise<{ exitCode: number; output: string }> {
    const options = { input: `${script}\n`, reject: false, all: true } as const;
    const { exitCode, all = "" } = await execa(
      "ssh",
      ["-F", join(this.labDirectory, "ssh_config"), machine, "sh", "-s"],
      options,
    );
    return { exitCode, output: all };
  }

  /** Puts a file of this host in the place of a machine's program, which may run. */
  async replace(machine: string, program: string, file: string): Promise<void> {
    const next = `${program}.next`;
    await execa("scp", ["-q", "-F", join(this.labDirectory, "ssh_config"), file, `${machine}:${next}`]);
    await this.on(machine, `chmod 755 ${next}; mv ${next} ${program}`);
  }

  /** Asks a URL from a machine so many times. @returns how often each answer came, or each error */
  async answers(machine: string, url: string, count: number): Promise<Record<string, number>> {
    return countLines(await this.on(machine, curlTimes(count, url)));
  }

  /** Names the boot that a machine is in; after its next one it is another. */
  async bootId(machine: string): Promise<string> {
    return this.on(machine, "cat /proc/sys/kernel/random/boot_id");
  }

  /** Connections through a virtual service from a machine: some held open, others made one after the other until it is ended. */
  async startLoad(
    machine: string,
    options: { address: string; port: number; held: number; patienceSeconds?: number; sources?: readonly string[] },
  ): Promise<Load<LoadResult>> {
    const { address, port, held, patienceSeconds = 20, sources = [] } = options;
    return this.startProgram(machine, "load.py", [address, port, held, patienceSeconds, ...sources]);
  }

  /** Several clients on a machine that ask for `/` one after the other until it is ended. */
  async startRequests(
    machine: string,
    options: { address: string; port: number; clients: number },
  ): Promise<Load<RequestsResult>> {
    return this.startProgram(machine, "http-load.py", [options.address, options.port, options.clients]);
  }

  private async startProgram<Result>(
    machine: string,
    program: string,
    words: readonly (string | number)[],
  ): Promise<Load<Result>> {
    const file = `/tmp/${program}`;
    await this.on(machine, `cat > ${file} <<'PROGRAM'\n${readFileSync(join(__dirname, program), "utf8")}\nPROGRAM`);
    const command = ["python3", file, ...words.map(String)];
    const load = new Load<Result>(execa("ssh", ["-F", join(this.labDirectory, "ssh_config"), machine, ...command]));
    this.loads.push(load);
    await load.ready();
    return load;
  }

  /** What `cdktf deploy` printed the last time. */
  deployLog(): string {
    return readFileSync(join(this.description.stateFolder, "deploy.log"), "utf8");
  }

  /** A command of `vipstack` about what is up, typed where `up` was. */
  async vipstack(words: readonly string[], input: string | Buffer = ""): Promise<{ exitCode: number; output: string }> {
    const options = { ...this.whereUpWas, all: true, reject: false, input } as const;
    const { exitCode, all = "" } = await execa("node", [VIPSTACK, ...words], options);
    return { exitCode, output: all };
  }

  /** {@link vipstack}, where what it prints is no text; fails where the command does. */
  async bytesOf(words: readonly string[]): Promise<Buffer> {
    return (await execa("node", [VIPSTACK, ...words], { ...this.whereUpWas, encoding: null })).stdout;
  }

  /** Options of a command that is typed where `up` was. */
  private get whereUpWas(): { cwd: string; env: Record<string, string> } {
    return { cwd: this.cwd, env: { VIPSTACK_STATE: this.root } };
  }

  /** The lab's own command line. */
  async lab(...words: string[]): Promise<string> {
    const { stdout } = await execa("node", [LAB, ...words, "--dir", this.labDirectory]);
    return stdout;
  }

  /** A file that synth wrote for the stack. */
  file(path: string): string {
    return readFileSync(join(this.output, "stacks", "machines", path), "utf8");
  }

  get description(): DeploymentDescription {
    return JSON.parse(this.file("deployment.json")) as DeploymentDescription;
  }

  get labDirectory(): string {
    return this.description.access.labDirectory ?? "";
  }

  private get output(): string {
    return join(this.root, "cdktf.out", ...(this.example === undefined ? [] : ["examples", this.example]));
  }

  private run(verb: string, environment: Record<string, string>, reject = true): execa.ExecaChildProcess {
    const words = [VIPSTACK, verb, ...(this.example === undefined ? [] : [this.example])];
    return execa("node", words, {
      cwd: this.cwd,
      all: true,
      reject,
      env: { VIPSTACK_STATE: this.root, ...environment },
    });
  }
}

/** Makes a folder the app of a program in test/lab/programs, which the build compiles as it does the examples. */
export function makeApp(folder: string, program: string): void {
  const main = join(PROJECT, "dist", "test", "lab", "programs", `${program}.js`);
  writeFileSync(join(folder, "cdktf.json"), JSON.stringify({ language: "typescript", app: `node "${main}"` }));
  symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"));
}

/** Brings a program up once for all tests of a file, and takes it down whatever happens. */
export function deployed(example?: string, environment: Record<string, string> = {}): LabDeployment {
  const deployment = new LabDeployment(example);
  beforeAll(async () => {
    await deployment.up(environment);
  }, BOOT);
  afterAll(async () => {
    await deployment.down();
  }, BOOT);
  return deployment;
}
