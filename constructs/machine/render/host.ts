/** Where a host that exists keeps what it had before the first run. */
export const BEFORE = "/var/lib/vipstack/before";

/** Each path once, whole: half a copy after a cut-off run would count as what was there. */
export const KEEP = `keep() { # keep PATH: as it is now, unless an earlier run did so
  if [ -e "${BEFORE}/files$1" ] || [ -L "${BEFORE}/files$1" ] || [ -e "${BEFORE}/absent$1" ]; then return; fi
  if [ -d "$1" ] && [ ! -L "$1" ]; then
    echo "$1 is a folder here; a file is to be in its place" >&2
    exit 1
  fi
  if [ -e "$1" ] || [ -L "$1" ]; then
    mkdir -p "${BEFORE}/files$(dirname "$1")"
    cp -a "$1" "${BEFORE}/new"
    mv -T "${BEFORE}/new" "${BEFORE}/files$1"
  else
    mkdir -p "${BEFORE}/absent$1"
  fi
}`;

/** What of a file beside its text must be right: a link to a file with the same text is another thing. */
export const WHAT_IT_IS = "stat -c '%F %a %u:%g'";

/** Ends the line that {@link ownName} adds, by which the teardown knows it. */
const OWN_LINE = " # vipstack";

/**
 * Lets a machine know its own name: `hostname -f`, sudo and programs that look for their own address ask for it. A name that
 * leads somewhere already stays as it is.
 */
export function ownName(address: string): string {
  return `getent hosts "$(hostname)" >/dev/null || echo "${address} $(hostname)${OWN_LINE}" >> /etc/hosts`;
}

/** Takes the line of {@link ownName} out; what else changed in the file meanwhile stays, and the file is the one that it was. */
export const FORGET_OWN_NAME = `if grep -q '${OWN_LINE}$' /etc/hosts; then
  hosts=$(grep -v '${OWN_LINE}$' /etc/hosts || true)
  printf '%s\\n' "$hosts" > /etc/hosts
fi`;
