# What a machine is: a section each of packages, files, units, kernel settings, addresses, rules.
set -eu
section() { echo "### $1"; }
# Looking at a table loads its modules; so all are loaded before the first comparison.
for table in mangle nat filter; do iptables-save -t "$table" > /dev/null; done

section packages
dpkg-query --show --showformat '${Package} ${Version} ${db:Status-Status}\n'

section "packages asked for"
apt-mark showmanual

# All but what makes it this one machine: keys, MAC addresses.
files() {
  find /etc /usr/local -type f ! -path '/etc/ssh/*' ! -path /etc/machine-id ! -path '/etc/systemd/network/*' "$@" | sort -k 2
}
section files
files -exec stat --format '%a %n %U:%G' {} +
section texts
files -exec sha256sum {} +
section links
find /etc /usr/local -type l -printf '%p -> %l\n' | sort

# Which units are enabled or masked until the next boot; those for good are links in /etc.
section "runtime units"
find /run/systemd/system -type l -printf '%p -> %l\n' | sort
section "units that failed"
systemctl list-units --failed --no-legend --no-pager
# A keeper's service runs for a moment every few seconds.
section "own units"
systemctl list-units --all --no-legend --no-pager --plain 'vipstack*' 'caddy*' |
  awk '$1 !~ /-keeper.service$/ { print $1, $2, $3 }'

section modules
lsmod | awk 'NR > 1 { print $1 }' | sort
section sysctls
sysctl --all 2>/dev/null | grep --extended-regexp '^net\.(ipv4\.(ip_forward|conf|vs)|netfilter)' |
  grep --invert-match --extended-regexp 'nf_conntrack_(count|buckets|max|expect_max)|sync_qlen_max' # sizes by memory, and a count

section addresses
ip -brief -4 address
section "links up"
ip -brief link | awk '{ print $1, $2 }'
section routes
ip route

section ipvs
[ ! -e /proc/net/ip_vs ] || ! command -v ipvsadm >/dev/null || ipvsadm -S -n
section iptables
for table in mangle nat filter; do
  iptables-save -t "$table" | grep '^[:-]' | sed 's/ \[[0-9:]*\]//'
done
section "state of our programs"
find /run/vipstack -name '*.json' 2>/dev/null | sort | xargs --no-run-if-empty cat
