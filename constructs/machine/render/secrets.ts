import type { CloudInit } from "../cloud-init";
import { BEFORE, KEEP, WHAT_IT_IS } from "./host";
import { shellQuote, shellWord, shellWords } from "./shell";

/** The environment variable that holds a secret, by its place in the model. */
export function secretVariable(index: number): string {
  return `VIPSTACK_SECRET_${index}`;
}

/**
 * The command that brings the secrets: {@link renderSecretsScript} prints a script, which goes to the machine once it
 * is whole. So the contents are in environments and pipes, never in a file or a command line (`printf` is the shell's
 * own).
 *
 * @param file where the script is
 * @param shell runs the script on its standard input on the machine
 */
export function bringSecrets(file: string, shell: string): string {
  return `script=$(sh ${file}) && printf '%s\\n' "$script" | ${shell}`;
}

/** A script for the operator's machine. It prints one for the machine, with the contents from the environment in it. */
export function renderSecretsScript(model: CloudInit): string {
  const { secrets } = model;
  const units = [...new Set(secrets.flatMap((secret) => secret.units))];
  return [
    "#!/bin/sh",
    `# Prints what brings ${model.hostname ?? "a machine"} its secrets: the contents of ${secretVariable(0)} and so on.`,
    "set -eu",
    // A variable that is missing would be an empty file: inside a pipe its error is ignored.
    `: ${secrets.map((_, index) => `"$${secretVariable(index)}"`).join(" ")}`,
    // In braces a script is read to its end before anything is done: one that was cut off does nothing, and fails.
    print("{", "set -eu", KEEP, FUNCTIONS),
    ...secrets.flatMap(({ path, mode, units: readers }, index) => [
      print(`secret ${shellQuote(path)} ${shellWord(mode)} ${shellWords(readers)} <<'EOF'`),
      `printf %s "$${secretVariable(index)}" | base64`,
      print("EOF"),
    ]),
    // On the disk before anything relies on it: Terraform does not bring it again after a power cut.
    print("sync", ...units.map((unit) => `renew ${shellWord(unit)}`), "}"),
    "",
  ].join("\n");
}

function print(...lines: readonly string[]): string {
  return ["cat <<'SCRIPT'", ...lines, "SCRIPT"].join("\n");
}

/** Names of units that have to be reloaded; a run that was cut off leaves them there for the next one. */
const CHANGED = "/run/vipstack/secrets-changed";

/** Of a unit's journal nothing is shown: it may hold what the unit thinks of its secret. */
const FUNCTIONS = `secret() { # secret PATH MODE UNIT…, the content in base64 on standard input
  path=$1 mode=$2
  shift 2
  # A host that exists gets back what it had, also where the secret came later than the rest.
  if [ -d ${BEFORE} ]; then keep "$path"; fi
  mkdir -p "$(dirname "$path")" ${CHANGED}
  rm -f "$path.new"
  (umask 077; base64 -d > "$path.new")
  chmod "$mode" "$path.new"
  if cmp -s "$path.new" "$path" && [ "$(${WHAT_IT_IS} "$path")" = "$(${WHAT_IT_IS} "$path.new")" ]; then
    rm "$path.new"
  else
    for unit; do : > "${CHANGED}/$unit"; done
    mv -T "$path.new" "$path"
  fi
}
renew() { # renew UNIT
  # Without its secret it may have failed so often that systemd refuses to start it.
  systemctl reset-failed "$1" 2>/dev/null || true
  if [ -e "${CHANGED}/$1" ]; then
    systemctl reload-or-restart "$1"
  else
    systemctl is-active --quiet "$1" || systemctl start "$1"
  fi || {
    echo "$1 does not run with its secrets; on the machine, journalctl --unit=$1 says why" >&2
    exit 1
  }
  rm -f "${CHANGED}/$1"
}`;
