"""The text of an IPVS table: lines as `ipvsadm -S -n` prints them, and what it leaves out.

A table here is in canonical form: two texts that mean the same to the kernel are equal tables. Reading is strict for
files. It is lenient for what the kernel holds, where other programs may have put anything: what has no canonical form is
kept as it is, and the rest of the table is still managed.
Nothing here reads or changes a machine; the program beside it, ipvs-rules, does.
"""
from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Dict, List, NamedTuple, Set, Tuple

PROTOCOLS = {"TCP": "-t", "UDP": "-u", "SCTP": "--sctp-service", "FWM": "-f"}
SCHEDULERS = "rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh twos".split()
WITH_VALUE = {"-A": [*PROTOCOLS.values(), "-s", "-p", "-M", "-b", "--pe"],
              "-a": [*PROTOCOLS.values(), "-r", "-w", "-x", "-y", "--tun-type", "--tun-port"]}
SWITCHES = {"-A": ["-6", "-o"],
            "-a": ["-6", "-m", "-g", "-i", "--tun-csum", "--tun-nocsum", "--tun-remcsum"]}
NO_TUNNEL = [*PROTOCOLS.values(), "-6", "-r", "-m", "-g", "-i", "-w", "-x", "-y"]
NO_MACHINE = ipaddress.ip_network("0.0.0.0/8")
MAX_INT = 2**31 - 1


class Server(NamedTuple):
    """A real server as one service sees it; `tunnel` holds the options of another encapsulation than ipip, and whatever
    else the kernel's line has."""
    method: str
    weight: int
    tunnel: str = ""
    upper: int = 0
    lower: int = 0

    def text(self) -> str:
        thresholds = f" -x {self.upper} -y {self.lower}" if self.upper else ""
        return f"{self.method} -w {self.weight}{self.tunnel}{thresholds}"


class Service(NamedTuple):
    options: str
    servers: Dict[str, Server]


Table = Dict[str, Service]  # by the words that name a service: "-t 10.0.0.1:80", "-f 1 -6"
Line = Tuple[str, str]  # where it stands, the line


# ---- a line; where it can't be used, ValueError says why

def parse_table(lines: List[Line], strict: bool = True) -> Tuple[Table, List[str]]:
    """The table in canonical words, and what is wrong. A server's service may stand in any file, before or after."""
    table: Table = {}
    problems = []
    for where, line in sorted(lines, key=lambda item: item[1].startswith("-a")):
        try:
            add_line(table, line.split(), strict)
        except ValueError as problem:
            problems.append(f"{where}: {problem}: {line}")
    return table, problems


def add_line(table: Table, words: List[str], strict: bool) -> None:
    """`strict` also refuses what ipvsadm would refuse or silently change."""
    if words[:1] == ["-a"] and words[3:4] == ["-r"] and words.count("-r") == 1 and len(words) > 4:  # the usual order
        key, server = key_and_server(" ".join(words[:3] + words[5:]), strict)
        add_server(table, key, words[4], server, strict)
        return
    options = read_options(words, strict)
    key = service_key(options)
    if words[0] == "-A":
        if key in table:
            raise ValueError("this virtual service is defined twice")
        table[key] = Service(service_options(options, key, strict), {})
        if strict:
            check_service(key, options)
        return
    add_server(table, key, options.get("-r", ""), read_server(options, strict), strict)


def add_server(table: Table, key: str, where: str, server: Server, strict: bool) -> None:
    if key not in table:
        raise ValueError("its virtual service is defined nowhere")
    address = endpoint(where, default_port=port_of(key) or "0")
    if address in table[key].servers:
        raise ValueError("this real server is listed twice")
    if strict:
        check_server(key, address, server)
    table[key].servers[address] = server


def read_options(words: List[str], strict: bool = True) -> Dict[str, str]:
    """Without `strict` also unknown options, with all their values; the `-b` that the kernel prints may be empty."""
    if not words or words[0] not in SWITCHES:
        raise ValueError("a line starts with -A (virtual service) or -a (real server)")
    options: Dict[str, str] = {}
    rest = ["-o" if word == "--ops" else word for word in words[1:]]
    while rest:
        name = rest.pop(0)
        known = name in WITH_VALUE[words[0]] or name in SWITCHES[words[0]]
        if strict and (name in options or not known):
            raise ValueError(f"unexpected {name}")
        if name in SWITCHES[words[0]]:
            options[name] = ""
        elif name == "-p" and (not rest or rest[0].startswith("-")):
            options[name] = "360"  # what ipvsadm takes for a bare -p
        elif known and name != "-b" and rest:
            options[name] = rest.pop(0)
        elif strict and not rest:
            raise ValueError(f"{name} needs a value")
        else:
            count = next((at for at, word in enumerate(rest) if word.startswith("-")), len(rest))
            options[name] = " ".join(rest[:count])
            del rest[:count]
    return options


