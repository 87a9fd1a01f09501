import { Failure } from "../private/failure";
import { isAddressLine } from "./address-line";
import { Contribution, MachineFile, ReadyCheck } from "./contribution";
import { holdsNumber, holdsTerraformValue } from "./terraform-value";
import * as rules from "./text-rules";
import { normalizeAddress } from "./subnet";

/** What of a contribution no machine can have, all of it; an item with a value that only Terraform knows is told as that. */
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
type Items<P extends Property> = NonNullable<Contribution[P]>;

const CHECKS: { readonly [P in Property]-?: (items: never) => Failure[] } = {
  title: (title: string) => check(rules.isLine(title), "title", "must be one line", title, "leave out what is no text"),
  packages: (names: Items<"packages">) =>
    names.flatMap((name) =>
      check(
        rules.isPackage(name),
        "packages",
        "must name Debian packages",
        name,
        "write it like 'nginx' or 'nginx=1.22.1-9'",
      ),
    ),
  aptSources: (sources: Items<"aptSources">) => sources.flatMap(aptSourceFailures),
  downloads: (downloads: Items<"downloads">) => downloads.flatMap(downloadFailures),
  users: (names: Items<"users">) =>
    names.flatMap((name) =>
      check(
        rules.isUserName(name),
        "users",
        "must be names of system users: lower-case letters, digits, '_' and '-', at most 31",
        name,
        "choose a name like 'app'",
      ),
    ),
  kernelModules: (names: Items<"kernelModules">) =>
    names.flatMap((name) =>
      check(
        rules.isModule(name),
        "kernelModules",
        "must be names of kernel modules",
        name,
        "give the name only, like 'ip_vs'; options go into a file of /etc/modprobe.d",
      ),
    ),
  sysctls: (sysctls: Items<"sysctls">) =>
    sysctls.flatMap(({ key, value, reason }) => [
      ...check(
        rules.isSysctlKey(key),
        "sysctls",
        "must have a kernel setting as key",
        key,
        "write it like 'net.ipv4.ip_forward'",
      ),
      ...check(
        rules.isLine(value.replaceAll("\t", " ")),
        "sysctls",
        `must give ${key} a value of one line`,
        value,
        "separate numbers by blanks",
      ),
      ...check(
        rules.isLine(reason),
        "sysctls",
        `must give ${key} a reason of one line`,
        reason,
        "make it one sentence",
      ),
    ]),
  files: (files: Items<"files">) => files.flatMap((file) => fileFailures("files", file)),
  units: (units: Items<"units">) =>
    units.flatMap(({ name, content, enable }) => [
      ...unitNameFailures("units", name),
      ...check(
        !rules.isTemplate(name) || enable === false,
        "units",
        "must name an instance of a template that is to be started",
        name,
        `write it like '${name.replace("@.", "@one.")}', or give it 'enable: false'`,
      ),
      ...(content === undefined ? [] : contentFailures("units", name, content)),
    ]),
  liveFiles: (files: Items<"liveFiles">) =>
    files.flatMap((file) => [...fileFailures("liveFiles", file), ...unitNameFailures("liveFiles", file.reloads)]),
  addresses: (lines: Items<"addresses">) =>
    lines.flatMap((line) =>
      check(
        isAddressLine(line),
        "addresses",
        "must be lines of the address file",
        line,
        "write it like '10.0.0.9/32 dev eth0' or 'route 10.1.0.0/24 via 10.0.0.1 dev eth0'",
      ),
    ),
  secrets: (files: Items<"secrets">) =>
    files.flatMap(({ path, mode, reloads }) => [
      ...fileFailures("secrets", { path, mode, content: "" }),
      ...unitNameFailures("secrets", reloads),
    ]),
  ports: (ports: Items<"ports">) =>
    ports.flatMap(({ port, address }) => [
      ...check(
        Number.isInteger(port) && port >= 1 && port <= 65535,
        "ports",
        "must be whole numbers from 1 to 65535",
        port,
        "give the port that the role listens on",
      ),
      ...check(
        address === undefined || normalizeAddress(address) !== undefined,
        "ports",
        "must have an address that is one",
        address,
        "write it like '10.0.0.9', or leave it out for every address",
      ),
    ]),
  generated: (patterns: Items<"generated">) =>
    patterns.flatMap((pattern) =>
      check(
        rules.isFilePattern(pattern),
        "generated",
        "must be shell patterns of files two folders deep or deeper",
        pattern,
        "write it like '/etc/app/made-*.conf'",
      ),
    ),
  commands: (commands: Items<"commands">) => commands.flatMap((command) => shellFailures("commands", command)),
  ready: (checks: Items<"ready">) => checks.flatMap(readyFailures),
};

