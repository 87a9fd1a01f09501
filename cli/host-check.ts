import { relative } from "node:path";
import execa from "execa";
import { DeployedMachine, DeploymentDescription } from "../constructs/deployment";
import { CliError } from "./errors";
import { HostLogin, HostTrouble, troubleOfLogin } from "./failed-login";
import { Login, LoginResult } from "./login";

/** Limit of a login with its look at the host. */
const LOGIN_SECONDS = 10;

/** Whether the machines of a deployment exist before it. */
export function hasHosts({ access }: DeploymentDescription): boolean {
  return access.existingHosts === true;
}

/**
 * Logs in to all hosts of deployments at once, as Terraform's commands will, and looks whether the setup script can work there. Changes
 * nothing.
 *
 * @returns names of the hosts
 * @throws CliError that tells for each host that can't be used what was tried, why it failed, and the cure
 */
export async function checkHosts(
  deployments: readonly DeploymentDescription[],
  seconds = LOGIN_SECONDS,
): Promise<string[]> {
  const hosts = deployments.filter(hasHosts).flatMap(({ machines }) => machines);
  const texts = await Promise.all(
    hosts.map(async (host) => {
      const limits = { seconds, connectSeconds: seconds - 1 };
      const [login, result] = await Promise.all([loginOf(host), new Login(host).ask(PROBE, limits)]);
      const troubles = troublesOf(host.name, login, result, seconds);
      return troubles.length === 0 ? [] : [troubleText(host.name, login, troubles)];
    }),
  );
  const wrong = texts.flat();
  if (wrong.length === 0) return hosts.map(({ name }) => name);
  const count = hosts.length === 1 ? "The host" : `${wrong.length} of ${hosts.length} hosts`;
  throw new CliError(
    `${count} can't be used. Nothing was changed.\n\n${wrong.join("\n\n")}\n`,
    "correct this, then run this again",
  );
}

/** What is wrong with a host; empty if it can be used. */
export function troublesOf(
  name: string,
  login: HostLogin,
  result: LoginResult,
  seconds = LOGIN_SECONDS,
): HostTrouble[] {
  const facts = new Map<string, string[]>();
  for (const [, key = "", value = ""] of result.stdout.matchAll(/^vipstack-host (\w+)=(.*)$/gm))
    facts.set(key, [...(facts.get(key) ?? []), value]);
  return facts.has("end") ? troublesOfHost(facts, login) : [troubleOfLogin(name, login, result, seconds)];
}

/** Prints what the setup script relies on. Names and values are on lines of their own, because a login may print more. */
const PROBE = `say() { printf 'vipstack-host %s=%s\\n' "$1" "$2"; }
say uid "$(id -u)"
[ ! -r /etc/os-release ] || . /etc/os-release
say like "\${ID-} \${ID_LIKE-}"
say os "\${PRETTY_NAME-a system without /etc/os-release}"
for program in apt-get dpkg-query python3; do command -v "$program" >/dev/null || say missing "$program"; done
[ -d /run/systemd/system ] || say missing systemd
say end yes
`;

function troublesOfHost(
  facts: ReadonlyMap<string, readonly string[]>,
  { target, configFile }: HostLogin,
): HostTrouble[] {
  const [uid = ""] = facts.get("uid") ?? [];
  const like = facts.get("like")?.[0]?.split(/\s+/) ?? [];
  const os = facts.get("os")?.[0] ?? "";
  const missing = facts.get("missing") ?? [];
  const supported =
    ["debian", "ubuntu"].some((family) => like.includes(family)) &&
    !["apt-get", "dpkg-query"].some((program) => missing.includes(program));
  return [
    ...(uid === "0"
      ? []
      : [
          {
            reason: `user '${target?.user ?? uid}' is not root`,
            cure: `leave out \`sudo: false\` of SshBackend, so that scripts run by \`sudo -n\`; or set \`User root\` in ${configFile}`,
          },
        ]),
    ...(supported
      ? []
      : [
          {
            reason: `${os} is not supported: the setup script needs apt and the packages of Debian or Ubuntu`,
            cure: "use a host with Debian, Ubuntu, or a distribution that is made from them",
          },
        ]),
    ...(missing.includes("systemd")
      ? [
          {
            reason: "systemd does not run there, as in most containers",
            cure: "use a host or a virtual machine whose first process is systemd",
          },
        ]
      : []),
    ...(missing.includes("python3")
      ? [
          {
            reason: "there is no python3, in which directors' programs are",
            cure: "run there: apt-get install python3",
          },
        ]
      : []),
  ];
}

function troubleText(name: string, { command, target }: HostLogin, troubles: readonly HostTrouble[]): string {
  const jump = target?.jump === undefined ? "" : ` by way of ${target.jump}`;
  const as = target === undefined ? "" : `, which is ${target.user}@${target.hostname} port ${target.port}${jump}`;
  return [
    `${name}: ${troubles.map(({ reason }) => reason).join("; ")}`,
    `  tried: ${command}${as}`,
    ...troubles.map(({ cure }) => `  cure:  ${cure}`),
  ].join("\n");
}

async function loginOf(host: DeployedMachine): Promise<HostLogin> {
  const { shell } = host;
  const file = shown(shell.environment?.SSH_CONFIG_FILE);
  const login = new Login(host).command;
  const common = {
    command: login.replace('"$SSH_CONFIG_FILE"', file ?? ""),
    configFile: file ?? "~/.ssh/config",
    sudo: shell.command.includes(" sudo "),
  };
  if (!login.startsWith("ssh ")) return common;
  const asked = login.replace(/^ssh /, "ssh -G ");
  const { exitCode, stdout } = await execa(asked, {
    shell: true,
    env: shell.environment,
    reject: false,
    timeout: 5000,
  });
  const value = (key: string): string | undefined => new RegExp(`^${key} (.+)$`, "m").exec(stdout)?.[1];
  const [user, hostname, port, jump] = ["user", "hostname", "port", "proxyjump"].map(value);
  if (exitCode !== 0 || user === undefined || hostname === undefined || port === undefined) return common;
  return { ...common, target: { user, hostname, port, ...(jump !== undefined && { jump }) } };
}

/** A path as the user would type it here. */
function shown(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near;
}
