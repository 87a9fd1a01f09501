#!/bin/sh
set -eu
systemctl disable --now a.service || true
rm -f '/etc/systemd/system/a.service'
find /etc/vipstack /usr/local/lib/vipstack -depth -type d -empty -delete 2>/dev/null || true
systemctl daemon-reload
