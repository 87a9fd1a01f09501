#!/bin/sh
set -eu
umask 022
give_back() { # give_back PATH: the file or link that was there, with its owner and mode; nothing where nothing was
  if [ -e "/var/lib/vipstack/before/files$1" ] || [ -L "/var/lib/vipstack/before/files$1" ]; then
    mv -T "/var/lib/vipstack/before/files$1" "$1"
  elif [ -e "/var/lib/vipstack/before/absent$1" ]; then
    rm -f "$1"
  fi
}
give_back_unit() { # give_back_unit NAME
  before="/var/lib/vipstack/before/units/$1"
  if [ ! -e "$before" ]; then return; fi
  grep -qx 'enabled\(-runtime\)\?' "$before" || systemctl disable --quiet "$1" || true
  if grep -qx 'enabled\(-runtime\)\?\|active' "$before"; then systemctl try-restart "$1"; else systemctl stop "$1"; fi || true
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
rm -f /var/lib/vipstack/pushed
rm -rf /var/lib/vipstack/before /run/vipstack
find /etc/vipstack /usr/local/lib/vipstack /var/lib/vipstack -depth -type d -empty -delete 2>/dev/null || true
systemctl daemon-reload
