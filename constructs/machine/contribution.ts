import { durationFailures } from "../private/duration";
import { Failure } from "../private/failure";
import { isAddressLine } from "./address-file";
import { AptSource, aptSourceFailures, Download, downloadFailures, packageFailures } from "./software";
import { networkOf, normalizeAddress } from "./subnet";
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
 * Parts of a machine that one role needs. Everything here is **boot** content (a change replaces the machine), except
 * {@link Contribution.liveFiles} and {@link Contribution.addresses}, which are pushed to the running machine, and
 * {@link Contribution.secrets}, which only Terraform knows.
 */
export interface Contribution {
  /** The title of the role in tables: `Consul server`. @default - none */
  readonly title?: string;
  /** Debian package names; with a version if it has to be exactly that: `consul=1.14.11-1`. @default - none */
  readonly packages?: readonly string[];
  /** Package archives in addition to those of the distribution. @default - none */
  readonly aptSources?: readonly AptSource[];
  /** Programs that no package contains; each is installed only after its sha256 was verified. @default - none */
  readonly downloads?: readonly Download[];
  /** System users without a login, created before the units that run as them start. @default - none */
  readonly users?: readonly string[];
  /** Kernel modules, loaded at every boot before the sysctls are set. @default - none */
  readonly kernelModules?: readonly string[];
  /** Kernel settings, each with its reason. @default - none */
  readonly sysctls?: readonly Sysctl[];
  /** Files, written before the units start. @default - none */
  readonly files?: readonly MachineFile[];
  /** systemd units, enabled and started. @default - none */
  readonly units?: readonly Unit[];
  /** Files that change while the machine runs. Live. @default - none */
  readonly liveFiles?: readonly LiveFile[];
  /**
   * Lines of the machine's address file: virtual addresses and routes. Live. An empty list already creates the file, so that adding the
   * first line later does not replace the machine.
   *
   * @default - no address file
   */
  readonly addresses?: readonly string[];
  /**
   * Files with secret content, such as keys and tokens. They are in no user-data and arrive after the first boot. A unit that needs one
   * must not delay or fail that boot: give it `wait: false`, no `ready`, and `ConditionPathExists=` of the paths in its text (for a
   * packaged unit in a drop-in among `files`). systemd then skips it until its secrets are there, and starts it at every later boot.
   *
   * @default - none
   */
  readonly secrets?: readonly SecretFile[];
  /** Ports that the role listens on; two roles can't claim the same. @default - none */
  readonly ports?: readonly PortClaim[];
  /**
   * Memory in MiB that the role's programs need, about. If a machine has less than all of its roles need, that is a warning at synth; only for
   * backends that give machines their memory.
   *
   * @default - nothing that matters
   */
  readonly memoryMiB?: number;
  /** Shell patterns of files that the role's programs write; the teardown of a host that exists removes them. @default - none */
  readonly generated?: readonly string[];
  /** Shell commands run once at the first boot, after the units were started. @default - none */
  readonly commands?: readonly string[];
  /** Shell commands that succeed once the role works; the first boot waits for each, for up to a minute by default. @default - none */
  readonly ready?: readonly (string | ReadyCheck)[];
  /** What to do before the machine is removed or made anew, so that no request is lost. @default - nothing */
  readonly beforeRemoval?: RemovalSteps;
}

/** A contribution, or a function that returns it. The function is called at synth, so the role can still grow until then. */
export type LazyContribution = Contribution | (() => Contribution);

/** A kernel setting. Its reason is written beside it on the machine. */
export interface Sysctl {
  /** Key as `sysctl` prints it: `net.ipv4.ip_forward`. */
  readonly key: string;
  /** Value as text: `1`. */
  readonly value: string;
  /** Why the machine needs it, one line. */
  readonly reason: string;
}

/** A file of a machine, owned by root. */
export interface MachineFile {
  /** Absolute path. */
  readonly path: string;
  /** Text of the file. */
  readonly content: string;
  /** Octal. @default "0644" */
  readonly mode?: string;
}

/** A file that changes while the machine runs. */
export interface LiveFile extends MachineFile {
  /** The systemd unit that is reloaded after a change. */
  readonly reloads: string;
}

