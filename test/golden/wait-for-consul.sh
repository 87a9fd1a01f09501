#!/bin/sh
# Ends well once Consul's local agent knows a leader. After a minute it fails, and systemd tries again: a boot is not held up.
end=$(($(date +%s) + 60))
until curl --silent --fail --max-time 5 http://127.0.0.1:8500/v1/status/leader | grep -q :; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo "the Consul agent on 127.0.0.1:8500 knows no leader yet" >&2
    exit 1
  fi
  sleep 1
done
