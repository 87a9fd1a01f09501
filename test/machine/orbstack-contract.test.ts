import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { App, LocalBackend, TerraformStack } from "cdktf";
import { Machine, OrbStackBackend } from "../../constructs/machine";
import { TERRAFORM_ENVIRONMENT, withTerraform } from "../support/terraform";

// There is no OrbStack outside of a Mac. What is tested here is the contract of its command line as its documentation and two
// third-party providers have it (orb 2.x): a stand-in `orb` accepts exactly these forms, and a real Terraform runs them.
const CONTRACT = `#!/bin/sh
set -eu
echo "$*" >> "$ORB_LOG"
case "$1" in
  create) # orb create [--user-data FILE] DISTRO[:VERSION] NAME
    [ "$#" = 5 ] && [ "$2" = --user-data ] && [ "$(head -n 1 "$3")" = "#cloud-config" ] ;;
  -m) # orb -m NAME -u USER COMMAND…: standard input goes to the command
    [ "$3" = -u ] && { [ "$5" = cloud-init ] || sh -n; } ;;
  delete) # orb delete [--force] NAME
    [ "$#" = 3 ] && [ "$2" = --force ] ;;
  *) echo "unknown command $1" >&2; exit 1 ;;
esac
`;

