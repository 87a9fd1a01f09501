#!/usr/bin/python3 -BESs
"""consul-rules: write rules files for ipvs-rules from the healthy instances that consul-template wrote down.

The list (--followed, JSON) names what is followed: NAME to the virtual service in ipvsadm's words, the Consul service,
and what happens when no instance is healthy. consul-template writes NAME.instances; this program writes
consul-NAME.rules, in one step and only when it differs, and removes the consul-*.rules of everything else.

The real servers stay as they are where NAME.instances is missing (Consul was out of reach since boot), torn, wrong or about
another service. When no instance is left they stay for the grace time, or without limit: an empty registry is more often a
fault of the registry than of every server. A timer calls this program, so that a grace ends without an answer from Consul.

Exit code: 0 the rules files match the list and the instances, 1 some do not, 2 the list is wrong (where only some entries
are wrong, their rules files stay as they are and the others are brought up to date).
"""
from __future__ import annotations

import argparse
import ipaddress
import json
import re
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from safely import Stop, only_one, replace_file

NAME = r"[A-Za-z0-9_.-]+"
SERVER = re.compile(r"-a .+ -r (\S+) -\S+ -w (\d+)")


class Followed(NamedTuple):
    """A virtual service whose real servers are the instances of a Consul service."""
    virtual_service: str  # "-t 10.0.0.1:80"
    forwarding: str  # "-m"
    service: str
    family: int
    grace: Optional[float]  # seconds without an instance; None: the last ones stay
    never: List[str]  # addresses that are no real server: the director's own
    only: Optional[List[str]]  # addresses of the machines that are set up for it; None: any
    port: Optional[int]  # the one that the forwarding method keeps; None: each instance's own


Servers = Dict[str, int]  # weight by ADDRESS:PORT
State = Dict[str, Dict[str, Any]]  # by NAME: what was reported, and since when there is no instance


# ---- text: every function raises ValueError with the reason why it can't be used

def read_followed(text: str) -> Tuple[Dict[str, Followed], Dict[str, str]]:
    """The entries, and by name why others can't be used."""
    entries = json.loads(text)
    if not isinstance(entries, dict):
        raise ValueError("it is no JSON object")
    followed: Dict[str, Followed] = {}
    wrong: Dict[str, str] = {}
    for name, entry in entries.items():
        try:
            followed[name] = read_entry(name, entry)
        except ValueError as problem:
            wrong[name] = str(problem)
    return followed, wrong


def read_entry(name: str, entry: Any) -> Followed:
    try:
        grace = entry["graceSeconds"]
        followed = Followed(str(entry["virtualService"]), str(entry["forwarding"]), str(entry["service"]),
                            int(entry["family"]), None if grace is None else float(grace),
                            [str(address) for address in entry["never"]],
                            [str(address) for address in entry["only"]] if "only" in entry else None,
                            int(entry["port"]) if "port" in entry else None)
    except (KeyError, TypeError, ValueError) as problem:
        raise ValueError(f"{name}: unexpected or missing: {problem}") from None
    if not re.fullmatch(NAME, name):
        raise ValueError(f"{name!r} is no name of a file")
    return followed


def read_instances(text: str, followed: Followed) -> Tuple[Servers, List[str]]:
    """The usable instances, and why the others are not usable. The last line tells whether the file is complete."""
    lines = [line for line in text.splitlines() if line.strip()]
    entries = [json.loads(line) for line in lines]
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("it is no list of instances")
    end = entries.pop()
    if end.get("instances") != len(entries):
        raise ValueError(f"it is torn: {len(entries)} instances, its end says {end.get('instances')}")
    if end.get("service") != followed.service:
        raise ValueError(f"it is about the service {end.get('service')!r}, not yet about {followed.service!r}")
    servers: Servers = {}
    skipped: List[str] = []
    for entry in entries:
        try:
            address, weight = socket_address(entry, followed), weight_of(entry)
        except ValueError as problem:
            skipped.append(f"instance {entry.get('id')!r} of {followed.service} on node {entry.get('node')!r} "
                           f"is left out: {problem}")
            continue
        servers[address] = max(weight, servers.get(address, 0))  # registered twice, it is still one server
    return servers, skipped


def socket_address(entry: Dict[str, Any], followed: Followed) -> str:
    text, port = entry.get("address"), entry.get("port")
    try:
        address = ipaddress.ip_address(text if isinstance(text, str) else "")
    except ValueError:
        raise ValueError(f"its address {text!r} is none that packets can be sent to") from None
    if address.version != followed.family:
        raise ValueError(f"its address {address} is not IPv{followed.family}, as the virtual service's is")
    if address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local:
        raise ValueError(f"its address {address} is none that leads to another machine")
    if str(address) in followed.never:
        raise ValueError(f"its address {address} is the director's own")
    if followed.only is not None and str(address) not in followed.only:
        raise ValueError(f"its address {address} is that of no machine that is set up for {followed.forwarding}")
    if followed.port is not None:
        port = followed.port
    elif type(port) is not int or not 1 <= port <= 65535:
        raise ValueError(f"its port {port!r} is none")
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def weight_of(entry: Dict[str, Any]) -> int:
    """The weight of the registration, or of its meta: Nomad before 1.10 registers no weights."""
    weight, said = entry.get("weight"), entry.get("metaWeight")
    if isinstance(said, str) and re.fullmatch("[0-9]{1,5}", said):
        weight = int(said)
    return weight if type(weight) is int and 1 <= weight <= 65535 else 1


def read_rules(text: str) -> Servers:
    """What an earlier run wrote, whatever virtual service it was for."""
    matches = (SERVER.match(line) for line in text.splitlines())
    return {match[1]: int(match[2]) for match in matches if match}


