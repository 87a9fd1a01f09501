import type { CloudInit } from "../cloud-init";
import type { MachineFile } from "../machine-file";
import type { Unit } from "../unit";
import { bootFiles, startCommands } from "./boot";
import { BEFORE, FORGET_OWN_NAME, KEEP, WHAT_IT_IS } from "./host";
import { shellPattern, shellQuote, shellWord, shellWords } from "./shell";

/**
 * Renders a machine as one shell script for a host that exists: the same files, packages, modules, sysctls and units as the user-data, in
 * the same order. Only the host's name stays unchanged. Running the script again changes nothing; services are restarted or reloaded only
 * if a file has changed. The files that the host had before are kept for {@link renderTeardownScript}.
 */
export function renderSetupScript(model: CloudInit): string {
  const files = bootFiles(model, { live: true });
  return script([
    KEEP,
    KEEP_UNIT,
    ...[...files, ...model.secrets].map(({ path }) => `keep ${shellQuote(path)}`),
    ...packagedUnits(model).map(({ name }) => `keep_unit ${shellWord(name)}`),
    PUT,
    ...files.map(putFile),
    ...installPackages(model.packages),
    ...startCommands(model, renewUnits(model)),
  ]);
}

/** For units that run already, with other files. Own ones can reload; whether a package's unit can is not known. */
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
 * Renders the shell script that reverts {@link renderSetupScript} on a host that exists: it stops the program's units and restores files
 * and the units of packages. Packages stay installed; sysctls and modules remain until the next boot.
 */
export function renderTeardownScript(model: CloudInit): string {
  const own = model.units.filter(({ content }) => content !== undefined).map(({ name }) => name);
  return script([
    GIVE_BACK,
    ...(own.length > 0 ? [`systemctl disable --now ${shellWords(own.slice().reverse())} || true`] : []),
    ...[...bootFiles(model, { live: true }), ...model.secrets].map(({ path }) => `give_back ${shellQuote(path)}`),
    ...packagedUnits(model).map(({ name }) => `give_back_unit ${shellWord(name)}`),
    ...(model.generated.length > 0 ? [`rm -f ${model.generated.map(shellPattern).join(" ")}`] : []),
    ...(model.address === undefined ? [] : [FORGET_OWN_NAME]),
    `rm -f ${PUSHED}`,
    `rm -rf ${BEFORE} /run/vipstack`,
    // What the rules folders held; foreign files in them keep them.
    "find /etc/vipstack /usr/local/lib/vipstack /var/lib/vipstack -depth -type d -empty -delete 2>/dev/null || true",
    "systemctl daemon-reload",
  ]);
}

/**
 * Renders the shell script that pushes live content to a running machine: files whose text differs are replaced, then their units are
 * reloaded, once each. A unit is reloaded even if nothing changed: its table may have been altered manually, and the reload reports
 * whether it is right. Only the first push to a new machine omits these reloads: its boot has just started every unit with the same files.
 */
export function renderPushScript(model: CloudInit): string {
  const units = [...new Set(model.liveFiles.map(({ reloads }) => reloads))];
  return script([
    PUT,
    `new=; [ -e ${PUSHED} ] || new=yes`,
    "differs=",
    ...units.flatMap((unit) => [
      "changed=",
      ...model.liveFiles.filter(({ reloads }) => reloads === unit).map(putFile),
      `[ -z "$changed" ] || differs=yes`,
      `if [ -n "$changed" ] || [ -z "$new" ]; then`,
      reloadCommand(model, unit),
      "fi",
    ]),
    `mkdir -p "$(dirname ${PUSHED})"`,
    `touch ${PUSHED}`,
    `[ -n "$differs" ] || echo "no file differs"`,
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

/** There once live content was pushed to the machine. */
const PUSHED = "/var/lib/vipstack/pushed";

const KEEP_UNIT = `keep_unit() { # keep_unit NAME: whether it is enabled and runs now, unless an earlier run did so
  if [ -e "${BEFORE}/units/$1" ]; then return; fi
  mkdir -p ${BEFORE}/units
  { systemctl is-enabled "$1"; systemctl is-active "$1"; } > "${BEFORE}/new" 2>/dev/null || true
  mv "${BEFORE}/new" "${BEFORE}/units/$1"
}`;

const GIVE_BACK = `give_back() { # give_back PATH: the file or link that was there, with its owner and mode; nothing where nothing was
  if [ -e "${BEFORE}/files$1" ] || [ -L "${BEFORE}/files$1" ]; then
    mv -T "${BEFORE}/files$1" "$1"
  elif [ -e "${BEFORE}/absent$1" ]; then
    rm -f "$1"
  fi
}
give_back_unit() { # give_back_unit NAME
  before="${BEFORE}/units/$1"
  if [ ! -e "$before" ]; then return; fi
  grep -qx 'enabled\\(-runtime\\)\\?' "$before" || systemctl disable --quiet "$1" || true
  if grep -qx 'enabled\\(-runtime\\)\\?\\|active' "$before"; then systemctl try-restart "$1"; else systemctl stop "$1"; fi || true
}`;

/** Replaces a file in one step and only where it differs, so that a reader never sees half of it. */
const PUT = `changed=
put() { # put PATH MODE, the text in base64 on standard input
  mkdir -p "$(dirname "$1")"
  rm -f "$1.new"
  base64 -d > "$1.new"
  chmod "$2" "$1.new"
  if cmp -s "$1.new" "$1" && [ "$(${WHAT_IT_IS} "$1.new")" = "$(${WHAT_IT_IS} "$1")" ]; then
    rm "$1.new"
  else
    mv -T "$1.new" "$1"
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
  return `${["#!/bin/sh", "set -eu", "umask 022", ...lines].join("\n")}\n`;
}
