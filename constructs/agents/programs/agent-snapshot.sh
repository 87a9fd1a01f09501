#!/bin/sh
# agent-snapshot: saves the state of a cluster to a file, and keeps the newest files.
# Usage: agent-snapshot NAME KEEP COMMAND...     COMMAND gets the file's path as its last word.
set -eu
name=$1
keep=$2
shift 2
umask 077
folder=/var/lib/vipstack/snapshots/$name
mkdir -p "$folder"
new=$folder/unfinished
rm -f "$new"
"$@" "$new"
# A power cut right after this must not leave an empty file in the place of an older one.
sync "$new"
mv "$new" "$folder/$name-$(date -u +%Y%m%dT%H%M%SZ).snap"
find "$folder" -name "$name-*.snap" | sort | head -n "-$keep" | xargs -r rm --
