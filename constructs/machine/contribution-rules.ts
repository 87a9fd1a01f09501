import { Failure } from "../private/failure";
import { commandFailures, readyFailures } from "./command-rules";
import { Contribution } from "./contribution";
import { fileFailures, patternFailures } from "./file-rules";
import { kernelModuleFailures, sysctlFailures } from "./kernel-rules";
import { addressLineFailures, portFailures } from "./network-rules";
import { secretFileFailures } from "./secret-rules";
import { aptSourceFailures, downloadFailures, packageFailures } from "./software-rules";
import { holdsTerraformValue } from "./terraform-value";
import { check, isLine, isUserName } from "./text-rules";
import { unitFailures, unitNameFailures } from "./unit-rules";

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
