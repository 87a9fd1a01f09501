#!/bin/sh
# The container of gateway front. Usage: gateway-front start | stop | reload
set -eu

# What a container that runs can't take: other secrets, and what this program says of its image and its memory.
sums() { sha256sum "$0" /etc/vipstack/secrets/gateway/front/* 2>/dev/null || true; }

is_current() { [ "$(sums)" = "$(cat /run/vipstack-gateway-front.started 2>/dev/null)" ]; }

runs() { docker container inspect gateway-front >/dev/null 2>&1; }

# What stop began, once the gateway has its routes again.
end_maintenance() {
  until curl --silent --fail --output /dev/null http://10.0.0.12:7086/status/ready &&
    consul maint -disable -service=front-80; do sleep 1; done
}

start() {
  for secret in ALICE_KEY BOB_KEY; do
    if ! [ -s "/etc/vipstack/secrets/gateway/front/$secret" ]; then
      echo "gateway front: secret $secret is missing: a deployment brings it to /etc/vipstack/secrets/gateway/front/$secret" >&2
      exit 1
    fi
    value=$(cat "/etc/vipstack/secrets/gateway/front/$secret"; echo .)
    export "$secret=${value%.}"
  done
  sums > /run/vipstack-gateway-front.started
  docker rm --force gateway-front >/dev/null 2>&1 || true
  if ! docker image inspect apache/apisix:3.17.0-debian >/dev/null 2>&1 && ! docker pull --quiet apache/apisix:3.17.0-debian >/dev/null; then
    echo "gateway front: image apache/apisix:3.17.0-debian can't be had: mend what docker says above, or bring it in: docker load" >&2
    exit 1
  fi
  # Whatever user the image runs as.
  install -d -m 1777 /var/lib/vipstack/gateway/front/dump
  end_maintenance &
  # The journal has its log, which keeps itself small. Docker's own copy would grow for as long as the container runs.
  exec docker run --rm --name gateway-front --network host --memory 512m --env ALICE_KEY --env BOB_KEY \
    --log-opt max-size=10m \
    --volume /etc/vipstack/gateway/front:/gateway/config:ro --volume /var/lib/vipstack/gateway/front/document:/gateway/document:ro \
    --volume /var/lib/vipstack/gateway/front/dump:/gateway/dump --entrypoint /bin/sh apache/apisix:3.17.0-debian /gateway/config/start
}

stop() {
  if ! runs; then exit 0; fi
  # Until every director has heard that it leaves, it goes on answering. Without Consul none would hear it.
  if timeout 10 consul maint -enable -service=front-80 -reason="gateway front stops"; then
    sleep 10
  fi
  # Requests that are going on may end.
  exec docker stop --time 40 gateway-front
}

reload() {
  if ! runs; then
    if ! is_current; then exec systemctl --no-block restart vipstack-gateway-front.service; fi
    echo "gateway front: not up yet; it will start with what is there" >&2
    exit 0
  fi
  if is_current; then exec docker exec gateway-front /bin/sh /gateway/config/start reload; fi
  # Another container, in a unit of its own: the one that reloads can't restart itself.
  systemctl is-active --quiet vipstack-gateway-front-turn.service ||
    exec systemd-run --quiet --collect --unit vipstack-gateway-front-turn.service "$0" turn
}

# One gateway at a time, so that the others go on: Consul keeps the order. Without Consul no director would hear of it either.
turn() {
  until is_current; do
    consul lock -child-exit-code -timeout=15m vipstack/gateway/front "$0" renew || is_current || renew
  done
}

# The next one's turn comes once Consul names this one again and every director has heard of it. If it never serves, none comes.
renew() {
  if is_current; then exit 0; fi
  systemctl restart vipstack-gateway-front.service
  until curl --silent --fail --output /dev/null "http://127.0.0.1:8500/v1/agent/health/service/id/front-80"; do sleep 1; done
  sleep 10
}

"$1"