/** A file that Terraform writes on the running machine: at the first deployment, and when its content or the machine has changed. */
export interface SecretFile {
  /** Absolute path. The file belongs to root; a unit with another user reads it with systemd's `LoadCredential=`. */
  readonly path: string;
  /**
   * The value of a sensitive variable; the text around it may be public:
   * `new TerraformVariable(stack, "key", { type: "string", sensitive: true }).stringValue`. Two roles that share a file
   * give the same string. No NUL character, and at most 128 KiB: it travels in an environment variable.
   */
  readonly content: string;
  /** Octal. @default "0600" */
  readonly mode?: string;
  /** The systemd unit that is reloaded after a change (restarted if it can't reload), and started if it does not run. */
  readonly reloads: string;
}

/**
 * A systemd unit.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html
 */
export interface Unit {
  /** Name with its suffix: `vipstack-ipvs.service`. */
  readonly name: string;
  /** The unit file's text. @default - the unit comes with a package; it is only enabled */
  readonly content?: string;
  /** Whether it is enabled and started. @default true */
  readonly enable?: boolean;
  /**
   * Whether the first boot waits until it has started. Use `false` if its start waits for other machines, which may boot later;
   * `ready` then limits the wait.
   *
   * @default true
   */
  readonly wait?: boolean;
}

/** Condition that ends the first boot. */
export interface ReadyCheck {
  /** Shell command that succeeds once the condition is met. */
  readonly check: string;
  /** How long the first boot waits for it, a Go duration of whole seconds from 1s to 24h. @default "60s" */
  readonly timeout?: string;
}

/**
 * Shell commands run on a machine before it is removed or made anew. First those of all roles that end new requests, then those that
 * stop services. A command that fails does not keep the machine. None is run when `vipstack down` removes the whole deployment.
 */
export interface RemovalSteps {
  /** Ends new requests, for example by taking a service out of Consul. Others have ten seconds to notice. @default - none */
  readonly withdraw?: readonly string[];
  /** Ends a service and the connections that are still open. @default - none */
  readonly stop?: readonly string[];
}

/** A port that a role listens on. */
export interface PortClaim {
  /** Transport protocol. */
  readonly protocol: "tcp" | "udp" | "sctp";
  /** 1 to 65535. */
  readonly port: number;
  /** Address that it listens on. @default - every address of the machine */
  readonly address?: string;
  /**
   * Addresses and networks that may open connections to it: `["10.0.0.5", "10.1.0.0/24"]`. The machine itself always may; an empty list is for the
   * machine alone. The machine needs a {@link Firewall}. TCP ports, and UDP and SCTP ports below 32768: answers come to those above.
   *
   * @default - unlimited
   */
  readonly from?: readonly string[];
}

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
  beforeRemoval: ({ withdraw = [], stop = [] }) => [
    ...withdraw.flatMap((command) => commandFailures("beforeRemoval.withdraw", command)),
    ...stop.flatMap((command) => commandFailures("beforeRemoval.stop", command)),
  ],
  memoryMiB: (mebibytes) =>
    check(
      Number.isInteger(mebibytes) && mebibytes > 0,
      "memoryMiB",
      "must be a whole number above 0",
      mebibytes,
      "leave it out for a role that needs none",
    ),
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
      const rule = `can't hold a number in the content of ${path}, which would be in the state as plain text`;
      return [{ property: "secrets", rule, cure }];
    }
    if (holdsTerraformValue(content)) return [];
    const rule = `can't hold the content of ${path} as text, which would be in the synthesized JSON`;
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

/** Below are the ports that the kernel gives to outgoing connections by default, to which answers come. */
const EPHEMERAL = 32768;

/** Whether a firewall that knows no connections can limit who reaches a port, and leave answers alone. */
export function canBeLimited({ protocol, port }: PortClaim): boolean {
  return protocol === "tcp" || port < EPHEMERAL;
}

function portFailures(claim: PortClaim): Failure[] {
  const { port, address, from = [] } = claim;
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
    ...from.flatMap((peer) =>
      check(
        networkOf(peer) !== undefined,
        "ports",
        `must be open to addresses and networks ('from' of ${port})`,
        peer,
        "write them like '10.0.0.7' or '10.0.0.0/24'",
      ),
    ),
    ...check(
      claim.from === undefined || canBeLimited(claim),
      "ports",
      `must be below ${EPHEMERAL} for a ${claim.protocol} port that is not open to everyone`,
      port,
      "leave out its 'from', or choose another port: answers to the machine's own questions come there",
    ),
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
  const { check: text, timeout } = typeof given === "string" ? { check: given, timeout: undefined } : given;
  return [
    ...commandFailures("ready", text),
    ...durationFailures({ "ready.timeout": timeout }, { min: "1s", max: "24h", whole: "seconds" }),
  ];
}
