"""Rules that real servers of the kernel's IPVS table still need. A real server that leaves the files is drained: until it is gone from
the table, its connections need their leave to pass, and one that begins before IPVS knows of the change needs its SNAT."""
from __future__ import annotations

import re
import socket
from typing import Dict, Iterator, List, NamedTuple, Set

from iptables_text import EMPTY, Table, Tables

# Where a director's rules for single real servers stand.
CHAINS = {"nat": "VIPSTACK-POSTROUTING", "filter": "VIPSTACK-FORWARD"}
SERVER = re.compile(r"-[ds] ([0-9a-f.:]+)/(?:32|128) .*?(?:--[ds]port (\d+) |-j|-m ipvs)")
SERVICE = re.compile(r"--vaddr (\S+)(?: --vport (\d+))?")


class Serving(NamedTuple):
    """A real server that IPVS masquerades, or a rule that names one."""
    service: str  # ADDRESS PORT; of a firewall mark empty
    server: str


def serving(listing: str) -> Set[Serving]:
    """What /proc/net/ip_vs says."""
    found = set()
    service = ""
    for words in map(str.split, listing.splitlines()):
        if words[:1] in (["TCP"], ["UDP"], ["SCTP"]):
            service = endpoint(words[1])
        elif words[:1] == ["FWM"]:
            service = ""
        elif words[:1] == ["->"] and words[2:3] == ["Masq"]:
            found.add(Serving(service, endpoint(words[1])))
    return found


def endpoint(text: str) -> str:
    """Of `0A5C0065:0050` or `[fd00:0000:…]:0050`."""
    address, _, port = text.rpartition(":")
    if address.startswith("["):
        plain = socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, address.strip("[]")))
    else:
        plain = socket.inet_ntop(socket.AF_INET, bytes.fromhex(address))
    return f"{plain} {int(port, 16)}"


def with_serving(wanted: Tables, kernel: Tables, real_servers: Set[Serving]) -> Tables:
    """The tables with those of the kernel's rules that a real server in the IPVS table needs."""
    tables = dict(wanted)
    for name, chain in CHAINS.items():
        ours, there = wanted.get(name, EMPTY), kernel.get(name, EMPTY)
        rules, present = ours.chains.get(chain, []), there.chains.get(chain, [])
        kept = [rule for rule in present if rule not in rules and needed(rule, real_servers)]
        if kept:
            # In their place, if nothing else changes: a chain as the kernel has it is not loaded again.
            stays = [rule for rule in present if rule in kept or rule in rules]
            chains: Dict[str, List[str]] = {**ours.chains, chain: stays if set(rules) <= set(stays) else [*kept, *rules]}
            hooks = [hook for hook in there.hooks if hook.endswith(f" -j {chain}") and hook not in ours.hooks]
            tables[name] = Table(chains, [*ours.hooks, *hooks])
    return tables


def needed(rule: str, real_servers: Set[Serving]) -> bool:
    named = SERVER.search(rule)
    if not named:
        return False
    server = f"{named[1]} {named[2] or 0}"
    through = SERVICE.search(rule)
    if rule.endswith(" -j ACCEPT") and not through:
        return any(each.server == server for each in real_servers)
    return through is not None and any(each.server == server for each in led_by(through, real_servers))


def led_by(through: "re.Match[str]", real_servers: Set[Serving]) -> Iterator[Serving]:
    return (each for each in real_servers if each.service in ("", f"{through[1]} {through[2] or 0}"))
