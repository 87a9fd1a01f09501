#!/bin/sh
set -eu
give_back() { # give_back PATH
  if [ -e "/var/lib/vipstack/before/files$1" ]; then mv "/var/lib/vipstack/before/files$1" "$1"; else rm -f "$1"; fi
}
give_back_unit() { # give_back_unit NAME
  if grep -q '^enabled' "/var/lib/vipstack/before/units/$1" 2>/dev/null; then
    systemctl try-restart "$1" || true
  else
    systemctl disable --quiet --now "$1" || true
  fi
}
systemctl disable --now b.service a.service || true
give_back '/etc/modules-load.d/vipstack.conf'
give_back '/etc/sysctl.d/90-vipstack.conf'
give_back '/etc/a b'
give_back '/etc/systemd/system/a.service'
give_back '/etc/systemd/system/b.service'
give_back '/etc/vipstack/addresses'
give_back '/etc/live'
give_back_unit vendor.service
find /etc/vipstack /usr/local/lib/vipstack -depth -type d -empty -delete 2>/dev/null || true
rm -rf /var/lib/vipstack/before /run/vipstack
systemctl daemon-reload