def as_they_stand(options: Dict[str, str]) -> str:
    return "".join(f" {name} {value}".rstrip() for name, value in options.items())


# ---- its words, canonical

def number(name: str, text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and low <= int(text) <= high):
        raise ValueError(f"{name} takes a number from {low} to {high}")
    return int(text)


# Cached: the files, the kernel and its listing each name every address, and a service once for each real server.
kept = lru_cache(maxsize=None)
machine_address = kept(ipaddress.ip_address)


@kept
def endpoint(text: str, default_port: str) -> str:
    """ADDRESS:PORT, or [ADDRESS]:PORT for IPv6, as the kernel prints it."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::([0-9]+))?", text)
    if not match:
        raise ValueError(f"'{text}' is no ADDRESS:PORT with a numeric address, IPv6 in brackets")
    address = machine_address(match[1] or match[2])
    port = number("the port", match[3] or default_port, 0, 65535)
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def port_of(name: str) -> str:
    """Of a service or a real server; empty for a mark."""
    return name.rpartition(":")[2] if ":" in name else ""


def host_of(address: str) -> str:
    """Of a real server, as a machine's address is written: without port and brackets."""
    return address.rpartition(":")[0].strip("[]")


def is_ipv6(name: str) -> bool:
    return "[" in name or name.endswith(" -6")


def service_key(options: Dict[str, str]) -> str:
    """What names a virtual service: the words by which the table holds it."""
    kinds = [kind for kind in PROTOCOLS.values() if kind in options]
    if len(kinds) != 1 or ("-6" in options and kinds != ["-f"]):
        raise ValueError("one of -t, -u, --sctp-service and -f names the virtual service; -6 belongs to -f")
    value = options[kinds[0]]
    if kinds != ["-f"]:
        return f"{kinds[0]} {endpoint(value, default_port='')}"
    if re.fullmatch("-[0-9]+", value):  # so ipvsadm prints a mark above 2^31, but it doesn't read it back
        value = str(int(value) + 2**32)
    return f"-f {number('-f', value, 1, 2**32 - 1)}" + (" -6" if "-6" in options else "")


def service_options(options: Dict[str, str], key: str, strict: bool = True) -> str:
    """All other options of a virtual service, in a fixed order and without defaults."""
    try:
        return canonical_options(options, key)
    except ValueError:
        if strict:
            raise
        named = [*PROTOCOLS.values(), "-6"]
        return as_they_stand({name: value for name, value in options.items() if name not in named}).strip()


def canonical_options(options: Dict[str, str], key: str) -> str:
    for name in options:
        if name not in WITH_VALUE["-A"] + SWITCHES["-A"]:
            raise ValueError(f"unexpected {name}")
    scheduler = options.get("-s", "wlc")
    if scheduler not in SCHEDULERS:
        raise ValueError(f"-s takes one of {' '.join(SCHEDULERS)}")
    text = f"-s {scheduler}"
    if "-p" in options:
        text += f" -p {number('-p', options['-p'], 1, 31 * 24 * 3600)}"
    if "-M" in options:
        text += netmask(options["-M"], is_ipv6(key))
    if options.get("--pe", "sip") != "sip":
        raise ValueError("--pe takes sip")
    text += "".join(words for name, words in (("--pe", " --pe sip"), ("-o", " -o")) if name in options)
    return text + (f" -b {scheduler_flags(options['-b'], scheduler)}" if "-b" in options else "")


def netmask(mask: str, ipv6: bool) -> str:
    if ipv6:
        prefix = number("-M", mask, 1, 128)
        return "" if prefix == 128 else f" -M {prefix}"
    ipaddress.IPv4Address(mask)
    return "" if mask == "255.255.255.255" else f" -M {mask}"


def scheduler_flags(text: str, scheduler: str) -> str:
    names = ["flag-1", "flag-2", "flag-3"]
    if scheduler in ("sh", "mh"):
        names = [f"{scheduler}-fallback", f"{scheduler}-port"]
    flags = sorted(text.split(","))
    if not set(flags) <= set(names):
        raise ValueError(f"-b takes some of {','.join(names)} with -s {scheduler}")
    return ",".join(flags)


