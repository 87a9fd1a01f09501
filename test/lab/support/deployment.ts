import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import execa from "execa";
import { DeploymentDescription } from "../../../constructs/deployment";

const PROJECT = join(__dirname, "..", "..", "..");
const VIPSTACK = join(PROJECT, "dist", "cli", "vipstack.js");
const LAB = join(PROJECT, "dist", "lab", "vipstack-lab.js");

/**
 * A program brought up for real: machines that boot in a lab, with the commands of a user, in a state folder of its own.
 *
 * A whole test, in `test/lab/NAME.lab.ts`:
 *
 * ```ts
 * import { BOOT, eventually, LabDeployment } from "./support/deployment";
 *
 * const lab = new LabDeployment("three-machines"); // examples/three-machines; `ofProgram("web-program")` for one of the tests' own
 * beforeAll(() => lab.up(), BOOT);
 * afterAll(() => lab.down(), BOOT);
 *
 * test("the service answers after the director's power was away", async () => {
 *   await lab.lab("power-cut", "ipvs");
 *   await lab.lab("power-on", "ipvs");
 *   await eventually(async () => {
 *     expect(await lab.on("vm-1", "curl --silent http://192.168.139.29/")).toContain("Hello");
 *   });
 * });
 * ```
 *
 * Run it as root: `npm run build && npx jest test/lab/NAME.lab.ts --selectProjects lab`. Three rules:
 *
 * - Wait for conditions with {@link eventually} or {@link secondsUntil}, never for a time. The deadlines are generous.
 * - Files run at the same time. A program with `forwards` takes their ports from the environment (`up({ VIPSTACK_VIP_PORT: "18080" })`),
 *   and no other file may use these ports.
 * - A test that needs a program or an image that the lab can't make says so: `describeWithPrograms`, `describeWithImage`.
 */
export class LabDeployment {
  /** Holds all state of this deployment; another one may be up beside it. */
  readonly root = mkdtempSync(join(tmpdir(), "vipstack-lab-test-"));

  /** Where the commands are typed. */
  private cwd = PROJECT;

  /** Those that a failed test left running keep Jest from ending. */
  private readonly loads: { stop(): void }[] = [];

  /** @param example a folder of examples/; left out: the main program */
  constructor(private readonly example?: string) {}

  /** A program of the tests, in a folder of its own. @param program name of a file in test/lab/programs */
  static ofProgram(program: string): LabDeployment {
    const deployment = new LabDeployment();
    deployment.cwd = deployment.root;
    makeApp(deployment.root, program);
    return deployment;
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
  async vipstack(words: readonly string[], input = ""): Promise<{ exitCode: number; output: string }> {
    const options = { cwd: this.cwd, all: true, reject: false, input, env: { VIPSTACK_STATE: this.root } } as const;
    const { exitCode, all = "" } = await execa("node", [VIPSTACK, ...words], options);
    return { exitCode, output: all };
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

export interface LoadResult {
  readonly held: number;
  readonly heldLost: number;
  readonly newAnswered: number;
  /** What went wrong with each new connection that failed. */
  readonly newFailed: readonly string[];
}

/** What http-load.py says. */
export interface RequestsResult {
  /** How many got each answer with status 200. */
  readonly answers: Readonly<Record<string, number>>;
  /** Seconds. */
  readonly slowest: number;
  /** Seconds after its start, and for how many. */
  readonly failures: readonly { readonly at: number; readonly took: number; readonly problem: string }[];
}

/** How many requests were lost of how many, and in which time. */
export function lossOf({ answers, failures, slowest }: RequestsResult): string {
  const answered = Object.values(answers).reduce((sum, count) => sum + count, 0);
  const kinds = [...new Set(failures.map(({ problem }) => problem.replace(/\(.*/, "")))].join(", ");
  const end = Math.max(...failures.map(({ at, took }) => at + took));
  const seconds = (end - Math.min(...failures.map(({ at }) => at))).toFixed(1);
  const lost = failures.length === 0 ? "none lost" : `${failures.length} lost within ${seconds} s (${kinds})`;
  return `${answered + failures.length} requests, ${lost}, the slowest took ${slowest} s`;
}

/** A running load; see load.py and http-load.py. */
export class Load<Result> {
  constructor(private readonly running: execa.ExecaChildProcess) {}

  /** Once every client has its first answer. */
  async ready(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.running.stdout?.on("data", (chunk: Buffer) => {
        if (chunk.toString().includes("ready")) resolve();
      });
      this.running.catch(reject);
    });
  }

  /** Ends it. @returns what it says was answered and lost */
  async finish(): Promise<Result> {
    this.running.stdin?.end();
    const { stdout } = await this.running;
    return JSON.parse(stdout.split("\n").at(-1) ?? "") as Result;
  }

  /** Ends it without a result. */
  stop(): void {
    this.running.kill("SIGKILL");
  }
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

/** Deadlines in ms, generous: these tests also run on machines that are busy with other things. */
export const BOOT = 600_000;
export const MINUTES = 60_000;

/** Waits until that is so. @returns the seconds that it took */
export async function secondsUntil(check: () => Promise<void>, deadlineMs = 3 * MINUTES): Promise<number> {
  const started = Date.now();
  await eventually(check, deadlineMs);
  return Math.round((Date.now() - started) / 100) / 10;
}

/** Tries until `check` passes or the deadline is over; then its last failure is the test's. */
export async function eventually(check: () => Promise<void> | void, deadlineMs = 60_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** The processes of a lab that runs: guests, proxies, forwards. */
export async function labProcesses(directory: string): Promise<number[]> {
  const { stdout } = await execa("node", [LAB, "status", "--json", "--dir", directory]);
  const { namespace } = JSON.parse(stdout) as { namespace: string };
  return processesNaming(`/run/vipstack/${namespace.replace("vipstack-", "")}/`);
}

/** Every process with that text in its command line. */
export async function processesNaming(text: string): Promise<number[]> {
  const { stdout } = await execa("pgrep", ["-f", text], { reject: false });
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}

/** Whether a process runs; one that has ended but was not waited for yet does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** What a host that goes down does to processes. */
export function killAll(processes: readonly number[]): void {
  for (const pid of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It went with its parent.
    }
  }
}

/** The shell line that asks a URL so many times, an answer a line; a request that fails prints its error. */
export function curlTimes(count: number, url: string): string {
  return `for i in $(seq ${count}); do curl --silent --show-error --max-time 5 ${url} 2>&1 || true; done`;
}

/**
 * Python for a machine: so many requests one after the other, each on a connection of its own, printing the answer and the
 * seconds until it was connected. One process, since starting a curl takes longer than what it measures.
 */
export function requests(count: number, address: string, port: number): string {
  return `python3 - <<'PROGRAM'
import socket, time
for _ in range(${count}):
    started = time.monotonic()
    with socket.create_connection(("${address}", ${port}), timeout=10) as connection:
        connected = time.monotonic() - started
        connection.sendall(b"GET / HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n")
        answer = b""
        while chunk := connection.recv(4096):
            answer += chunk
    print(answer.split(b"\\r\\n\\r\\n", 1)[1].decode().strip(), f"{connected:.3f}")
PROGRAM`;
}

/** The answers of {@link requests}, without the times. */
export function answersOf(printed: string): string[] {
  return printed
    .trim()
    .split("\n")
    .map((line) => line.replace(/ [\d.]+$/, ""));
}

/** How often each line occurs. */
export function countLines(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of text.split("\n").filter((each) => each !== "")) counts[line] = (counts[line] ?? 0) + 1;
  return counts;
}
