import { Failure } from "../private/failure";
import { isAddressLine } from "./address-file";
import { AptSource, aptSourceFailures, Download, downloadFailures, packageFailures } from "./software";
import { normalizeAddress } from "./subnet";
import { holdsNumber, holdsTerraformValue } from "./terraform-value";
import {
  check,
  contentFailures,
  isFilePattern,
  isLine,
  isModule,
  isShellText,
  isSysctlKey,
  isTemplate,
  isUnitName,
  isUserName,
  modeFailures,
  pathFailures,
} from "./text";

/**
 * What a role brings to a machine. Everything here is **boot** content (a change replaces the machine), except
 * {@link Contribution.liveFiles} and {@link Contribution.addresses}, which are pushed to the running machine, and
 * {@link Contribution.secrets}, which only Terraform knows.
 */
export interface Contribution {
  /** The title of the role in tables: `Consul server`. @default - none */
  readonly title?: string;
  /** Debian package names, with a version where it has to be that one: `consul=1.14.11-1`. */
  readonly packages?: readonly string[];
  /** Package archives beside the distribution's own. */
  readonly aptSources?: readonly AptSource[];
  /** Programs that no package brings; each is put in place only after its sha256 was verified. */
  readonly downloads?: readonly Download[];
  /** System users without a login, made before the units that run as them are started. */
  readonly users?: readonly string[];
  /** Kernel modules, loaded at every boot before the sysctls are set. */
  readonly kernelModules?: readonly string[];
  readonly sysctls?: readonly Sysctl[];
  readonly files?: readonly MachineFile[];
  readonly units?: readonly Unit[];
  readonly liveFiles?: readonly LiveFile[];
  /**
   * Lines of the machine's address file: virtual addresses and routes. Live. An empty list already puts the file there, so
   * that a first line that comes later replaces no machine.
   */
  readonly addresses?: readonly string[];
  /**
   * Files whose content must stay secret on the way: keys, tokens. They are in no user-data; the first boot is over
   * before they come. A unit that needs one must not hold up or fail that boot: give it `wait: false` and no `ready`,
   * and `ConditionPathExists=` of the paths in its text (in a drop-in among `files` where it comes with a package), so
   * that it is left out until then. It is started once its secrets are there, and at every later boot.
   */
  readonly secrets?: readonly SecretFile[];
  /** Ports that the role listens on; two roles can't claim the same. */
  readonly ports?: readonly PortClaim[];
  /** Shell patterns of files that the role's programs write; the teardown of a host that exists removes them. */
  readonly generated?: readonly string[];
  /** Shell commands run once at the first boot, after the units were started. */
  readonly commands?: readonly string[];
  /** Shell commands that succeed once the role works; the first boot waits for each, up to a minute by default. */
  readonly ready?: readonly (string | ReadyCheck)[];
}

/** A contribution, or a function where the role still grows after its construction; it is called at synth. */
export type LazyContribution = Contribution | (() => Contribution);

/** A kernel setting, and why it is set: the reason is written beside it on the machine. */
export interface Sysctl {
  readonly key: string;
  readonly value: string;
  readonly reason: string;
}

export interface MachineFile {
  /** Absolute path. */
  readonly path: string;
  readonly content: string;
  /** Octal. @default "0644" */
  readonly mode?: string;
}

/** A file that changes while the machine runs. */
export interface LiveFile extends MachineFile {
  /** The systemd unit that is reloaded after a change. */
  readonly reloads: string;
}

/** A file that Terraform brings to the running machine, again when its content changed or the machine was replaced. */
export interface SecretFile {
  /** Absolute path. The file is root's; a unit with another user reads it by systemd's `LoadCredential=`. */
  readonly path: string;
  /**
   * The value of a sensitive variable, with text around it where that is no secret itself:
   * `new TerraformVariable(stack, "key", { type: "string", sensitive: true }).stringValue`. Two roles that share a file
   * give the same string. No NUL character, and at most 128 KiB: it travels in an environment variable.
   */
  readonly content: string;
  /** Octal. @default "0600" */
  readonly mode?: string;
  /** The systemd unit that is reloaded (restarted, where it can't) after a change, and started where it doesn't run. */
  readonly reloads: string;
}

export interface Unit {
  /** With its suffix: `vipstack-ipvs.service`. */
  readonly name: string;
  /** The unit file's text. @default - the unit comes with a package; it is only enabled */
  readonly content?: string;
  /** Whether it is enabled and started. @default true */
  readonly enable?: boolean;
  /**
   * Whether the first boot waits until it has started. `false` where the start itself waits for other machines, which may boot
   * later: then `ready` limits the wait. @default true
   */
  readonly wait?: boolean;
}