def render_rules(followed: Followed, servers: Servers) -> str:
    words = f"-a {followed.virtual_service} -r %s {followed.forwarding} -w %d\n"
    about = f"# Instances of {followed.service} in Consul; consul-rules writes this file.\n"
    return about + "".join(words % server for server in sorted(servers.items()))


# ---- what is wanted

def choose(followed: Followed, found: Servers, last: Servers, since: Optional[float], now: float) -> Tuple[
        Servers, Optional[float], str]:
    """The real servers, since when there is no instance, and a message (the same one as long as nothing changes)."""
    if found:
        return found, None, ""
    since = now if since is None else since
    empty = f"{followed.service} has no healthy instance"
    if last and followed.grace is None:
        return last, since, f"{empty}: the last ones stay until one is back"
    if last and followed.grace is not None and now < since + followed.grace:
        return last, since, f"{empty}: the last ones stay for {followed.grace:g} s"
    return {}, since, f"{empty}: clients are refused"


def update(name: str, followed: Followed, folders: argparse.Namespace, known: Dict[str, Any], now: float) -> Dict[str, Any]:
    """Brings one rules file up to date and reports what is new. Returns what the next run has to know."""
    rules = folders.rules / f"consul-{name}.rules"
    last, since, says = read_rules(text_of(rules)), known.get("since"), []
    wanted = last
    instances = text_of(folders.instances / f"{name}.instances")
    try:
        if instances:
            found, skipped = read_instances(instances, followed)
            wanted, since, word = choose(followed, found, last, since, now)
            says = [*skipped, *([word] if word else [])]
    except ValueError as problem:
        says = [f"{folders.instances}/{name}.instances: {problem}; the real servers stay as they are"]
        write(rules, render_rules(followed, last), create=False)
        print_new(name, says, known)
        return {"since": since, "said": says, "failed": True}
    written = write(rules, render_rules(followed, wanted), create=bool(instances))
    print_new(name, says, known)  # not before: only what was done is reported
    if written:
        for server in sorted({**last, **wanted}):
            change = describe(last.get(server), wanted.get(server))
            if change:
                print(f"{name}: {change} {server}")
    return {"since": since, "said": says} if says else {}


def describe(before: Optional[int], after: Optional[int]) -> str:
    if before is None:
        return f"+ (weight {after})"
    if after is None:
        return "-"
    return "" if before == after else f"~ (weight {before} to {after})"


def print_new(name: str, says: List[str], known: Dict[str, Any]) -> None:
    for line in says:
        if line not in known.get("said", []):
            print(f"{name}: {line}")


# ---- this machine

def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def write(path: Path, text: str, create: bool) -> bool:
    """The next boot loads this file, also after a power cut."""
    if not path.exists() and not create:
        return False
    if text_of(path) == text and path.exists():
        return False
    replace_file(path, text)
    return True


def load_state(path: Path) -> State:
    """The state is lost at a boot, then a grace starts again: its times are seconds since the machine started."""
    try:
        state = json.loads(path.read_text())
        return state if isinstance(state, dict) and all(isinstance(each, dict) for each in state.values()) else {}
    except (FileNotFoundError, ValueError):
        return {}


def save_state(path: Path, state: State) -> None:
    """Keeps no file when there is nothing to wait for, so that the timer's unit need not start this program."""
    if state:
        write(path, json.dumps(state, indent=1) + "\n", create=True)
    else:
        path.unlink(missing_ok=True)


def remove_strays(followed: List[str], options: argparse.Namespace) -> None:
    """Removes the files of services that are no longer followed: their virtual services are gone."""
    for path in options.rules.glob("consul-*.rules"):
        if path.name[len("consul-"):-len(".rules")] not in followed:
            path.unlink()
            print(f"{path.name}: removed, no longer followed")
    for path in options.instances.glob("*.instances"):
        if path.name[:-len(".instances")] not in followed:
            path.unlink()


def update_safely(name: str, followed: Followed, folders: argparse.Namespace, known: Dict[str, Any], now: float) -> Dict[
        str, Any]:
    """A file that can't be written, for example on a full disk, must not hold up the others."""
    try:
        return update(name, followed, folders, known, now)
    except OSError as problem:
        print(f"consul-rules: {name}: {problem}", file=sys.stderr)
        return {**known, "failed": True}


def work(options: argparse.Namespace) -> int:
    try:
        followed, wrong = read_followed(options.followed.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise Stop(2, f"{options.followed}: {problem}; nothing was changed") from None
    before, now = load_state(options.state), time.monotonic()
    after = {name: update_safely(name, entry, options, before.get(name, {}), now) for name, entry in followed.items()}
    for problem in wrong.values():
        print(f"consul-rules: {options.followed}: {problem}; its real servers stay as they are", file=sys.stderr)
    remove_strays([*followed, *wrong], options)
    save_state(options.state, {name: each for name, each in after.items() if each})
    if wrong:
        return 2
    return 1 if any(each.get("failed") for each in after.values()) else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="consul-rules", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--followed", type=Path, default=Path("/etc/vipstack/consul-followed.json"))
    parser.add_argument("--instances", type=Path, default=Path("/run/vipstack/consul"))
    parser.add_argument("--rules", type=Path, default=Path("/etc/vipstack/ipvs.d"))
    parser.add_argument("--state", type=Path, default=Path("/run/vipstack/consul-rules.json"))
    options = parser.parse_args()
    try:
        # A file is read and written under one lock.
        with only_one(options.state.with_name("consul-rules.lock")):
            return work(options)
    except Stop as stop:
        code, message = stop.args
    except OSError as problem:
        code, message = 1, str(problem)
    print(f"consul-rules: {message}", file=sys.stderr)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
