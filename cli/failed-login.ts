import { LoginResult } from "./login";

/** Why a host can't be used, and what to do about it. */
export interface HostTrouble {
  readonly reason: string;
  readonly cure: string;
}

/** What ssh would do for a host, by its own configuration. */
export interface HostLogin {
  /** Command that a user can type: `ssh -F hosts.conf web`. */
  readonly command: string;
  /** Where the host is configured: `hosts.conf`. */
  readonly configFile: string;
  /** Whether scripts are run by sudo. */
  readonly sudo: boolean;
  /** What `ssh -G` says. @default - ssh can't read its configuration */
  readonly target?: { readonly user: string; readonly hostname: string; readonly port: string; readonly jump?: string };
}

/** What the end of a login that failed means: ssh has one exit code for all failures, so its texts are read. */
export function troubleOfLogin(
  name: string,
  login: HostLogin,
  { exitCode, stderr }: LoginResult,
  seconds: number,
): HostTrouble {
  const { command, configFile, sudo, target } = login;
  const user = target?.user ?? "";
  const last = stderr.trim().split("\n").at(-1) ?? "";
  // A shell of this host says it, before there is any login.
  if (exitCode === 127 && /\bssh: (command )?not found/.test(stderr))
    return {
      reason: "there is no ssh on this machine",
      cure: "install OpenSSH's client here: apt-get install openssh-client",
    };
  if (exitCode === undefined) return { reason: `no answer within ${seconds} s`, cure: silentCure(login) };
  if (exitCode === 255) {
    for (const { pattern, trouble } of SSH_TROUBLES) {
      const match = pattern.exec(stderr);
      if (match !== null) return trouble(match, name, login);
    }
    return { reason: `ssh failed: ${last}`, cure: `try it: ${command}` };
  }
  if (sudo && (exitCode === 127 || /sudo: (command )?not found/.test(stderr)))
    return {
      reason: "there is no sudo on the host",
      cure: `install it there; or set \`User root\` in ${configFile}, and give SshBackend \`sudo: false\``,
    };
  if (sudo && /sudo/.test(stderr))
    return {
      reason: `user '${user}' is not root, and has no sudo without a password`,
      cure: `write there, as root, \`${user} ALL=(ALL) NOPASSWD: ALL\` into /etc/sudoers.d/vipstack; or set \`User root\` in ${configFile}, and give SshBackend \`sudo: false\``,
    };
  return {
    reason: `the login works, but runs no shell script${last === "" ? "" : `: ${last}`}`,
    cure: `give user '${user}' a POSIX shell as login shell on the host`,
  };
}

/** Texts of OpenSSH's client, and what they mean. The first one that fits counts: later ones follow from others. */
const SSH_TROUBLES: readonly {
  readonly pattern: RegExp;
  readonly trouble: (match: RegExpExecArray, name: string, login: HostLogin) => HostTrouble;
}[] = [
  {
    pattern: /Can't open user config file (.+?): /,
    trouble: ([, file = ""]) => ({
      reason: `there is no readable ssh configuration ${file}`,
      cure: "make it, or correct `configFile` of SshBackend",
    }),
  },
  {
    pattern: /^(.+ line \d+: .+|.*Bad owner or permissions on .+)$/m,
    trouble: ([, line = ""], _, { command }) => ({
      reason: `ssh does not accept its configuration: ${line}`,
      cure: `correct it; this checks it: ${command.replace(/^ssh /, "ssh -G ")}`,
    }),
  },
  {
    pattern: /Could not resolve hostname (.+?): Temporary failure/,
    trouble: ([, host = ""]) => ({
      reason: `no name server answered when ${host} was looked up`,
      cure: "check this machine's network and /etc/resolv.conf",
    }),
  },
  {
    pattern: /Could not resolve hostname (.+?): /,
    trouble: ([, host = ""], name, { configFile }) => ({
      reason: `the name ${host} has no address`,
      cure: `write \`Host ${name}\` with \`HostName ADDRESS\` into ${configFile}, or correct the machine's name in the program`,
    }),
  },
  {
    pattern: /Connection refused/,
    trouble: (_, name, { configFile }) => ({
      reason: "connection refused: no ssh server listens there",
      cure: `start it on the host (systemctl enable --now ssh), or correct HostName and Port of \`Host ${name}\` in ${configFile}`,
    }),
  },
  {
    pattern: /No route to host|Network is unreachable/,
    trouble: (_, name, { configFile }) => ({
      reason: "no route leads there from this machine, or the host is off",
      cure: `check the host, this machine's routes (ip route get ADDRESS) and VPN, and HostName of \`Host ${name}\` in ${configFile}`,
    }),
  },
  {
    pattern: /timed out/,
    trouble: (_, __, login) => ({ reason: "the connection timed out", cure: silentCure(login) }),
  },
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    trouble: ({ input }, _, { command }) => ({
      reason:
        "its host key is another one than before: the host was installed anew, or another one answers in its place",
      cure: `find out which. If the new key is right: ${/^ +(ssh-keygen .+)$/m.exec(input)?.[1] ?? "remove the old one from known_hosts"}, then log in once and compare the fingerprint: ${command}`,
    }),
  },
  {
    pattern: /Host key verification failed/,
    trouble: (_, __, { command }) => ({
      reason: "its host key is not known here, so ssh can't tell whether it is the right host",
      cure: `log in once and compare the fingerprint: ${command}`,
    }),
  },
  {
    pattern: /no matching (.+?) found/,
    trouble: ([, what = ""], _, { configFile }) => ({
      reason: `ssh here and the server there have no ${what} in common`,
      cure: `update the older one, or allow more in ${configFile} (man ssh_config)`,
    }),
  },
  {
    pattern: /Load key "(.+?)": bad permissions[^]*Permission denied/,
    trouble: ([, file = ""]) => ({
      reason: `permission denied: others can read the private key ${file}, so ssh does not use it`,
      cure: `chmod 600 ${file}`,
    }),
  },
  {
    pattern: /Permission denied \((.+?)\)/,
    trouble: ([, methods = ""], name, { configFile, target }) => ({
      reason: `permission denied: the host knows no key for user '${target?.user ?? ""}' that ssh offers (it takes ${methods.replaceAll(",", ", ")})`,
      cure: `add your public key to that user's ~/.ssh/authorized_keys on the host, or correct User and IdentityFile of \`Host ${name}\` in ${configFile}; a key with a passphrase must be in ssh-agent`,
    }),
  },
  {
    pattern: /Connection (closed|reset)/,
    trouble: () => ({
      reason: "the host ends the connection before the login",
      cure: "look there: journalctl --unit ssh; a limit (MaxStartups, fail2ban) or a port of another service does this",
    }),
  },
];

function silentCure({ target, configFile }: HostLogin): string {
  return `see whether the host is on and a firewall lets port ${target?.port ?? "22"} through, and correct HostName in ${configFile} if it is another host's`;
}
