import { Failure } from "../private/failure";
import { MachineFile } from "./contribution";
import { check, isFilePath, isFilePattern, isMode, isUnicode } from "./text-rules";

/** @param property of the contribution that holds the file, as for all rules of this module */
export function fileFailures(property: string, { path, mode, content }: MachineFile): Failure[] {
  return [
    ...pathFailures(property, path),
    ...modeFailures(property, path, mode),
    ...contentFailures(property, path, content),
  ];
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

export function patternFailures(pattern: string): Failure[] {
  const rule = "must be shell patterns of files two folders deep or deeper";
  return check(isFilePattern(pattern), "generated", rule, pattern, "write it like '/etc/app/made-*.conf'");
}
