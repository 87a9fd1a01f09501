#!/bin/sh
# agent-secrets: gives an agent its secrets, before it starts and before it reads them again.
# Usage: agent-secrets USER ARRIVAL COPIES RING...
# Copies them from ARRIVAL, which only root can read, to COPIES, which is in memory, for USER. A RING is the agent's own file of gossip keys.
set -eu
user=$1
arrival=$2
copies=$3
shift 3
install --directory --mode 0700 --owner "$user" --group "$user" "$copies"
install --mode 0400 --owner "$user" --group "$user" --target-directory "$copies" "$arrival"/*
# What is no longer there, such as a service that has left the program.
for copy in "$copies"/*; do
  test -e "$arrival/${copy##*/}" || rm "$copy"
done
# A machine that was off while the gossip key was rotated has the old one on its disk, which the agent would prefer.
test -e "$arrival/gossip.hcl" || exit 0
key=$(sed -n 's/^ *encrypt *= *"\(.*\)"$/\1/p' "$arrival/gossip.hcl")
for ring in "$@"; do
  if test -e "$ring" && ! printf '%s\n' "$key" | grep --quiet --fixed-strings --file - "$ring"; then rm "$ring"; fi
done
