#!/usr/bin/python3 -BESs
"""rules-watch ipvs|iptables: every few seconds, have these rules made true again where something may have changed.

A process that stays, because starting any program costs many times what has to be looked at. It notices
- a rules file, or something that the last runs left in /run/vipstack, that has another date or size,
- another table in the kernel.
Then it asks ipvs-look (or iptables-look). Where that does not find everything as it should be, the keeper's unit runs:
vipstack-ipvs-keeper.service. Once a minute it asks anyway: /proc/net/ip_vs does not show all options of a virtual service.
filter_state.py beside this file reads iptables' rules.
"""
from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from typing import Callable, List, NamedTuple, Optional, Tuple

ASK_AFTER = 60.0
PROGRAMS = os.path.dirname(os.path.abspath(__file__))
RULES = "/etc/vipstack"
RUN = "/run/vipstack"
IPVS_TABLE = "/proc/net/ip_vs"
# A real server with the active and inactive connections, which change all the time.
REAL_SERVER = re.compile(rb"^(  -> \S+ +\S+ +\d+) .*$", re.MULTILINE)

State = Tuple[object, ...]


class Rules(NamedTuple):
    """What tells whether rules are still true."""
    folder: str
    seen: str  # what the last run left to be compared with
    draining: List[str]  # while one of these is there, something is to do that only waits for its time
    kernel: Callable[[], Optional[object]]  # its table, to be compared; None: not known without asking


def ipvs_table() -> Optional[bytes]:
    try:
        with open(IPVS_TABLE, "rb") as file:
            return REAL_SERVER.sub(rb"\1", file.read())
    except FileNotFoundError:
        return None  # this kernel has no IPVS, or not yet


def iptables_tables() -> Optional[object]:
    from filter_state import filter_state  # only one of the two processes needs it

    return filter_state()


KINDS = {
    "ipvs": Rules(f"{RULES}/ipvs.d", f"{RUN}/ipvs-seen", [f"{RUN}/ipvs-drain.json"], ipvs_table),
    "iptables": Rules(f"{RULES}/iptables.d", f"{RUN}/iptables-seen", [], iptables_tables),
}


def version(path: str) -> Tuple[object, ...]:
    """Changes with each change of a file. Nothing where there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def state_of(rules: Rules) -> Optional[State]:
    kernel = rules.kernel()
    if kernel is None or not os.path.isdir(rules.folder):
        return None
    paths = [rules.folder, *sorted(entry.path for entry in os.scandir(rules.folder)), rules.seen]
    return (kernel, *((path, version(path)) for path in paths))


class Watch:
    def __init__(self, kind: str, sources: List[str], waiting: List[str]) -> None:
        self.kind = kind
        self.rules = KINDS[kind]
        self.sources = sources
        self.waiting = [*self.rules.draining, *waiting]
        self.known: List[State] = []  # of the sources
        self.good: Optional[State] = None  # when asking last found everything as it should be
        self.asked = 0.0

    def look(self) -> None:
        known, self.known = self.known, [version(path) for path in self.sources]
        if self.known != known or any(map(os.path.exists, self.waiting)):
            return self.keep()
        state = state_of(self.rules)  # first: what changes while it is asked about is seen next time
        if state is not None and state == self.good and time.monotonic() < self.asked + ASK_AFTER:
            return None
        if subprocess.run([f"{PROGRAMS}/{self.kind}-look"], stdin=subprocess.DEVNULL, check=False).returncode:
            return self.keep()
        self.good, self.asked = state, time.monotonic()
        return None

    def keep(self) -> None:
        """Its failures are in its own journal."""
        self.good = None
        unit = f"vipstack-{self.kind}-keeper.service"
        subprocess.run(["systemctl", "start", unit], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def main() -> None:
    parser = argparse.ArgumentParser(prog="rules-watch", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--source", action="append", default=[], help="folder that another program writes; a reason when it changes")
    parser.add_argument("--waiting", action="append", default=[], help="file of another program; a reason while it is there")
    options = parser.parse_args()
    watch = Watch(options.kind, options.source, options.waiting)
    while True:
        time.sleep(options.seconds)
        watch.look()


if __name__ == "__main__":
    main()
