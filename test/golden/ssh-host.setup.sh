#!/bin/sh
set -eu
umask 022
keep() { # keep PATH: as it is now, unless an earlier run did so
  if [ -e "/var/lib/vipstack/before/files$1" ] || [ -L "/var/lib/vipstack/before/files$1" ] || [ -e "/var/lib/vipstack/before/absent$1" ]; then return; fi
  if [ -d "$1" ] && [ ! -L "$1" ]; then
    echo "$1 is a folder here; a file is to be in its place" >&2
    exit 1
  fi
  if [ -e "$1" ] || [ -L "$1" ]; then
    mkdir -p "/var/lib/vipstack/before/files$(dirname "$1")"
    cp -a "$1" "/var/lib/vipstack/before/new"
    mv -T "/var/lib/vipstack/before/new" "/var/lib/vipstack/before/files$1"
  else
    mkdir -p "/var/lib/vipstack/before/absent$1"
  fi
}
keep_unit() { # keep_unit NAME: whether it is enabled and runs now, unless an earlier run did so
  if [ -e "/var/lib/vipstack/before/units/$1" ]; then return; fi
  mkdir -p /var/lib/vipstack/before/units
  { systemctl is-enabled "$1"; systemctl is-active "$1"; } > "/var/lib/vipstack/before/new" 2>/dev/null || true
  mv "/var/lib/vipstack/before/new" "/var/lib/vipstack/before/units/$1"
}
keep '/etc/systemd/system/a.service'
changed=
put() { # put PATH MODE, the text in base64 on standard input
  mkdir -p "$(dirname "$1")"
  rm -f "$1.new"
  base64 -d > "$1.new"
  chmod "$2" "$1.new"
  if cmp -s "$1.new" "$1" && [ "$(stat -c '%F %a %u:%g' "$1.new")" = "$(stat -c '%F %a %u:%g' "$1")" ]; then
    rm "$1.new"
  else
    mv -T "$1.new" "$1"
    changed=yes
    echo "wrote $1"
  fi
}
put '/etc/systemd/system/a.service' 0644 <<'EOF'
W1VuaXRdCg==
EOF
missing=$(for p in curl; do dpkg-query --show --showformat='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || echo "$p"; done)
[ -z "$missing" ] || {
  export DEBIAN_FRONTEND=noninteractive
  # The script itself comes by standard input: apt must not read it.
  apt-get update --quiet </dev/null
  # shellcheck disable=SC2086 # one word a package
  apt-get install --quiet --assume-yes --option Dpkg::Options::=--force-confold $missing </dev/null
}
getent hosts "$(hostname)" >/dev/null || echo "10.0.0.2 $(hostname) # vipstack" >> /etc/hosts
systemctl enable --quiet --no-reload a.service
systemctl daemon-reload
[ -z "$changed" ] || systemctl try-reload-or-restart a.service
systemctl start a.service
sync
