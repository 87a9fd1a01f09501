#!/usr/bin/python3 -IS
"""addresses apply: give this machine the addresses and routes of a file, by difference.

Lines of the file (comments and blank lines allowed):
    192.168.139.100/32 dev eth0
    route default via 10.0.0.1 dev eth0
What is missing is added. What this program added earlier and is no longer in the file is removed; an IPv4 route
that it had replaced comes back. Everything else on the machine is never touched. A missing file is an error, an
empty one says that there is nothing to add.

Exit code: 0 done, 1 the machine refused a change, 2 the file is wrong and nothing was changed.
"""
from __future__ import annotations

import argparse
import fcntl
import ipaddress
import json
import re
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Set, Tuple

Address = Tuple[str, str]  # "10.0.0.1/32", "eth0"
Route = Tuple[str, str, str]  # target, gateway, device
Added = Tuple[List[Address], Dict[Route, str]]  # what this program added; by route, the one that it replaced


class Stop(Exception):
    """Ends the program with an exit code and a message."""


# ---- file

def parse(text: str, name: str) -> Tuple[List[Address], List[Route]]:
    addresses: List[Address] = []
    routes: List[Route] = []
    problems: List[str] = []
    seen: Set[str] = set()
    for at, line in enumerate((line.strip() for line in text.splitlines()), 1):
        if not line or line.startswith("#"):
            continue
        try:
            if line.startswith("route "):
                routes.append(read_route(line))
                same = f"{family(routes[-1])} {routes[-1][0]}"
            else:
                addresses.append(read_address(line))
                same = f"{host(addresses[-1])} {addresses[-1][1]}"
            if same in seen:
                raise ValueError("listed twice")
            seen.add(same)
        except ValueError as problem:
            problems.append(f"{name}:{at}: {problem}: {line}")
    if problems:
        raise Stop(2, "\n".join([*problems, "nothing was changed"]))
    return addresses, routes


def read_address(line: str) -> Address:
    match = re.fullmatch(r"([0-9A-Fa-f.:]+/[0-9]+)\s+dev\s+([^\s/]{1,15})", line)
    if not match:
        raise ValueError("not 'ADDRESS/LENGTH dev NAME' or 'route TARGET via ADDRESS dev NAME'")
    return str(ipaddress.ip_interface(match[1])), match[2]


def read_route(line: str) -> Route:
    match = re.fullmatch(r"route\s+(\S+)\s+via\s+([0-9A-Fa-f.:]+)\s+dev\s+([^\s/]{1,15})", line)
    if not match:
        raise ValueError("not 'route TARGET via ADDRESS dev NAME'")
    gateway = ipaddress.ip_address(match[2])
    target = "default"
    if match[1] != "default":
        network = ipaddress.ip_network(match[1])
        if network.version != gateway.version:
            raise ValueError("target and gateway are of different families")
        target = str(network)
    return target, str(gateway), match[3]


def host(address: Address) -> str:
    return address[0].split("/")[0]


def family(route: Route) -> str:
    return "-6" if ":" in route[1] else "-4"


# ---- this machine

def ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise Stop(1, f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def attempt(log: str, *words: str) -> bool:
    """One change; if the machine refuses it, the others are still made."""
    print(log, flush=True)
    try:
        ip(*words)
    except Stop as stop:
        print(f"addresses: {stop.args[1]}", file=sys.stderr)
        return False
    return True


def present_addresses() -> List[Address]:
    links = json.loads(ip("-json", "address", "show"))
    entries = [(entry, link["ifname"]) for link in links for entry in link.get("addr_info", [])]
    return [(f"{entry['local']}/{entry['prefixlen']}", device) for entry, device in entries if "local" in entry]


def how_to_add(address: Address) -> List[str]:
    """IPv6: no search for duplicates, during which an address can't be used; and a VIP is not to be spoken from. Of
    equal addresses the kernel takes the newest for a packet of its own, so the outer packets of IPVS's tunnels would
    come from the VIP; the real server has the VIP too, and drops them unseen. A preferred lifetime of 0 ("deprecated")
    has the kernel take any other address first. Clients notice nothing of it. An address of lo is not taken anyway."""
    if ":" not in address[0]:
        return []
    is_vip = address[0].endswith("/128") and address[1] != "lo"
    return ["preferred_lft", "0", "nodad"] if is_vip else ["nodad"]


def words_of(route: Route) -> List[str]:
    """In IPv4 ours has metric 0, the strongest, and takes the place of another with that metric. In IPv6 ours has
    metric 1 and stands before the usual 1024: nothing needs to be replaced."""
    target, gateway, device = route
    metric = ["metric", "1"] if family(route) == "-6" else []
    return [target, "via", gateway, "dev", device, *metric]


def same_place(route: Route) -> str:
    """The route that the machine has now for this target and metric, in words for `ip route replace`, or nothing."""
    shown = ip(family(route), "route", "show", route[0]).replace("\n\t", " ")
    metric = ["1"] if family(route) == "-6" else []
    lines = [line for line in shown.splitlines() if re.findall(r" metric (\d+)", line) == metric]
    return re.sub(r" (linkdown|dead)\b", "", lines[0]).strip() if lines else ""


def is_present(route: Route) -> bool:
    return f" via {route[1]} dev {route[2]} " in same_place(route) + " "


def announce(address: Address) -> None:
    """Three gratuitous ARPs, so that neighbours forget who had the address before. A courtesy: never an error."""
    try:
        local = ipaddress.IPv4Address(host(address)).packed
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link:
            link.bind((address[1], 0x0806))
            mac = link.getsockname()[4]
            request = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mac, local, bytes(6), local)
            for _ in range(3):
                link.send(b"\xff" * 6 + mac + b"\x08\x06" + request)
    except (OSError, ValueError, struct.error):
        pass


