import { bootFiles, startCommands } from "./boot-plan";
import { CloudInit } from "./cloud-init";
import { MachineFile, Unit } from "./contribution";
import { shellPattern, shellQuote, shellWord, shellWords } from "./shell-quote";

/**
 * The machine as one shell script for a host that exists: the same files, packages, modules, sysctls and units as the
 * user-data, in the same order; only the host's name stays as it is. Running it again changes nothing; services are renewed
 * only where a file changed. What the host had before is kept for {@link renderTeardownScript}.
 */
export function renderSetupScript(model: CloudInit): string {
  const files = bootFiles(model, { live: true });
  return script([
    KEEP,
    ...[...files, ...model.secrets].map(({ path }) => `keep ${shellQuote(path)}`),
    ...packagedUnits(model).map(({ name }) => `keep_unit ${shellWord(name)}`),
    PUT,
    ...files.map(putFile),
    ...installPackages(model.packages),
    ...startCommands(model, renewUnits(model)),
  ]);
}

/** For units that run already, with other files. Own ones can reload; of a package's unit nobody knows whether it can. */
function renewUnits(model: CloudInit): string[] {
  const enabled = model.units.filter(({ enable }) => enable !== false);
  const namesOf = (group: readonly Unit[]): string => shellWords(group.map(({ name }) => name));
  const own = namesOf(enabled.filter(({ content }) => content !== undefined));
  const packaged = namesOf(packagedUnits(model));
  return [
    ...(own === "" ? [] : [`[ -z "$changed" ] || systemctl try-reload-or-restart ${own}`]),
    ...(packaged === "" ? [] : [`[ -z "$changed" ] || systemctl try-restart ${packaged}`]),
  ];
}

/**
 * Undoes on an existing host what {@link renderSetupScript} did: own units are stopped, files and the units of packages are
 * again what they were. Packages stay; sysctls and modules do until the next boot.
 */
export function renderTeardownScript(model: CloudInit): string {
  const own = model.units.filter(({ content }) => content !== undefined).map(({ name }) => name);
  return script([
    GIVE_BACK,
    ...(own.length > 0 ? [`systemctl disable --now ${shellWords(own.slice().reverse())} || true`] : []),
    ...[...bootFiles(model, { live: true }), ...model.secrets].map(({ path }) => `give_back ${shellQuote(path)}`),
    ...packagedUnits(model).map(({ name }) => `give_back_unit ${shellWord(name)}`),
    ...(model.generated.length > 0 ? [`rm -f ${model.generated.map(shellPattern).join(" ")}`] : []),
    // What the rules folders held; foreign files in them keep them.
    "find /etc/vipstack /usr/local/lib/vipstack -depth -type d -empty -delete 2>/dev/null || true",
    `rm -rf ${BEFORE} /run/vipstack`,
    "systemctl daemon-reload",
  ]);
}

/** Live content for a machine that runs: files whose text differs are replaced, then their units reloaded, once each. */
export function renderPushScript(model: CloudInit): string {
  const units = [...new Set(model.liveFiles.map(({ reloads }) => reloads))];
  return script([
    PUT,
    ...units.flatMap((unit) => [
      ...model.liveFiles.filter(({ reloads }) => reloads === unit).map(putFile),
      // A reload also where nothing changed: the table may have been altered by hand, and the reload says whether it is right now.
      reloadCommand(model, unit),
    ]),
    `[ -n "$changed" ] || echo "no file differs"`,
  ]);
}

/** Before all its secrets are there, a unit may be unable to start: they come next, and start it. */
function reloadCommand({ secrets }: CloudInit, unit: string): string {
  const awaited = secrets.filter(({ units }) => units.includes(unit)).map(({ path }) => shellQuote(path));
  return [
    ...awaited.map((path) => `[ ! -e ${path} ] || `),
    `systemctl reload-or-restart ${shellWord(unit)} || `,
    `{ journalctl --no-pager --output=cat --lines=20 --unit=${shellWord(unit)} >&2; exit 1; }`,
  ].join("");
}

