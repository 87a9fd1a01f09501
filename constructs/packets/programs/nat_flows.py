"""Which tracked flows no longer go where the rules of the nat table lead. Only the first packet of a flow passes that table,
so a UDP client that keeps sending would stay with a removed real server without limit.

A flow is wrong where a rule of ours, an earlier or a present one, matches it, and it goes another way than the present rules
say: to a removed target, past a virtual service that was added later, or without the source address that it should have.
Flows that rules of others redirected are not ours. An established TCP connection is never wrong: it ends by itself.
"""
from __future__ import annotations

import ipaddress
import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from iptables_text import FREE_TEXT, OWN, Table, target_of, words_of

# Options of a director's rules that this program understands.
KNOWN = {"-A", "-m", "--mode", "--every", "--packet", "--probability", "--comment", "-d", "-p", "--dport", "--dst-type", "-j",
         "-g", "--to-destination", "--to-ports", "--to-source", "--ctstate", "--ctorigdst", "--ctorigdstport", "--vproto",
         "--vaddr", "--vport"}


class Match(NamedTuple):
    """What a rule, or a chain of jumps, requires of a flow's first packet."""
    protocol: str = ""  # empty: any, here and below
    address: str = ""  # a network
    port: str = ""
    certain: bool = True  # whether it requires nothing else
    local: bool = False  # only addresses of this machine

    def meets(self, flow: "Flow", own: Set[str]) -> bool:
        return (self.protocol in ("", flow.protocol) and self.port in ("", flow.port)
                and within(flow.address, self.address) and (not self.local or flow.address in own))


class Target(NamedTuple):
    addresses: str  # FIRST-LAST; empty: one of this machine's
    ports: str  # FIRST-LAST; empty: the port stays

    def is_of(self, flow: "Flow", own: Set[str]) -> bool:
        address = flow.server in own if not self.addresses else in_range(flow.server, self.addresses)
        first, _, last = self.ports.partition("-")
        return address and (not first or int(first) <= int(flow.server_port) <= int(last or first))


class Source(NamedTuple):
    """What SNAT does with flows that came in at an address and port and went to a real server."""
    match: Match  # of the real server
    address: str
    port: str
    to: str
    ipvs: bool

    def meets(self, flow: "Flow") -> bool:
        return (self.match.protocol in ("", flow.protocol) and self.match.port in ("", flow.server_port)
                and within(flow.server, self.match.address) and self.address in ("", flow.address)
                and self.port in ("", flow.port) and flow.server != flow.address)


class Ways(NamedTuple):
    targets: List[Tuple[Match, Target]]
    sources: List[Source]


class Flow(NamedTuple):
    protocol: str
    state: str  # of TCP
    client: str
    address: str  # what the client sends to
    port: str
    server: str  # the one that answers
    server_port: str
    answered: str  # where it sends the answers


def within(address: str, network: str) -> bool:
    return network == "" or ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)


def in_range(address: str, addresses: str) -> bool:
    first, _, last = addresses.partition("-")
    return ipaddress.ip_address(first) <= ipaddress.ip_address(address) <= ipaddress.ip_address(last or first)


# ---- rules

def options_of(rule: str) -> Dict[str, str]:
    """Options by name. What follows a "!" is left out; the key "!" tells that there is one."""
    options: Dict[str, str] = {}
    words = words_of(rule)
    name = ""
    for before, word in zip(["", *words], words):
        if word == "!":
            options["!"] = ""
            name = ""
        elif word.startswith("-") and name not in FREE_TEXT:
            name = "" if before == "!" else word
            if name:
                options[name] = ""
        elif name:
            options[name] = word
            name = ""
    return options


def narrowed(match: Match, options: Dict[str, str]) -> Match:
    return Match(options.get("-p", match.protocol), options.get("-d", match.address), options.get("--dport", match.port),
                 match.certain and set(options) <= KNOWN, match.local or options.get("--dst-type") == "LOCAL")


