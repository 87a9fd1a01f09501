#!/bin/sh
# The container of gateway front. Usage: front start | reload
set -eu

sums() { sha256sum /etc/vipstack/secrets/gateway/front/* 2>/dev/null || true; }

start() {
  for secret in ALICE_KEY BOB_KEY; do
    if ! [ -s "/etc/vipstack/secrets/gateway/front/$secret" ]; then
      echo "gateway front: secret $secret is missing: a deployment brings it to /etc/vipstack/secrets/gateway/front/$secret" >&2
      exit 1
    fi
    value=$(cat "/etc/vipstack/secrets/gateway/front/$secret"; echo .)
    export "$secret=${value%.}"
  done
  sums > /run/vipstack-gateway-front.secrets
  docker rm --force gateway-front >/dev/null 2>&1 || true
  if ! docker image inspect apache/apisix:3.17.0-debian >/dev/null 2>&1 && ! docker pull --quiet apache/apisix:3.17.0-debian >/dev/null; then
    echo "gateway front: image apache/apisix:3.17.0-debian can't be had: mend what docker says above, or bring it in: docker load" >&2
    exit 1
  fi
  # Whatever user the image runs as.
  install -d -m 1777 /var/lib/vipstack/gateway/front/dump
  exec docker run --rm --name gateway-front --network host --memory 512m --env ALICE_KEY --env BOB_KEY \
    --volume /etc/vipstack/gateway/front:/gateway/config:ro --volume /var/lib/vipstack/gateway/front/document:/gateway/document:ro \
    --volume /var/lib/vipstack/gateway/front/dump:/gateway/dump --entrypoint /bin/sh apache/apisix:3.17.0-debian /gateway/config/start
}

reload() {
  # Its environment is that of its start: another secret needs another container.
  if [ "$(sums)" != "$(cat /run/vipstack-gateway-front.secrets)" ]; then
    exec systemctl --no-block restart vipstack-gateway-front.service
  fi
  if ! docker container inspect gateway-front >/dev/null 2>&1; then
    echo "gateway front: not up yet; it will start with what is there" >&2
    exit 0
  fi
  exec docker exec gateway-front /bin/sh /gateway/config/start reload
}

"$1"
