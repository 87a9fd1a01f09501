#!/bin/sh
# nomad-operator: runs Nomad's command line with the machine's certificate and the token that may do everything. No list of processes shows it.
# Usage: nomad-operator nomad WORDS...
set -eu
NOMAD_TOKEN=$(cat /etc/vipstack/secrets/nomad-tokens/management)
NOMAD_ADDR=https://127.0.0.1:4646
NOMAD_CACERT=/etc/vipstack/secrets/nomad/authority.pem
NOMAD_CLIENT_CERT=/etc/vipstack/secrets/nomad/agent.pem
NOMAD_CLIENT_KEY=$NOMAD_CLIENT_CERT
export NOMAD_TOKEN NOMAD_ADDR NOMAD_CACERT NOMAD_CLIENT_CERT NOMAD_CLIENT_KEY
exec "$@"