@kept
def key_and_server(text: str, strict: bool) -> Tuple[str, Server]:
    """Of a line without its address: the real servers of a service mostly differ in that only."""
    options = read_options(text.split(), strict)
    return service_key(options), read_server(options, strict)


def read_server(options: Dict[str, str], strict: bool = True) -> Server:
    """Direct routing and weight 1 are the defaults, as in ipvsadm."""
    methods = [method for method in ("-m", "-g", "-i") if method in options] or ["-g"]
    tunnel = as_they_stand({name: value for name, value in options.items() if name not in NO_TUNNEL})
    if strict and (len(methods) > 1 or (tunnel and methods != ["-i"])):
        raise ValueError("one of -m, -g and -i, and --tun-type with -i only")
    return Server(
        methods[0],
        number("-w", options.get("-w", "1"), 0, MAX_INT),
        "" if tunnel == " --tun-type ipip" else tunnel,  # the default: not every ipvsadm knows the word
        number("-x", options.get("-x", "0"), 0, MAX_INT),
        number("-y", options.get("-y", "0"), 0, MAX_INT),
    )


# ---- what only `strict` refuses

def check_service(key: str, options: Dict[str, str]) -> None:
    if port_of(key) == "0" and "-p" not in options:
        raise ValueError("port 0 (every port) needs -p")
    if "-M" in options and "-p" not in options:
        raise ValueError("-M needs -p")
    if "-o" in options and not key.startswith(("-u", "-f")):
        raise ValueError("-o is for UDP")


def check_server(key: str, address: str, server: Server) -> None:
    host = machine_address(address.rpartition(":")[0].strip("[]"))
    if host.is_multicast or host.is_unspecified or host in NO_MACHINE or str(host) == "255.255.255.255" or (
            host.version == 6 and host.is_link_local):
        raise ValueError("a real server needs an address that one machine can have")
    if is_ipv6(key) != is_ipv6(address) and server.method != "-i":
        raise ValueError("IPv4 and IPv6 mix in tunneling (-i) only")
    if server.method != "-m" and port_of(key) not in ("", port_of(address)):
        raise ValueError(f"{server.method} can't change the port: use the service's port, or -m")
    if server.lower > server.upper:
        raise ValueError("-y is above -x")
    if server.tunnel:
        raise ValueError("the only tunnel is --tun-type ipip")


# ---- tables

def read_listing(listing: str, table: Table) -> Dict[str, int]:
    """Reads `ipvsadm -ln --thresholds`, which prints what -S leaves out: thresholds (put into the table), and the active
    connections (returned by "SERVICE -r SERVER")."""
    active: Dict[str, int] = {}
    key = ""
    for words in (line.split() for line in listing.splitlines()):
        try:
            if words[:1] != ["->"]:
                key = listed_key(words)
            elif key in table:
                address, servers = endpoint(words[1], default_port="0"), table[key].servers
                upper, lower, connections, _ = map(int, words[2:])
                active[f"{key} -r {address}"] = connections
                if address in servers:
                    servers[address] = servers[address]._replace(upper=upper, lower=lower)
        except ValueError:
            continue  # a heading, or a line that can't be read: no thresholds, and it counts as unused
    return active


def listed_key(words: List[str]) -> str:
    if len(words) < 3 or words[0] not in PROTOCOLS:
        return ""
    try:
        return service_key({PROTOCOLS[words[0]]: words[1], **({"-6": ""} if words[2] == "IPv6" else {})})
    except ValueError:
        return ""


def differences(expected: Table, kernel: Table) -> List[str]:
    """What is missing in the kernel and what it has too much; nothing when the tables are equal."""
    left, right = table_lines(expected), table_lines(kernel)
    missing, surplus = sorted(left - right), sorted(right - left)
    return [f"missing: {line}" for line in missing] + [f"too much: {line}" for line in surplus]


def hosts_of(table: Table) -> Set[str]:
    """Addresses of all real servers."""
    return {host_of(address) for service in table.values() for address in service.servers}


def without_hosts(table: Table, hosts: Set[str]) -> Table:
    """The table without the real servers at some addresses."""
    return {key: Service(service.options, {address: server for address, server in service.servers.items() if host_of(address) not in hosts})
            for key, service in table.items()}


def table_lines(table: Table) -> Set[str]:
    lines = set()
    for key, service in table.items():
        lines.add(f"-A {key} {service.options}")
        lines.update(f"-a {key} -r {address} {server.text()}" for address, server in service.servers.items())
    return lines