const PROPERTIES = Object.keys(CHECKS) as Property[];

function check(ok: boolean, property: string, rule: string, got: unknown, cure: string): Failure[] {
  return ok ? [] : [{ property, rule, got, cure }];
}

function fileFailures(property: string, { path, mode, content }: MachineFile): Failure[] {
  return [
    ...pathFailures(property, path),
    ...modeFailures(property, path, mode),
    ...contentFailures(property, path, content),
  ];
}

function pathFailures(property: string, path: string): Failure[] {
  const rule = "must have absolute paths of files, without '.', '..', empty parts and control characters";
  return check(rules.isFilePath(path), property, rule, path, "write it like '/etc/app/app.conf'");
}

function modeFailures(property: string, path: string, mode: string | undefined): Failure[] {
  const rule = `must give ${path} a mode of three or four octal digits`;
  return check(mode === undefined || rules.isMode(mode), property, rule, mode, "write it like '0644'");
}

function contentFailures(property: string, name: string, content: string): Failure[] {
  const rule = `must give ${name} text that UTF-8 can hold; there is half of a character in it`;
  return check(
    rules.isUnicode(content),
    property,
    rule,
    undefined,
    "cut text between characters, or encode bytes as text",
  );
}

function unitNameFailures(property: string, name: string): Failure[] {
  const cure = "write it like 'app.service'; systemd-escape makes a name of any text";
  return check(rules.isUnitName(name), property, "must name systemd units, with their suffix", name, cure);
}

function shellFailures(property: string, text: string): Failure[] {
  return check(
    rules.isShellText(text),
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
    ...shellFailures("ready", text),
    ...check(
      possible,
      "ready",
      "must wait for a whole number of seconds from 1 to 86400",
      seconds,
      "choose one like 120",
    ),
  ];
}

function downloadFailures({ url, sha256, path, mode, member }: Items<"downloads">[number]): Failure[] {
  const property = "downloads";
  return [
    ...check(
      /^[a-z]+:\/\//.test(url) && rules.isWord(url),
      property,
      "must have URLs",
      url,
      "write it like 'https://example.org/app.zip'",
    ),
    ...check(
      /^([0-9a-f]{64}|https?:\/\/\S+)$/i.test(sha256) && rules.isWord(sha256),
      property,
      `must give ${path} a sha256 of 64 hexadecimal digits, or the URL of a list`,
      sha256,
      "take what sha256sum prints",
    ),
    ...pathFailures(property, path),
    ...modeFailures(property, path, mode),
    ...check(
      member === undefined || (rules.isLine(member) && /^[^/-]/.test(member)),
      property,
      `must name the member of ${path} as the archive lists it`,
      member,
      "write it like 'bin/app'",
    ),
  ];
}

function aptSourceFailures({ name, uri, suite, components, key, pins }: Items<"aptSources">[number]): Failure[] {
  const property = "aptSources";
  const words = [...[uri, suite, ...components], ...Object.entries(pins ?? {}).flat()];
  const bad = words.find((word) => !rules.isWord(word));
  return [
    ...check(
      /^\w[\w.-]*$/.test(name),
      property,
      "must have names of letters, digits, '_', '-' and '.'",
      name,
      "choose a name like 'app'",
    ),
    ...check(
      bad === undefined,
      property,
      `must give ${name} single words as URI, suite, components and versions`,
      bad,
      "give each word of its own",
    ),
    ...check(
      components.length > 0 || suite.endsWith("/"),
      property,
      `must give ${name} components`,
      components,
      "write them like ['main']",
    ),
    ...contentFailures(property, name, key),
  ];
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
