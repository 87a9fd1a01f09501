#!/bin/sh
set -eu
if ! cd /usr/local/apisix 2>/dev/null; then
  echo "this image is no APISIX: it has no /usr/local/apisix" >&2
  exit 1
fi

# APISIX does not start where the machine names no resolver. Consul's agent is one, for Consul's own names at least.
resolver='/^apisix:$/a\  dns_resolver: ["127.0.0.1:8600"]'
if grep -q '^nameserver' /etc/resolv.conf; then resolver=; fi
sed "$resolver" /gateway/config/config.yaml > conf/config.yaml.new
mv conf/config.yaml.new conf/config.yaml
if [ "${1:-start}" = reload ]; then exec apisix reload; fi

ln -sf /gateway/document/apisix.yaml conf/apisix.yaml
apisix init
exec openresty -p /usr/local/apisix -g 'daemon off;'
