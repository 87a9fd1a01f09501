import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { AddressInfo, createServer, Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeploymentDescription } from "../../constructs/deployment";
import { HostLogin } from "../../cli/failed-login";
import { checkHosts, troublesOf } from "../../cli/host-check";
import { LoginResult } from "../../cli/login";
import { CliError } from "../../cli/errors";

const login: HostLogin = {
  command: "ssh -F hosts.conf web",
  configFile: "hosts.conf",
  sudo: true,
  target: { user: "ops", hostname: "10.88.0.30", port: "22" },
};
const failed = (stderr: string, exitCode = 255): LoginResult => ({ exitCode, stdout: "", stderr });

/** Seconds that a login may take here. */
const LIMIT = 4;

const ssh = spawnSync("ssh", ["-V"]).status === 0;
if (!ssh) process.stderr.write("SKIPPED: real logins that fail (missing: ssh on the PATH)\n");
const withSsh = ssh ? test : test.skip;

describe("a login that fails, by the texts of OpenSSH 9.2 and sudo 1.9", () => {
  test.each([
    [
      "Can't open user config file /tmp/nofile: No such file or directory",
      "there is no readable ssh configuration /tmp/nofile",
      "make it, or correct `configFile` of SshBackend",
    ],
    [
      "hosts.conf: line 1: Bad configuration option: bogus\nhosts.conf: terminating, 1 bad configuration options",
      "ssh does not accept its configuration: hosts.conf: line 1: Bad configuration option: bogus",
      "correct it; this checks it: ssh -G -F hosts.conf web",
    ],
    [
      "ssh: Could not resolve hostname no-such-host.invalid: Name or service not known",
      "the name no-such-host.invalid has no address",
      "write `Host web` with `HostName ADDRESS` into hosts.conf, or correct the machine's name in the program",
    ],
    [
      "ssh: Could not resolve hostname bastion: Temporary failure in name resolution\n" +
        "kex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535",
      "no name server answered when bastion was looked up",
      "check this machine's network and /etc/resolv.conf",
    ],
    [
      "ssh: connect to host 127.0.0.1 port 22023: Connection refused",
      "connection refused: no ssh server listens there",
      "start it on the host (systemctl enable --now ssh), or correct HostName and Port of `Host web` in hosts.conf",
    ],
    [
      "ssh: connect to host 10.88.0.30 port 22: No route to host",
      "no route leads there from this machine, or the host is off",
      "check the host, this machine's routes (ip route get ADDRESS) and VPN, and HostName of `Host web` in hosts.conf",
    ],
    [
      "Connection timed out during banner exchange\nConnection to 10.255.255.1 port 22022 timed out",
      "the connection timed out",
      "see whether the host is on and a firewall lets port 22 through, and correct HostName in hosts.conf if it is another host's",
    ],
    [
      "Host key verification failed.",
      "its host key is not known here, so ssh can't tell whether it is the right host",
      "log in once and compare the fingerprint: ssh -F hosts.conf web",
    ],
    [
      `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Offending ED25519 key in /tmp/known:1
  remove with:
  ssh-keygen -f "/tmp/known" -R "[127.0.0.1]:22022"
Host key for [127.0.0.1]:22022 has changed and you have requested strict checking.
Host key verification failed.`,
      "its host key is another one than before: the host was installed anew, or another one answers in its place",
      'find out which. If the new key is right: ssh-keygen -f "/tmp/known" -R "[127.0.0.1]:22022", then log in once and compare the fingerprint: ssh -F hosts.conf web',
    ],
    [
      "Unable to negotiate with 127.0.0.1 port 22022: no matching host key type found. Their offer: ssh-ed25519",
      "ssh here and the server there have no host key type in common",
      "update the older one, or allow more in hosts.conf (man ssh_config)",
    ],
    [
      `@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @
Permissions 0644 for '/tmp/key' are too open.
This private key will be ignored.
Load key "/tmp/key": bad permissions
ops@10.88.0.30: Permission denied (publickey).`,
      "permission denied: others can read the private key /tmp/key, so ssh does not use it",
      "chmod 600 /tmp/key",
    ],
    [
      "ops@127.0.0.1: Permission denied (publickey,password,keyboard-interactive).",
      "permission denied: the host knows no key for user 'ops' that ssh offers (it takes publickey, password, keyboard-interactive)",
      "add your public key to that user's ~/.ssh/authorized_keys on the host, or correct User and IdentityFile of `Host web` in hosts.conf; a key with a passphrase must be in ssh-agent",
    ],
    [
      "kex_exchange_identification: read: Connection reset by peer\nConnection reset by 127.0.0.1 port 22025",
      "the host ends the connection before the login",
      "look there: journalctl --unit ssh; a limit (MaxStartups, fail2ban) or a port of another service does this",
    ],
    ["Something new", "ssh failed: Something new", "try it: ssh -F hosts.conf web"],
  ])("%s", (stderr, reason, cure) => {
    expect(troublesOf("web", login, failed(stderr))).toEqual([{ reason, cure }]);
  });

  test.each([
    [
      failed("/bin/sh: 1: ssh: not found", 127),
      "there is no ssh on this machine",
      "install OpenSSH's client here: apt-get install openssh-client",
    ],
    [
      failed("sudo: a password is required", 1),
      "user 'ops' is not root, and has no sudo without a password",
      "write there, as root, `ops ALL=(ALL) NOPASSWD: ALL` into /etc/sudoers.d/vipstack; or set `User root` in hosts.conf, and give SshBackend `sudo: false`",
    ],
    [
      failed("sh: 1: sudo: not found", 127),
      "there is no sudo on the host",
      "install it there; or set `User root` in hosts.conf, and give SshBackend `sudo: false`",
    ],
    [
      failed("This account is currently not available.", 1),
      "the login works, but runs no shell script: This account is currently not available.",
      "give user 'ops' a POSIX shell as login shell on the host",
    ],
    [
      { stdout: "", stderr: "" },
      "no answer within 10 s",
      "see whether the host is on and a firewall lets port 22 through, and correct HostName in hosts.conf if it is another host's",
    ],
  ])("%p", (result, reason, cure) => {
    expect(troublesOf("web", login, result)).toEqual([{ reason, cure }]);
  });
});