export interface ReadyCheck {
  /** Shell command that succeeds once it is true. */
  readonly check: string;
  /** How long the first boot waits for it. @default 60 */
  readonly seconds?: number;
}

export interface PortClaim {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly port: number;
  /** @default - every address of the machine */
  readonly address?: string;
}

/**
 * Room for the connections that a machine tracks, as many as the kernel itself gives machines above 4 GiB. The `-` lets it fail
 * where the kernel is not the machine's own, on OrbStack for example.
 */
export const TRACKED_CONNECTIONS: Sysctl = {
  key: "-net.netfilter.nf_conntrack_max",
  value: "262144",
  reason: "each counts for two minutes after its end; a machine of 512 MiB has room for 4096, then drops what is new",
};

/** Everything that is invalid in a contribution; an item with a value that only Terraform knows is refused for that alone. */
export function contributionFailures(part: Contribution): Failure[] {
  const known = withoutTerraformValues(part);
  return [
    ...terraformValueFailures(part),
    ...PROPERTIES.flatMap((property) =>
      known[property] === undefined ? [] : CHECKS[property](known[property] as never),
    ),
  ];
}

type Property = keyof Contribution;
type Checks = { readonly [P in Property]-?: (value: NonNullable<Contribution[P]>) => Failure[] };

const CHECKS: Checks = {
  title: (title) => check(isLine(title), "title", "must be one line", title, "leave out what is no text"),
  packages: (names) => names.flatMap(packageFailures),
  aptSources: (sources) => sources.flatMap(aptSourceFailures),
  downloads: (downloads) => downloads.flatMap(downloadFailures),
  users: (names) => names.flatMap(userFailures),
  kernelModules: (names) => names.flatMap(kernelModuleFailures),
  sysctls: (sysctls) => sysctls.flatMap(sysctlFailures),
  files: (files) => files.flatMap((file) => fileFailures("files", file)),
  units: (units) => units.flatMap(unitFailures),
  liveFiles: (files) =>
    files.flatMap((file) => [...fileFailures("liveFiles", file), ...unitNameFailures("liveFiles", file.reloads)]),
  addresses: (lines) => lines.flatMap(addressLineFailures),
  secrets: (files) => files.flatMap(secretFileFailures),
  ports: (ports) => ports.flatMap(portFailures),
  generated: (patterns) => patterns.flatMap(patternFailures),
  commands: (commands) => commands.flatMap((command) => commandFailures("commands", command)),
  ready: (checks) => checks.flatMap(readyFailures),
};

const PROPERTIES = Object.keys(CHECKS) as Property[];

function userFailures(name: string): Failure[] {
  const rule = "must be names of system users: lower-case letters, digits, '_' and '-', at most 31";
  return check(isUserName(name), "users", rule, name, "choose a name like 'app'");
}

/** Terraform resolves values in its JSON only, never in the files that go to a machine. */
function terraformValueFailures(part: Contribution): Failure[] {
  return PROPERTIES.flatMap((property) =>
    itemsOf(part, property)
      .filter((item) => holdsTerraformValue(judged(property, item)))
      .map((item) => {
        const name = nameOf(item);
        return {
          property,
          rule: `can't hold a value that only Terraform knows${name === undefined ? "" : ` (in ${name})`}: it is not there yet when the machine's files are written`,
          cure: "give it as one of 'secrets', which Terraform brings to the machine, or let the program itself know the value",
        };
      }),
  );
}

function withoutTerraformValues(part: Contribution): Contribution {
  const entries = PROPERTIES.flatMap((property) => {
    const value = part[property];
    if (value === undefined) return [];
    if (!Array.isArray(value)) return holdsTerraformValue(value) ? [] : [[property, value] as const];
    return [[property, value.filter((item) => !holdsTerraformValue(judged(property, item)))] as const];
  });
  return Object.fromEntries(entries);
}

