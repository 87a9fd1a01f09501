#!/bin/sh
# iptables-look: succeeds when our chains are as iptables-rules left them and no rules file is newer. It is much cheaper
# than that program, so it can run often.
cd /run/vipstack && [ -e iptables-seen ] || exit 1
for file in /etc/vipstack/iptables.d /etc/vipstack/iptables.d/*; do
  [ ! "$file" -nt iptables-seen ] || exit 1
done
{ iptables-save; ip6tables-save; } 2>/dev/null | grep --text VIPSTACK- | cmp --quiet - iptables-seen
