#!/bin/sh
# The container of gateway front. Usage: gateway-front start | stop | reload
set -eu

# What a container that runs can't take: other secrets, and what this program says of its image and its memory.
sums() { sha256sum "$0" /etc/vipstack/secrets/gateway/front/* 2>/dev/null || true; }

is_current() { [ "$(sums)" = "$(cat /run/vipstack-gateway-front/started 2>/dev/null)" ]; }

runs() { docker container inspect gateway-front >/dev/null 2>&1; }

# Asks Consul's agent. No list of processes shows the token: ask FILE PATH, and further options of curl
ask() {
  file=$1 path=$2
  shift 2
  { printf 'X-Consul-Token: '; cat "$file"; } |
    curl --silent --fail --output /dev/null --max-time 10 --header @- "$@" "http://127.0.0.1:8500/v1/$path"
}

# A file of secrets, for the container's user.
give() { install -m 0440 -g 636 "$1" "/run/vipstack-gateway-front/secrets/$2"; }

# What stop began, once the gateway has its routes again.
end_maintenance() {
  until curl --silent --fail --output /dev/null http://10.0.0.14:7085/status/ready &&
    ask /etc/vipstack/secrets/consul-tokens/service-front-9080 "agent/service/maintenance/front-9080?enable=false" --request PUT; do sleep 1; done
}

start() {
  install -d -m 0750 -g 636 /run/vipstack-gateway-front/secrets
  for secret in ; do
    if ! [ -s "/etc/vipstack/secrets/gateway/front/$secret" ]; then
      echo "gateway front: secret $secret is missing: a deployment brings it to /etc/vipstack/secrets/gateway/front/$secret" >&2
      exit 1
    fi
    give "/etc/vipstack/secrets/gateway/front/$secret" "$secret"
  done
  sums > /run/vipstack-gateway-front/started
  docker rm --force --volumes gateway-front >/dev/null 2>&1 || true
  if ! docker image inspect apache/apisix:3.18.0-debian >/dev/null 2>&1 && ! docker pull --quiet apache/apisix:3.18.0-debian >/dev/null; then
    echo "gateway front: image apache/apisix:3.18.0-debian can't be had: mend what docker says above, or bring it in: docker load" >&2
    exit 1
  fi
  install -d -m 0770 -g 636 /var/lib/vipstack/gateway/front/dump
  for buffer in tmp client_body proxy fastcgi uwsgi scgi; do install -d -m 0770 -g 636 "/var/lib/vipstack/gateway/front/buffers/$buffer"; done
  # There is nothing to serve before Consul has answered once; APISIX would ask again only after minutes.
  [ -e /var/lib/vipstack/gateway/front/dump/consul.json ] || until ask /etc/vipstack/secrets/consul-tokens/gateway-front acl/token/self; do sleep 1; done
  give /etc/vipstack/secrets/consul-tokens/gateway-front consul-token
  end_maintenance &
  # The journal has its log, which keeps itself small. Docker's own copy would grow for as long as the container runs.
  exec docker run --rm --name gateway-front --network host --memory 256m --pids-limit 256 --ulimit core=0 \
    --user 636:636 --cap-drop ALL --security-opt no-new-privileges --read-only \
    --volume /usr/local/apisix/conf --volume /usr/local/apisix/logs \
    --volume /var/lib/vipstack/gateway/front/buffers/tmp:/tmp \
    --volume /var/lib/vipstack/gateway/front/buffers/client_body:/usr/local/apisix/client_body_temp \
    --volume /var/lib/vipstack/gateway/front/buffers/proxy:/usr/local/apisix/proxy_temp \
    --volume /var/lib/vipstack/gateway/front/buffers/fastcgi:/usr/local/apisix/fastcgi_temp \
    --volume /var/lib/vipstack/gateway/front/buffers/uwsgi:/usr/local/apisix/uwsgi_temp \
    --volume /var/lib/vipstack/gateway/front/buffers/scgi:/usr/local/apisix/scgi_temp \
    --volume /run/vipstack-gateway-front/secrets:/gateway/secrets:ro \
    --log-opt max-size=10m \
    --volume /etc/vipstack/gateway/front:/gateway/config:ro --volume /var/lib/vipstack/gateway/front/document:/gateway/document:ro \
    --volume /var/lib/vipstack/gateway/front/dump:/gateway/dump --entrypoint /bin/sh apache/apisix:3.18.0-debian /gateway/config/start
}

stop() {
  if ! runs; then exit 0; fi
  # Until every director has heard that it leaves, it goes on answering. Without Consul none would hear it.
  if ask /etc/vipstack/secrets/consul-tokens/service-front-9080 "agent/service/maintenance/front-9080?enable=true&reason=gateway+front+stops" --request PUT; then
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
  if is_current; then give /etc/vipstack/secrets/consul-tokens/gateway-front consul-token; exec docker exec gateway-front /bin/sh /gateway/config/start reload; fi
  # Another container, in a unit of its own: the one that reloads can't restart itself.
  exec systemctl --no-block start vipstack-gateway-front-turn.service
}

# One gateway at a time, so that the others go on: Consul keeps the order. Without Consul no director would hear of it either.
turn() {
  until is_current; do
    CONSUL_HTTP_TOKEN_FILE=/etc/vipstack/secrets/consul-tokens/turn-front consul lock -child-exit-code -timeout=15m vipstack/gateway/front "$0" renew || is_current || renew
  done
}

# The next one's turn comes once Consul names this one again and every director has heard of it. If it never serves, none comes.
renew() {
  if is_current; then exit 0; fi
  systemctl restart vipstack-gateway-front.service
  until ask /etc/vipstack/secrets/consul-tokens/service-front-9080 "agent/health/service/id/front-9080"; do sleep 1; done
  sleep 10
}

"$1"
