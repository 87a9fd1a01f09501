#!/bin/sh
# Usage: consul-snapshot save | fetch > FILE | restore < FILE
exec /usr/local/lib/vipstack/agent-snapshot "${1:---help}" consul 48 none /usr/local/bin/consul snapshot
