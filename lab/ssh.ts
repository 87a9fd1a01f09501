import execa from "execa";
import * as fs from "fs";
import * as path from "path";
import { familyOf, plain } from "./addresses";
import type { MachineDocument } from "./documents";
import { withLock, writeAtomically } from "./files";
import type { LabState } from "./state";

/** Makes the key that opens all machines of the lab. */
export async function ensureKey(state: LabState): Promise<string> {
  if (!fs.existsSync(state.file("key"))) await generateKey(state.file("key"), `vipstack-lab-${state.id}`);
  return fs.readFileSync(state.file("key.pub"), "utf8");
}

/** Makes a machine's own host key, so that it is known before the machine's first boot. */
export async function makeHostKey(guestDir: string, name: string): Promise<string> {
  const file = path.join(guestDir, "host_key");
  for (const end of ["", ".pub"]) fs.rmSync(file + end, { force: true });
  await generateKey(file, name);
  return fs.readFileSync(file, "utf8");
}

/** Writes `ssh_config` and `known_hosts` for the machines that exist now. */
export async function writeSshConfig(state: LabState): Promise<void> {
  await withLock(state.run("ssh-config.lock"), async () => {
    await Promise.resolve();
    const guests = state.guests().map((name) => ({ machine: state.machine(name), hostKey: hostKeyOf(state, name) }));
    writeAtomically(
      state.file("known_hosts"),
      guests.map(({ machine, hostKey }) => `${machine.name} ${hostKey}\n`).join(""),
    );
    writeAtomically(
      state.file("ssh_config"),
      sshConfigText(
        state,
        guests.map(({ machine }) => machine),
      ),
      0o600,
    );
  });
}

/** The text of `ssh_config`: plain `ssh -F ssh_config NAME` works, connections to one machine share one session. */
export function sshConfigText(
  state: Pick<LabState, "file" | "run" | "namespace">,
  machines: MachineDocument[],
): string {
  const hosts = machines.map((machine) => {
    const address = plain(machine.nics[0]?.addresses[0] ?? "");
    const target = familyOf(address) === 6 ? `TCP6:[${address}]:22` : `TCP4:${address}:22`;
    return `Host ${machine.name}
  HostKeyAlias ${machine.name}
  ProxyCommand ip netns exec ${state.namespace} socat STDIO ${target},connect-timeout=5
`;
  });
  return `${hosts.join("")}Host *
  User root
  IdentityFile "${state.file("key")}"
  IdentitiesOnly yes
  IdentityAgent none
  PreferredAuthentications publickey
  UserKnownHostsFile "${state.file("known_hosts")}"
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  CheckHostIP no
  LogLevel ERROR
  ConnectTimeout 10
  ServerAliveInterval 5
  ServerAliveCountMax 3
  ControlMaster auto
  ControlPath "${state.run("ssh", "%n")}"
  ControlPersist 60
`;
}

/** Ends the shared connection to a machine that is about to go away; a new one would wait for the dead one otherwise. */
export async function closeConnection(state: LabState, name: string): Promise<void> {
  if (!fs.existsSync(state.run("ssh", name))) return;
  const args = ["-F", state.file("ssh_config"), "-O", "exit", name];
  await execa("ssh", args, { reject: false, stdin: "ignore", timeout: 3000 });
  fs.rmSync(state.run("ssh", name), { force: true });
}

async function generateKey(file: string, comment: string): Promise<void> {
  await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file], { stdin: "ignore" });
}

function hostKeyOf(state: LabState, name: string): string {
  return fs.readFileSync(path.join(state.guestDir(name), "host_key.pub"), "utf8").trim();
}

/** What a command in a machine answered. */
interface RemoteResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Arguments of ssh to reach a machine. */
export function sshArgs(state: LabState, name: string): string[] {
  return ["-F", state.file("ssh_config"), name];
}

/** Runs a shell script in a machine. Starting programs is slow there, so batch what belongs together into one script. */
export async function runScript(
  state: LabState,
  name: string,
  script: string,
  timeoutMs = 60_000,
): Promise<RemoteResult> {
  const result = await execa("ssh", [...sshArgs(state, name), "sh", "-s"], {
    input: script,
    reject: false,
    timeout: timeoutMs,
  });
  return { exitCode: exitCodeOf(result), stdout: result.stdout, stderr: result.stderr };
}

/** Runs a command in a machine with this process's own input and output; returns its exit code. */
export async function runInteractive(
  state: LabState,
  name: string,
  command: string[],
  quote: boolean,
): Promise<number> {
  const words = quote ? command.map(shellQuote) : command;
  const terminal = command.length > 0 && process.stdin.isTTY && process.stdout.isTTY ? ["-t"] : [];
  const result = await execa("ssh", [...terminal, ...sshArgs(state, name), ...words], {
    stdio: "inherit",
    reject: false,
  });
  return exitCodeOf(result);
}

/** A word as the shell of the machine must see it to pass it on unchanged. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;
}

function exitCodeOf(result: { exitCode?: number; failed: boolean }): number {
  return result.exitCode ?? (result.failed ? 255 : 0);
}