describe("a host that can be logged in to", () => {
  const seen = (...lines: string[]): LoginResult => ({
    exitCode: 0,
    stdout: ["Welcome!", ...[...lines, "end=yes"].map((line) => `vipstack-host ${line}`), ""].join("\n"),
    stderr: "",
  });
  const reasons = (result: LoginResult): string[] => troublesOf("web", login, result).map(({ reason }) => reason);

  test.each(["debian ", "ubuntu debian", "linuxmint ubuntu debian"])("'%s' is supported", (like) => {
    expect(reasons(seen("uid=0", `like=${like}`, "os=x"))).toEqual([]);
  });

  test("all that it lacks is told", () => {
    const alpine = seen("uid=1000", "like=alpine ", "os=Alpine Linux v3.20", "missing=apt-get", "missing=dpkg-query");
    expect(reasons(alpine)).toEqual([
      "user 'ops' is not root",
      "Alpine Linux v3.20 is not supported: the setup script needs apt and the packages of Debian or Ubuntu",
    ]);
    expect(reasons(seen("uid=0", "like=debian ", "os=x", "missing=python3", "missing=systemd"))).toEqual([
      "systemd does not run there, as in most containers",
      "there is no python3, in which directors' programs are",
    ]);
    expect(reasons(seen("uid=0", "like=debian ", "os=x", "missing=apt-get"))).toHaveLength(1);
    expect(reasons(seen("uid=0", "like=fedora ", "os=Fedora Linux 42"))).toHaveLength(1);
  });
});

