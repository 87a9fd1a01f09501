#!/usr/bin/python3 -BESs
"""nomad-access FILE STATE --authority PEM --certificate PEM --reset FILE: make Nomad's first token, its gossip key and variables of jobs those of FILE.

FILE holds {"management": SECRET, "gossip": KEY, "variables": {PATH: {NAME: VALUE}}}. Nomad chooses all tokens by itself, but the first one,
which may do everything. So the
first one is made with this secret: by whichever server comes first, and once.

Another secret takes its place in the way of Nomad's own: a file on the server that leads (--reset) allows another first token; then that
before is removed. Only who knows the one before, which is kept in STATE for root only, does so.

Another gossip key is first given to every server, then used by all, and only then the old ones are forgotten. A server that is off
meanwhile gets it from its own file when it starts.

Nothing that is right is touched, so that a run after a power cut carries on. What fails is tried again for three minutes: the agent may wait for
its token of Consul, and the cluster may be choosing a leader.

Exit code: 0 everything is as in FILE, 1 it is not.
"""
from __future__ import annotations

import argparse
import json
import re
import ssl
import sys
from pathlib import Path
from typing import Any, Dict, List

from agent_access import Api, Failed, Refused, remember, say, until_done

PATIENCE = 180
# Nomad's words, with the number that its file for another first token has to hold.
ALREADY_DONE = re.compile(r"bootstrap already done \(reset index: (\d+)\)")


def apply_management(nomad: Api, state: Path, reset: Path) -> None:
    last = state.read_text() if state.exists() else nomad.token
    if not works(nomad):
        bootstrap(nomad, reset if last != nomad.token else None)
    if last != nomad.token and works(nomad.by(last)):
        before = nomad.by(last).ask("GET", "acl/token/self")["AccessorID"]
        nomad.ask("DELETE", f"acl/token/{before}")
        say("- management token that was there before")
    if not state.exists() or last != nomad.token:
        # Proven to work before it replaces the one that did.
        nomad.ask("GET", "acl/token/self")
        remember(state, nomad.token)


def works(nomad: Api) -> bool:
    """Nomad says of a token that does not exist that it was not found."""
    try:
        nomad.ask("GET", "acl/token/self")
    except Refused:
        return False
    except Failed as failed:
        if "token not found" in str(failed):
            return False
        raise
    return True


def bootstrap(nomad: Api, reset: Path | None) -> None:
    """Makes the first token, or by the file another one."""
    body = {"BootstrapSecret": nomad.token}
    try:
        nomad.by("").ask("POST", "acl/bootstrap", body)
    except Failed as failed:
        done = ALREADY_DONE.search(str(failed))
        # Another server may have been faster.
        if works(nomad):
            return
        if done is None or reset is None:
            raise
        reset.write_text(done.group(1))
        reset.chmod(0o644)
        try:
            nomad.by("").ask("POST", "acl/bootstrap", body)
        finally:
            reset.unlink()
    say("+ management token")


def apply_gossip_key(nomad: Api, key: str) -> None:
    def keys() -> List[str]:
        answer: Dict[str, Any] = nomad.ask("GET", "agent/keyring/list")
        return list(answer["Keys"])

    if keys() == [key]:
        return
    nomad.ask("PUT", "agent/keyring/install", {"Key": key})
    nomad.ask("PUT", "agent/keyring/use", {"Key": key})
    for old in set(keys()) - {key}:
        nomad.ask("PUT", "agent/keyring/remove", {"Key": old})
    say("~ gossip key")


def apply_variables(nomad: Api, variables: Dict[str, Dict[str, str]]) -> None:
    """Other variables are left alone."""
    for path, items in variables.items():
        if items_of(nomad, path) == items:
            continue
        nomad.ask("PUT", f"var/{path}", {"Namespace": "default", "Path": path, "Items": items})
        say(f"~ variable {path}")


def items_of(nomad: Api, path: str) -> Dict[str, str]:
    try:
        return dict(nomad.ask("GET", f"var/{path}")["Items"])
    except Failed as failed:
        if f"var/{path}: 404 " in str(failed):
            return {}
        raise


def main() -> int:
    parser = argparse.ArgumentParser(prog="nomad-access", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("--authority", type=Path, required=True)
    parser.add_argument("--certificate", type=Path, required=True, help="with its key")
    parser.add_argument("--reset", type=Path, required=True)
    parser.add_argument("--address", default="https://127.0.0.1:4646")
    options = parser.parse_args()
    wanted = json.loads(options.file.read_text())
    tls = ssl.create_default_context(cafile=str(options.authority))
    tls.load_cert_chain(options.certificate)
    nomad = Api(options.address, "X-Nomad-Token", wanted["management"], tls)

    def apply() -> None:
        apply_management(nomad, options.state, options.reset)
        apply_gossip_key(nomad, wanted["gossip"])
        apply_variables(nomad, wanted.get("variables", {}))

    return until_done("nomad-access", apply, PATIENCE)


if __name__ == "__main__":
    sys.exit(main())