def load(state: Path) -> Added:
    try:
        saved = json.loads(state.read_text())
        return [(local, device) for local, device in saved["addresses"]], {
            (target, gateway, device): earlier for target, gateway, device, earlier in saved["routes"]
        }
    except FileNotFoundError:
        return [], {}
    except (ValueError, TypeError, KeyError):
        print(f"addresses: {state} is damaged; what was added before stays", file=sys.stderr)
        return [], {}


def save(state: Path, added: Added) -> None:
    routes = [[*route, earlier] for route, earlier in added[1].items()]
    fresh = state.with_name(state.name + ".new")
    fresh.write_text(json.dumps({"addresses": added[0], "routes": routes}, indent=1) + "\n")
    fresh.replace(state)


def remove_left(wanted: Tuple[List[Address], List[Route]], added: Added) -> bool:
    fine = True
    present = present_addresses()
    for address in [address for address in added[0] if address not in wanted[0]]:
        words = (address[0], "dev", address[1])
        if address not in present or attempt(f"- {' '.join(words)}", "address", "del", *words):
            added[0].remove(address)
        else:
            fine = False
    for route in [route for route in added[1] if route not in wanted[1]]:
        earlier = added[1].pop(route)
        if is_present(route):
            back = f", back to {earlier}" if earlier else ""
            what = ["replace", *earlier.split()] if earlier else ["del", *words_of(route)]
            fine &= attempt(f"- route {' '.join(words_of(route))}{back}", family(route), "route", *what)
    return fine


def work(file: Path, state: Path) -> int:
    if not file.exists():
        raise Stop(2, f"{file} is missing; nothing was changed. An empty file says: nothing to add")
    wanted = parse(file.read_text(encoding="utf-8", errors="replace"), str(file))
    added = load(state)
    leaving = not (set(added[0]) <= set(wanted[0]) and set(added[1]) <= set(wanted[1]))
    fine = remove_left(wanted, added)
    # An address counts as there with any prefix length: the machine answers for it.
    present = {(host(address), address[1]) for address in present_addresses()}
    addresses = [address for address in wanted[0] if (host(address), address[1]) not in present]
    routes = [route for route in wanted[1] if not is_present(route)]
    added[0].extend(address for address in addresses if address not in added[0])
    for route in routes:
        added[1].setdefault(route, same_place(route))
    save(state, added)  # before adding: what a crash leaves can then still be removed
    for address in addresses:
        words = [address[0], "dev", address[1]]
        fine &= attempt(f"+ {' '.join(words)}", "address", "add", *words, *how_to_add(address))
        announce(address)
    for route in routes:
        instead = f", instead of {added[1][route]}" if added[1][route] else ""
        words = words_of(route)
        fine &= attempt(f"+ route {' '.join(words)}{instead}", family(route), "route", "replace", *words)
    if not leaving and not addresses and not routes:
        print(f"{len(wanted[0])} addresses, {len(wanted[1])} routes: nothing to change")
    return 0 if fine else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="addresses", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("command", choices=["apply"])
    parser.add_argument("--file", type=Path, default=Path("/etc/vipstack/addresses"))
    parser.add_argument("--state", type=Path, default=Path("/run/vipstack/addresses.json"))
    options = parser.parse_args()
    try:
        options.state.parent.mkdir(parents=True, exist_ok=True)
        with open(options.state.with_name("addresses.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return work(options.file, options.state)
    except Stop as stop:
        code, message = stop.args
    except OSError as problem:
        code, message = 1, str(problem)
    print(f"addresses: {message}", file=sys.stderr)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
