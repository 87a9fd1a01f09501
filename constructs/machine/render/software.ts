import type { MachineFile } from "../machine-file";
import type { AptSource, Download } from "../software";
import { shellQuote } from "./shell";

/** The files of package archives: source, key, and the versions that are held. @see https://manpages.debian.org/sources.list.5 */
export function aptFiles(sources: readonly AptSource[]): MachineFile[] {
  return sources.flatMap((source) => {
    const keyFile = `/etc/apt/keyrings/${source.name}.asc`;
    const pins = Object.entries(source.pins ?? {});
    return [
      { path: keyFile, content: `${source.key.trim()}\n` },
      { path: `/etc/apt/sources.list.d/${source.name}.sources`, content: sourceText(source, keyFile) },
      ...(pins.length > 0
        ? [{ path: `/etc/apt/preferences.d/${source.name}`, content: pins.map(pinText).join("\n") }]
        : []),
    ];
  });
}

function sourceText({ uri, suite, components }: AptSource, keyFile: string): string {
  return `Types: deb
URIs: ${uri}
Suites: ${suite}
Components: ${components.join(" ")}
Signed-By: ${keyFile}
`;
}

/** Above 1000 the version stays, also where a newer one is there. @see https://manpages.debian.org/apt_preferences.5 */
function pinText([name, version]: [string, string]): string {
  return `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`;
}

/** Packages that {@link downloadCommands} needs. */
export function downloadTools(downloads: readonly Download[]): string[] {
  return [
    ...(downloads.length > 0 ? ["ca-certificates", "curl"] : []),
    ...(downloads.some(({ unpack }) => unpack === "zip") ? ["unzip"] : []),
  ];
}

/** Fetches each file, compares its sum, and only then puts it in place; a wrong sum ends the script. */
export function downloadCommands(downloads: readonly Download[]): string[] {
  if (downloads.length === 0) return [];
  return [...(downloads.some(isListed) ? [SUM_OF] : []), DOWNLOAD, ...downloads.map(call)];
}

function call(download: Download): string {
  const { url, sha256, path, mode, unpack, member } = download;
  const words = [path, mode ?? "0755", ...(unpack ? [unpack] : []), ...(member ? [member] : [])].map(shellQuote);
  const address = shellQuote(url);
  if (!isListed(download)) return ["download", address, shellQuote(sha256.toLowerCase()), ...words].join(" ");
  return `sum_of ${address} ${shellQuote(sha256)}\n${["download", address, '"$expected"', ...words].join(" ")}`;
}

function isListed({ sha256 }: Download): boolean {
  return /^https?:/.test(sha256);
}

const SUM_OF = `sum_of() { # sum_of URL LIST: sets $expected to what the list says of the file
  list=$(curl --fail --silent --show-error --location --retry 5 --retry-connrefused "$2")
  expected=$(echo "$list" | awk -v name="\${1##*/}" '$2 == name { print $1 }')
  if [ -z "$expected" ]; then
    echo "$2 holds no sum of \${1##*/}" >&2
    exit 1
  fi
}`;

// The stamp remembers the sum of an archive, of which only the contents stay. A plain file is asked itself.
const DOWNLOAD = `download() { # download URL SHA256 PATH MODE [zip|tar.gz [MEMBER]]
  stamp="/var/lib/vipstack/downloads$3"
  if [ -z "\${5:-}" ]; then
    if echo "$2  $3" | sha256sum --check --status 2>/dev/null; then return; fi
  elif [ -e "$3" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$2 \${6:-}" ]; then
    return
  fi
  mkdir -p "$(dirname "$3")"
  # Beside its place: the last step is a rename, so half a program is never run.
  new="$3.new"
  curl --fail --silent --show-error --location --retry 5 --retry-connrefused --output "$new" "$1"
  sum=$(sha256sum "$new" | cut -d ' ' -f 1)
  if [ "$sum" != "$2" ]; then
    rm "$new"
    echo "$(basename "$3"): sha256 of $1 is $sum, expected $2" >&2
    exit 1
  fi
  if [ -n "\${6:-}" ]; then
    case "$5" in
      zip) unzip -p "$new" "$6" > "$new.member" ;;
      tar.gz) tar --extract --gzip --to-stdout --file "$new" "$6" > "$new.member" ;;
    esac
    mv "$new.member" "$new"
  elif [ -n "\${5:-}" ]; then
    mkdir -p "$3"
    case "$5" in
      zip) unzip -q -o "$new" -d "$3" ;;
      tar.gz) tar --extract --gzip --no-same-owner --file "$new" --directory "$3" ;;
    esac
    rm "$new"
  fi
  if [ -e "$new" ]; then
    chmod "$4" "$new"
    mv "$new" "$3"
  fi
  if [ -n "\${5:-}" ]; then
    mkdir -p "$(dirname "$stamp")"
    echo "$2 \${6:-}" > "$stamp"
  fi
  changed=yes
  echo "fetched $3"
}`;
