import { Failure } from "../private/failure";

/** What machines take: names, paths and modes that are possible, each with how to say so. Pure. */

/** One failure unless `ok`. */
export function check(ok: boolean, property: string, rule: string, got: unknown, cure: string): Failure[] {
  return ok ? [] : [{ property, rule, got, cure }];
}

/** Control characters, and halves of characters that UTF-8 can't hold. */
const UNFIT = /[\p{Cc}\p{Cs}]/u;

/** Whether the text is one line of characters that UTF-8 can hold. */
export function isLine(text: string): boolean {
  return !UNFIT.test(text);
}

/** Whether the text can be part of a shell script: no NUL, nothing that UTF-8 can't hold. */
export function isShellText(text: string): boolean {
  return text.trim() !== "" && !text.includes("\0") && isUnicode(text);
}

function isUnicode(text: string): boolean {
  return !/\p{Cs}/u.test(text);
}

/** An absolute path of a file, without `.`, `..` and empty parts. */
function isFilePath(path: string): boolean {
  const [root, ...parts] = path.split("/");
  const possible = parts.every(
    (part) => part !== "" && part !== "." && part !== ".." && Buffer.byteLength(part) <= 250,
  );
  return root === "" && parts.length > 0 && possible && isLine(path) && Buffer.byteLength(path) <= 4000;
}

/** Octal, three or four digits: `0644`. */
function isMode(mode: string): boolean {
  return /^[0-7]{3,4}$/.test(mode);
}

/** A systemd unit's full name; a template only with its instance. @see https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html */
export function isUnitName(name: string): boolean {
  return UNIT_NAME.test(name) && name.length <= 255;
}

const UNIT_NAME = /^[\w:.\\][\w:.\\-]*(@[\w:.\\@-]*)?\.(service|socket|mount|automount|swap|target|path|timer|slice)$/;

/** `worker@.service`, which is started by the names of its instances only. */
export function isTemplate(unit: string): boolean {
  return unit.includes("@.");
}

/** `nginx`, `libc6:amd64`, `consul=1.22.7-1`. @see https://www.debian.org/doc/debian-policy/ch-controlfields.html#source */
export function isPackage(name: string): boolean {
  return /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.](:[a-z0-9-]+)?(=[\w.+~:-]+)?$/.test(name);
}

export function isModule(name: string): boolean {
  return /^\w[\w-]{0,54}$/.test(name);
}

/** `net.ipv4.ip_forward`; with a leading `-` its failure is ignored. @see https://manpages.debian.org/sysctl.d.5 */
export function isSysctlKey(key: string): boolean {
  return /^-?\w[\w*:-]*([./][\w*:-]+)+$/.test(key);
}

export function isUserName(name: string): boolean {
  return /^[a-z_][a-z0-9_-]{0,30}$/.test(name);
}

/** What {@link isHostName} asks for. */
export const HOST_NAME_RULE = {
  rule: "must be a host name: letters, digits and hyphens, at most 63, starting with a letter",
  cure: "choose a name like 'web-1'",
};

export function isHostName(name: string): boolean {
  return /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(name);
}

/** As the kernel takes it: `eth0`, `eth0.100`. */
export function isInterfaceName(name: string): boolean {
  return /^[\w][\w.-]{0,14}$/.test(name);
}

/** Shell pattern of files, at least two folders deep, so that it can't mean a whole system: `/etc/app/made-*.conf`. */
export function isFilePattern(pattern: string): boolean {
  return /^(\/[\w@%+=:,.*?[\]-]+){3,}$/.test(pattern) && isFilePath(pattern);
}

/** One word without blanks, as in a line of apt's files. */
export function isWord(text: string): boolean {
  return isLine(text) && /^\S+$/.test(text);
}

export function pathFailures(property: string, path: string): Failure[] {
  const rule = "must have absolute paths of files, without '.', '..', empty parts and control characters";
  return check(isFilePath(path), property, rule, path, "write it like '/etc/app/app.conf'");
}

export function modeFailures(property: string, path: string, mode: string | undefined): Failure[] {
  const rule = `must give ${path} a mode of three or four octal digits`;
  return check(mode === undefined || isMode(mode), property, rule, mode, "write it like '0644'");
}

export function contentFailures(property: string, name: string, content: string): Failure[] {
  const rule = `must give ${name} text that UTF-8 can hold; there is half of a character in it`;
  return check(isUnicode(content), property, rule, undefined, "cut text between characters, or encode bytes as text");
}
