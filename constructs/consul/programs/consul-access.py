#!/usr/bin/python3 -BESs
"""consul-access FILE STATE [--address URL]: make Consul's policies, tokens and gossip key equal to those of FILE, by difference.

FILE holds {"management": SECRET, "gossip": KEY, "policies": {NAME: RULES}, "tokens": {ACCESSOR: {"secret": …, "description": …, "policies": [NAME…]}}}.
Names of its policies, and descriptions of its tokens, start with "vipstack ": what has another name is left alone, what has such a
name and is not in FILE is removed. Nothing that is right is touched, so that a run after a power cut carries on.

Policies are made before the tokens that have them, and removed after them. A token is never without its policies: one that needs
another secret is made anew, since Consul changes no secret.

Another gossip key is first given to every agent, then used by all, and only then the old ones are forgotten. An agent that is off
meanwhile gets it from its own file when it starts.

The management token that worked last is kept in STATE, for root only: by it the next one is made when FILE has another.

What fails is tried again for a minute: the cluster may be choosing a leader.

Exit code: 0 everything is as in FILE, 1 it is not.
"""
from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Dict, List

from agent_access import Api, remember, say, until_done

OURS = "vipstack "
# Consul's own policy that allows everything.
MANAGEMENT = "00000000-0000-0000-0000-000000000001"


def with_management(consul: Api, state: Path) -> Api:
    """Consul by the management token; a new one is made by the one that worked last, and replaces it."""
    token = consul.token
    last = state.read_text() if state.exists() else token
    if last != token:
        before = consul.by(last)
        if not consul.works():
            before.ask("PUT", "acl/token", {"SecretID": token, "Description": "management", "Policies": [{"ID": MANAGEMENT}]})
            say("+ management token")
        if before.works():
            consul.ask("DELETE", f"acl/token/{before.ask('GET', 'acl/token/self')['AccessorID']}")
            say("- management token that was there before")
    if not state.exists() or last != token:
        # Proven to work before it replaces the one that did.
        consul.ask("GET", "acl/token/self")
        remember(state, token)
    return consul


def apply_policies(consul: Api, wanted: Dict[str, str]) -> Dict[str, str]:
    """Makes and changes policies; returns the ids of those that are too much, by name."""
    there = {each["Name"]: each["ID"] for each in consul.ask("GET", "acl/policies") if named_by_us(each["Name"])}
    for name, rules in wanted.items():
        body = {"Name": policy_name(name), "Rules": rules}
        known = there.pop(policy_name(name), None)
        if known is None:
            consul.ask("PUT", "acl/policy", body)
            say(f"+ policy {name}")
        elif consul.ask("GET", f"acl/policy/{known}")["Rules"] != rules:
            consul.ask("PUT", f"acl/policy/{known}", {**body, "ID": known})
            say(f"~ policy {name}")
    return there


def apply_tokens(consul: Api, wanted: Dict[str, Dict[str, Any]]) -> None:
    there = {each["AccessorID"]: each for each in consul.ask("GET", "acl/tokens") if each["Description"].startswith(OURS)}
    for accessor, token in wanted.items():
        description = OURS + token["description"]
        body = {"AccessorID": accessor, "SecretID": token["secret"], "Description": description,
                "Policies": [{"Name": policy_name(name)} for name in token["policies"]]}
        known = there.pop(accessor, None)
        if known is not None and consul.ask("GET", f"acl/token/{accessor}")["SecretID"] != token["secret"]:
            consul.ask("DELETE", f"acl/token/{accessor}")
            known = None
            say(f"- token {token['description']}, for another secret")
        if known is None:
            consul.ask("PUT", "acl/token", body)
            say(f"+ token {token['description']}")
        elif described(known) != described(body):
            consul.ask("PUT", f"acl/token/{accessor}", body)
            say(f"~ token {token['description']}")
    for accessor, token in there.items():
        consul.ask("DELETE", f"acl/token/{accessor}")
        say(f"- token {token['Description'][len(OURS):]}")


def described(token: Dict[str, Any]) -> List[str]:
    return [token["Description"], *sorted(each["Name"] for each in token.get("Policies") or [])]


def policy_name(name: str) -> str:
    """Consul allows letters, digits, hyphens and underscores."""
    return f"{OURS.strip()}-{name}"


def apply_gossip_key(consul: Api, key: str) -> None:
    """Both pools of the servers, LAN and WAN, have a ring of keys; the members of each answer for it."""
    def rings() -> List[Dict[str, Any]]:
        return list(consul.ask("GET", "operator/keyring"))

    if all(list(ring["Keys"]) == [key] for ring in rings()):
        return
    consul.ask("POST", "operator/keyring", {"Key": key})
    consul.ask("PUT", "operator/keyring", {"Key": key})
    for old in {each for ring in rings() for each in ring["Keys"]} - {key}:
        consul.ask("DELETE", "operator/keyring", {"Key": old})
    say("~ gossip key")


def named_by_us(name: str) -> bool:
    return name.startswith(policy_name(""))


def apply(consul: Api, wanted: Dict[str, Any]) -> None:
    surplus = apply_policies(consul, wanted["policies"])
    apply_tokens(consul, wanted["tokens"])
    for name, identity in surplus.items():
        consul.ask("DELETE", f"acl/policy/{identity}")
        say(f"- policy {name[len(policy_name('')):]}")
    apply_gossip_key(consul, wanted["gossip"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="consul-access", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("--address", default="http://127.0.0.1:8500")
    options = parser.parse_args()
    wanted = json.loads(options.file.read_text())
    consul = Api(options.address, "X-Consul-Token", wanted["management"])
    return until_done("consul-access", lambda: apply(with_management(consul, options.state), wanted))


if __name__ == "__main__":
    sys.exit(main())
