#!/bin/sh
set -eu
systemctl disable --now a.service || true
rm -f '/etc/systemd/system/a.service'
systemctl daemon-reload