function itemsOf(part: Contribution, property: Property): readonly unknown[] {
  const value: unknown = part[property];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** The content of a secret is Terraform's own by its nature. */
function judged(property: Property, item: unknown): unknown {
  return property === "secrets" ? { ...(item as object), content: "" } : item;
}

/** What an item is known by, where that can be read. */
function nameOf(item: unknown): string | undefined {
  const known = item as { path?: unknown; name?: unknown; key?: unknown } | undefined;
  const name = known?.path ?? known?.name ?? known?.key;
  return typeof name === "string" && !holdsTerraformValue(name) ? name : undefined;
}

function kernelModuleFailures(name: string): Failure[] {
  const cure = "give the name only, like 'ip_vs'; options go into a file of /etc/modprobe.d";
  return check(isModule(name), "kernelModules", "must be names of kernel modules", name, cure);
}

function sysctlFailures({ key, value, reason }: Sysctl): Failure[] {
  const property = "sysctls";
  const example = "write it like 'net.ipv4.ip_forward'";
  const oneLine = isLine(value.replaceAll("\t", " "));
  return [
    ...check(isSysctlKey(key), property, "must have a kernel setting as key", key, example),
    ...check(oneLine, property, `must give ${key} a value of one line`, value, "separate numbers by blanks"),
    ...check(isLine(reason), property, `must give ${key} a reason of one line`, reason, "make it one sentence"),
  ];
}

/** @param property of the contribution that holds the file, as for all rules of this module */
function fileFailures(property: string, { path, mode, content }: MachineFile): Failure[] {
  return [
    ...pathFailures(property, path),
    ...modeFailures(property, path, mode),
    ...contentFailures(property, path, content),
  ];
}

function patternFailures(pattern: string): Failure[] {
  const rule = "must be shell patterns of files two folders deep or deeper";
  return check(isFilePattern(pattern), "generated", rule, pattern, "write it like '/etc/app/made-*.conf'");
}

function secretFileFailures({ path, mode, reloads }: SecretFile): Failure[] {
  return [...fileFailures("secrets", { path, mode, content: "" }), ...unitNameFailures("secrets", reloads)];
}

const SENSITIVE_VARIABLE = 'new TerraformVariable(stack, "key", { type: "string", sensitive: true }).stringValue';

/** A secret is the one thing that must be Terraform's own; for contributions that Terraform brings. Its text is never repeated. */
export function plainSecretFailures({ secrets = [] }: Contribution): Failure[] {
  const cure = `give the value of a sensitive variable: ${SENSITIVE_VARIABLE}`;
  return secrets.flatMap(({ path, content }) => {
    if (holdsNumber(content)) {
      const rule = `can't hold a number in the content of ${path}, which would stand in the state as it is`;
      return [{ property: "secrets", rule, cure }];
    }
    if (holdsTerraformValue(content)) return [];
    const rule = `can't hold the content of ${path} as text, which would stand in the synthesized JSON`;
    return [{ property: "secrets", rule, cure }];
  });
}

function unitFailures({ name, content, enable }: Unit): Failure[] {
  return [
    ...unitNameFailures("units", name),
    ...check(
      !isTemplate(name) || enable === false,
      "units",
      "must name an instance of a template that is to be started",
      name,
      `write it like '${name.replace("@.", "@one.")}', or give it 'enable: false'`,
    ),
    ...(content === undefined ? [] : contentFailures("units", name, content)),
  ];
}

/** @param property of the contribution that names the unit */
function unitNameFailures(property: string, name: string): Failure[] {
  const cure = "write it like 'app.service'; systemd-escape makes a name of any text";
  return check(isUnitName(name), property, "must name systemd units, with their suffix", name, cure);
}

function addressLineFailures(line: string): Failure[] {
  const cure = "write it like '10.0.0.9/32 dev eth0' or 'route 10.1.0.0/24 via 10.0.0.1 dev eth0'";
  return check(isAddressLine(line), "addresses", "must be lines of the address file", line, cure);
}

function portFailures({ port, address }: PortClaim): Failure[] {
  const possible = Number.isInteger(port) && port >= 1 && port <= 65535;
  const known = address === undefined || normalizeAddress(address) !== undefined;
  const example = "write it like '10.0.0.9', or leave it out for every address";
  return [
    ...check(
      possible,
      "ports",
      "must be whole numbers from 1 to 65535",
      port,
      "give the port that the role listens on",
    ),
    ...check(known, "ports", "must have an address that is one", address, example),
  ];
}

/** @param property of the contribution that holds the command */
function commandFailures(property: string, text: string): Failure[] {
  return check(
    isShellText(text),
    property,
    "must be shell text without NUL and halves of characters",
    text,
    "write a command",
  );
}

function readyFailures(given: string | ReadyCheck): Failure[] {
  const { check: text, seconds } = typeof given === "string" ? { check: given, seconds: undefined } : given;
  const possible = seconds === undefined || (Number.isInteger(seconds) && seconds >= 1 && seconds <= 86_400);
  return [
    ...commandFailures("ready", text),
    ...check(
      possible,
      "ready",
      "must wait for a whole number of seconds from 1 to 86400",
      seconds,
      "choose one like 120",
    ),
  ];
}