/** Where a host keeps what it had before the first run. */
const BEFORE = "/var/lib/vipstack/before";

const KEEP = `keep() { # keep PATH: as it is now, unless an earlier run did so
  if [ -e "${BEFORE}/files$1" ] || [ -e "${BEFORE}/absent$1" ]; then return; fi
  if [ -e "$1" ]; then
    mkdir -p "${BEFORE}/files$(dirname "$1")"
    cp -p "$1" "${BEFORE}/files$1"
  else
    mkdir -p "${BEFORE}/absent$1"
  fi
}
keep_unit() { # keep_unit NAME: whether it is enabled now, unless an earlier run did so
  if [ -e "${BEFORE}/units/$1" ]; then return; fi
  mkdir -p ${BEFORE}/units
  systemctl is-enabled "$1" > "${BEFORE}/units/$1" 2>/dev/null || true
}`;

const GIVE_BACK = `give_back() { # give_back PATH
  if [ -e "${BEFORE}/files$1" ]; then mv "${BEFORE}/files$1" "$1"; else rm -f "$1"; fi
}
give_back_unit() { # give_back_unit NAME
  if grep -q '^enabled' "${BEFORE}/units/$1" 2>/dev/null; then
    systemctl try-restart "$1" || true
  else
    systemctl disable --quiet --now "$1" || true
  fi
}`;

/** Replaces a file in one step and only where its text differs, so that a reader never sees half of it. */
const PUT = `changed=
put() { # put PATH MODE, the text in base64 on standard input
  mkdir -p "$(dirname "$1")"
  base64 -d > "$1.new"
  chmod "$2" "$1.new"
  if cmp -s "$1.new" "$1" && [ "$(stat -c %a "$1")" = "$(stat -c %a "$1.new")" ]; then
    rm "$1.new"
  else
    mv "$1.new" "$1"
    changed=yes
    echo "wrote $1"
  fi
}`;

/** Units that a package brings. */
function packagedUnits({ units }: CloudInit): Unit[] {
  return units.filter(({ content, enable }) => content === undefined && enable !== false);
}

function putFile({ path, content, mode }: MachineFile): string {
  const lines = Buffer.from(content)
    .toString("base64")
    .replace(/.{100}/g, "$&\n");
  return `put ${shellQuote(path)} ${shellWord(mode ?? "0644")} <<'EOF'\n${lines}\nEOF`;
}

function installPackages(packages: readonly string[]): string[] {
  if (packages.length === 0) return [];
  return [
    ...(packages.some((name) => name.includes("=")) ? [INSTALLED_VERSION] : []),
    `missing=$(for p in ${shellWords(packages)}; do ${isInstalled(packages)} || echo "$p"; done)`,
    `[ -z "$missing" ] || {
  export DEBIAN_FRONTEND=noninteractive
  # The script itself comes by standard input: apt must not read it.
  apt-get update --quiet </dev/null
  # shellcheck disable=SC2086 # one word a package
  apt-get install --quiet --assume-yes --option Dpkg::Options::=--force-confold $missing </dev/null
}`,
  ];
}

function isInstalled(packages: readonly string[]): string {
  const anyVersion = `dpkg-query --show --showformat='\${Status}' "$p" 2>/dev/null | grep -q 'ok installed'`;
  return packages.some((name) => name.includes("=")) ? 'installed "$p"' : anyVersion;
}

const INSTALLED_VERSION = `installed() { # installed NAME[=VERSION]
  there=$(dpkg-query --show --showformat='\${Status}=\${Version}' "\${1%%=*}" 2>/dev/null) || return 1
  case "$1" in
    *=*) [ "$there" = "install ok installed=\${1#*=}" ] ;;
    *) [ "\${there%%=*}" = "install ok installed" ] ;;
  esac
}`;

function script(lines: readonly string[]): string {
  return `${["#!/bin/sh", "set -eu", ...lines].join("\n")}\n`;
}
