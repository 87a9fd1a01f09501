#!/bin/sh
set -eu
umask 022
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
new=; [ -e /var/lib/vipstack/pushed ] || new=yes
differs=
changed=
put '/etc/vipstack/addresses' 0644 <<'EOF'
MTAuMC4wLjkvMzIgZGV2IGxvCg==
EOF
[ -z "$changed" ] || differs=yes
if [ -n "$changed" ] || [ -z "$new" ]; then
systemctl reload-or-restart vipstack-addresses.service || { journalctl --no-pager --output=cat --lines=20 --unit=vipstack-addresses.service >&2; exit 1; }
fi
changed=
put '/etc/live' 0644 <<'EOF'
d2VpZ2h0IDEK
EOF
[ -z "$changed" ] || differs=yes
if [ -n "$changed" ] || [ -z "$new" ]; then
systemctl reload-or-restart a.service || { journalctl --no-pager --output=cat --lines=20 --unit=a.service >&2; exit 1; }
fi
mkdir -p "$(dirname /var/lib/vipstack/pushed)"
touch /var/lib/vipstack/pushed
[ -n "$differs" ] || echo "no file differs"