def ways_of(nat: Table) -> Ways:
    starts = [target_of(hook) for hook in nat.hooks]
    ways = Ways([], [])
    for chain in dict.fromkeys(starts):
        follow(nat, chain, Match(), ways, frozenset())
    return ways


def follow(nat: Table, chain: str, match: Match, ways: Ways, seen: "frozenset[str]") -> None:
    for rule in nat.chains.get(chain, []):
        options, target = options_of(rule), target_of(rule)
        here = narrowed(match, options)
        if target.startswith(OWN) and target not in seen:
            follow(nat, target, here, ways, seen | {chain})
        elif target == "DNAT":
            ways.targets.append((here, destination(options.get("--to-destination", ""))))
        elif target == "REDIRECT":
            ways.targets.append((here._replace(local=True), Target("", options.get("--to-ports", ""))))
        elif target == "SNAT" and is_address(options.get("--to-source", "")):
            ways.sources.append(Source(
                here, options.get("--ctorigdst") or options.get("--vaddr", ""),
                options.get("--ctorigdstport") or options.get("--vport", ""), options["--to-source"], "--vaddr" in options))


def is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def destination(text: str) -> Target:
    """ADDRESS[-ADDRESS][:PORT[-PORT]], IPv6 with a port in brackets."""
    match = re.fullmatch(r"\[([^]]+)\](?::(.+))?|([^:]+)(?::(.+))?|(.+)", text)
    if not match:
        return Target("", "")
    return Target(match[1] or match[3] or match[5] or "", match[2] or match[4] or "")


# ---- flows

def read_flows(listing: str) -> Iterator[Flow]:
    """What `conntrack -L` prints."""
    for line in listing.splitlines():
        found = re.findall(r"\b(src|dst|sport|dport)=(\S+)", line)
        if [name for name, _ in found] != ["src", "dst", "sport", "dport"] * 2:
            continue
        words, values = line.split(), [value for _, value in found]
        yield Flow(words[0], words[3] if "=" not in words[3] else "", values[0], values[1], values[3], values[4], values[6],
                   values[5])


def is_wrong(flow: Flow, before: Ways, now: Ways, own: Set[str]) -> bool:
    if flow.protocol == "tcp" and flow.state != "SYN_SENT":
        return False
    present = [(match, target) for match, target in now.targets if match.meets(flow, own)]
    if any(target.is_of(flow, own) for _, target in present):
        return source_is_wrong(flow, before, now)
    if any(match.meets(flow, own) and target.is_of(flow, own) for match, target in before.targets):
        return True
    if (flow.server, flow.server_port) == (flow.address, flow.port):
        return any(match.certain for match, _ in present)
    return source_is_wrong(flow, Ways([], []), now)


def source_is_wrong(flow: Flow, before: Ways, now: Ways) -> bool:
    """IPVS itself leads its flows to other real servers, so its removed rules say nothing about them."""
    wanted: Optional[Source] = next((source for source in now.sources if source.meets(flow)), None)
    if wanted is not None and flow.answered == wanted.to:
        return False
    left = {source.to for source in before.sources if source.meets(flow) and not source.ipvs}
    return flow.answered in left or (wanted is not None and wanted.match.certain and flow.answered == flow.client)


def endings(flows: Iterator[Flow], before: Ways, now: Ways, own: Set[str]) -> List[List[str]]:
    """Filters for `conntrack -D` that name the wrong flows, and no other ones."""
    filters = {}
    for flow in flows:
        if is_wrong(flow, before, now, own):
            words = ["-p", flow.protocol, "--orig-dst", flow.address, "--orig-port-dst", flow.port,
                     "--reply-src", flow.server, "--reply-port-src", flow.server_port, "--reply-dst", flow.answered]
            filters[tuple(words)] = [*words, *(["--state", "SYN_SENT"] if flow.protocol == "tcp" else [])]
    return list(filters.values())
