import { durationFailures } from "../private/duration";
import { Failure } from "../private/failure";
import { isAddressLine } from "./address-file";
import { fileFailures, LiveFile, liveFileFailures, MachineFile, SecretFile, secretFileFailures } from "./machine-file";
import { PortClaim, portFailures } from "./port-claim";
import { AptSource, aptSourceFailures, Download, downloadFailures, packageFailures } from "./software";
import { holdsTerraformValue } from "./terraform-value";
import { check, isFilePattern, isLine, isModule, isShellText, isSysctlKey, isUserName } from "./text";
import { Unit, unitFailures } from "./unit";

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
  liveFiles: (files) => files.flatMap(liveFileFailures),
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

function patternFailures(pattern: string): Failure[] {
  const rule = "must be shell patterns of files two folders deep or deeper";
  return check(isFilePattern(pattern), "generated", rule, pattern, "write it like '/etc/app/made-*.conf'");
}

function addressLineFailures(line: string): Failure[] {
  const cure = "write it like '10.0.0.9/32 dev eth0' or 'route 10.1.0.0/24 via 10.0.0.1 dev eth0'";
  return check(isAddressLine(line), "addresses", "must be lines of the address file", line, cure);
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
