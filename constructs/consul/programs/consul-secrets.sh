#!/bin/sh
# consul-secrets: gives Consul's agent its secrets, before it starts and before it reads them again.
# Usage: consul-secrets ARRIVAL COPIES     Copies them from ARRIVAL, which only root can read, to COPIES, which is in memory.
set -eu
arrival=$1
copies=$2
install --directory --mode 0700 --owner consul --group consul "$copies"
install --mode 0400 --owner consul --group consul --target-directory "$copies" "$arrival"/*
# What is no longer there, such as a service that has left the program.
for copy in "$copies"/*; do
  test -e "$arrival/${copy##*/}" || rm "$copy"
done
# A machine that was off while the gossip key was rotated has the old one on its disk, which Consul would prefer.
key=$(sed -n 's/^encrypt *= *"\(.*\)"$/\1/p' "$arrival/gossip.hcl")
for ring in /var/lib/consul/serf/local.keyring /var/lib/consul/serf/remote.keyring; do
  if test -e "$ring" && ! printf '%s\n' "$key" | grep --quiet --fixed-strings --file - "$ring"; then rm "$ring"; fi
done