describe("the login itself", () => {
  const folder = mkdtempSync(join(tmpdir(), "vipstack-host-check-"));
  const config = join(folder, "hosts.conf");
  const asked: Socket[] = [];
  const silent = createServer((socket) => asked.push(socket));
  beforeAll(async () => {
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const [silentPort, closedPort] = [portOf(silent), portOf(closed)];
    await new Promise((resolve) => closed.close(resolve));
    const hosts = [
      `Host silent mute\n  HostName 127.0.0.1\n  Port ${silentPort}`,
      `Host closed\n  HostName 127.0.0.1\n  Port ${closedPort}`,
      "Host nowhere\n  HostName no..address",
    ];
    writeFileSync(config, `${hosts.join("\n")}\nHost *\n  User ops\n`);
    // A system that has everything that is looked for.
    for (const name of ["apt-get", "dpkg-query", "python3", "id"]) {
      writeFileSync(join(folder, name), "#!/bin/sh\necho 0\n");
      chmodSync(join(folder, name), 0o755);
    }
  });
  afterAll(async () => {
    for (const socket of asked) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
    rmSync(folder, { recursive: true });
  });
  const overSsh = (name: string, file = config): Shell => ({
    name,
    shell: {
      command: `ssh -F "$SSH_CONFIG_FILE" -o BatchMode=yes ${name} sudo -n sh -s`,
      environment: { SSH_CONFIG_FILE: file },
    },
  });

  withSsh(
    "all hosts are asked at once, and each that can't be used is named with what was tried",
    async () => {
      const started = Date.now();
      const error = await failureOf([
        overSsh("silent"),
        overSsh("mute"),
        overSsh("closed"),
        overSsh("nowhere"),
        overSsh("lost", join(folder, "no.conf")),
        { name: "slow", shell: { command: "exec sleep 60" } },
      ]);
      // One after the other, those that say nothing would take longer than twice the limit.
      expect(Date.now() - started).toBeLessThan(2 * LIMIT * 1000);
      const [head, ...parts] = error.message.trim().split("\n\n");
      expect(head).toBe("6 of 6 hosts can't be used. Nothing was changed.");
      expect(parts.map((part) => part.split("\n")[0])).toEqual([
        "silent: the connection timed out",
        "mute: the connection timed out",
        "closed: connection refused: no ssh server listens there",
        "nowhere: the name no..address has no address",
        `lost: there is no readable ssh configuration ${join(folder, "no.conf")}`,
        `slow: no answer within ${LIMIT} s`,
      ]);
      expect(parts[2]).toMatch(
        /\n {2}tried: ssh -F \S+hosts\.conf closed, which is ops@127\.0\.0\.1 port \d+\n {2}cure: {2}start it/,
      );
      expect(parts[4]).toMatch(/\n {2}tried: ssh -F \S+no\.conf lost\n/);
      expect(error.cure).toBe("correct this, then run this again");
    },
    20_000,
  );

  test("the look at a host runs in any POSIX shell, and finds what is on the PATH of its login", async () => {
    const on = (path: string): Shell => ({ name: "web", shell: { command: `PATH='${path}' /bin/sh -s` } });
    const full = await checkHosts([deploymentOf([on(folder)])], LIMIT).catch((error: unknown) => [String(error)]);
    expect(full.join("\n")).not.toMatch(/login|not root|python3/);
    const { message } = await failureOf([on(join(folder, "nothing"))]);
    expect(message).toMatch(
      /^The host can't be used\. Nothing was changed\.\n\nweb: user '' is not root; .+ is not supported: /,
    );
    expect(message).toMatch(/; there is no python3, in which directors' programs are\n {2}tried: /);
  });
});

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

interface Shell {
  readonly name: string;
  readonly shell: { readonly command: string; readonly environment?: Readonly<Record<string, string>> };
}

async function failureOf(machines: readonly Shell[]): Promise<CliError> {
  return checkHosts([deploymentOf(machines)], LIMIT).then(
    () => {
      throw new Error("no host was found wrong");
    },
    (error: unknown) => error as CliError,
  );
}

function deploymentOf(machines: readonly Shell[]): DeploymentDescription {
  return { access: { existingHosts: true }, machines } as unknown as DeploymentDescription;
}
