import { Failure } from "../private/failure";
import { AptSource, Download } from "./contribution";
import { contentFailures, modeFailures, pathFailures } from "./file-rules";
import { check, isLine, isPackage, isWord } from "./text-rules";

/** Names that apt would not take for a package. */
export function packageFailures(name: string): Failure[] {
  const cure = "write it like 'nginx' or 'nginx=1.22.1-9'";
  return check(isPackage(name), "packages", "must name Debian packages", name, cure);
}

export function downloadFailures({ url, sha256, path, mode, member }: Download): Failure[] {
  const property = "downloads";
  return [
    ...check(
      /^[a-z]+:\/\//.test(url) && isWord(url),
      property,
      "must have URLs",
      url,
      "write it like 'https://example.org/app.zip'",
    ),
    ...check(
      /^([0-9a-f]{64}|https?:\/\/\S+)$/i.test(sha256) && isWord(sha256),
      property,
      `must give ${path} a sha256 of 64 hexadecimal digits, or the URL of a list`,
      sha256,
      "take what sha256sum prints",
    ),
    ...pathFailures(property, path),
    ...modeFailures(property, path, mode),
    ...check(
      member === undefined || (isLine(member) && /^[^/-]/.test(member)),
      property,
      `must name the member of ${path} as the archive lists it`,
      member,
      "write it like 'bin/app'",
    ),
  ];
}

export function aptSourceFailures({ name, uri, suite, components, key, pins }: AptSource): Failure[] {
  const property = "aptSources";
  const words = [...[uri, suite, ...components], ...Object.entries(pins ?? {}).flat()];
  const bad = words.find((word) => !isWord(word));
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
