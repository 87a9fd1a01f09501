#!/usr/bin/python3 -BESs
"""iptables-rules [apply|check|leave ADDRESS…|return ADDRESS…]: make our iptables chains equal to a folder of rules, by difference.

The folder holds files NAME.v4 and NAME.v6 in the format of iptables-restore. A file holds chains of its own, whose
names start with VIPSTACK-, and the jumps into them: `-A PREROUTING -j VIPSTACK-...`, with no other condition.
Everything else on the machine belongs to others and is never touched. Own chains that are in no file are removed.
Each file is first loaded in an empty network namespace. That shows whether the kernel takes the file, which
`iptables-restore --test` can't tell, and how iptables-save prints it, so that the two can be compared. The result
is kept in /run until the file changes. `check` prints what `apply` would change.

A file that is wrong or cut off is ignored as a whole: its last good text is used in its place, the other files are applied.
Rules for a real server that left the files stay while IPVS has it, so that its connections can end (serving.py beside this file).
Tracked flows that still go where rules led them that are gone are ended (nat_flows.py beside this file).

`leave` is for a machine that is about to be removed: new connections go to other real servers, although the folder has its rules,
and the program ends when no connection to it is open or the deadline has passed. It stays out, also after a boot, until `return`,
or until the folder no longer has it.

Exit code: 0 the chains match the folder, 1 they do not, 2 a file is refused and the chains match the others.
"""
from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple

from absence import FOLDER, absent, come_back, forget, leave
from iptables_text import (EMPTY, OWN, Plan, Table, Tables, as_restore, describe, foreign_lines, make_plan, merge, own_part,
                           servers_of, unfinished_tables, without_servers)
from rule_files import Folder, Problems, Texts, keep_good, read_folder, whole_text
from safely import HelpFormatter, Stop, only_one, replace_file, run
from serving import serving, with_serving

COMMANDS = {".v4": "iptables", ".v6": "ip6tables"}
STARTED = time.time()
Families = Dict[str, Tables]  # by .v4 and .v6


def complain(text: str) -> None:
    print(f"iptables-rules: {text}", file=sys.stderr, flush=True)


# ---- what the files say

class Reader:
    """Reads files by trial. The result of a trial is remembered until the file or iptables changes."""

    def __init__(self, memory: Path) -> None:
        self.memory = memory
        self.known = load(memory)
        self.used: Dict[str, Any] = {}

    def understand(self, texts: Texts) -> Tuple[Families, Problems]:
        wanted: Families = {}
        problems: Problems = {}
        for path in sorted(texts):
            wrong = self.problems_of(path, texts[path])
            if not wrong:
                try:
                    twice = merge(wanted.setdefault(path.suffix, {}), self.tables_of(path, texts[path]))
                    wrong = [f"{path}: another file has this chain too: {chain}" for chain in twice]
                except ValueError as problem:
                    wrong = [str(problem)]
            if wrong:
                problems[path] = wrong
        return wanted, problems

    def problems_of(self, path: Path, text: str) -> List[str]:
        wrong = [f"{path}:{at}: not a chain VIPSTACK-* or a plain jump to one: {line}" for at, line in foreign_lines(text)]
        return wrong + [f"{path}: {table} has no COMMIT, so this file is cut off" for table in unfinished_tables(text)]

    def tables_of(self, path: Path, text: str) -> Tables:
        program = f"/usr/sbin/{COMMANDS[path.suffix]}-save"
        key = f"{path.suffix} {os.stat(program).st_mtime if os.path.exists(program) else 0} {text}"
        if key not in self.used:
            known = self.known.get(key)
            self.used[key] = known if known is not None else trial(path, text)
        return {name: Table(*map(type_copy, table)) for name, table in self.used[key].items()}

    def remember(self) -> None:
        if self.used != self.known:
            replace_file(self.memory, json.dumps(self.used))


def type_copy(part: Any) -> Any:
    return dict(part) if isinstance(part, dict) else list(part)


def load(path: Path) -> Dict[str, Any]:
    try:
        known = json.loads(path.read_text())
        return known if isinstance(known, dict) else {}
    except (OSError, ValueError):
        return {}


def trial(path: Path, text: str) -> Tables:
    """What the kernel makes of the file, tried in a network namespace that ends with this shell."""
    if not text:
        return {}
    command = COMMANDS[path.suffix]
    load_and_print = f"{command}-restore --wait 10 --noflush && {command}-save"
    done = run(["unshare", "--net", "sh", "-c", load_and_print], text)
    if done.stderr.startswith("unshare:"):
        raise Stop(1, f"no network namespace to try {path} in: {done.stderr.strip()}")
    if done.returncode:
        at = re.search(r"line:? (\d+)", done.stderr)
        number, lines = int(at[1]) if at else 0, text.split("\n")
        line = f": {lines[number - 1]}" if 0 < number <= len(lines) else ""
        reason = " ".join(word for word in done.stderr.split("\n") if word and not word.startswith("Try "))
        raise ValueError(f"{path}:{number}: {reason}{line}")
    return own_part(done.stdout)


# ---- this machine

class Kernel(NamedTuple):
    tables: Tables
    seen: str  # the lines that iptables-look compares


def read_kernel(command: str) -> Kernel:
    done = run([f"{command}-save"])
    if done.returncode:
        raise Stop(1, f"{command}-save: {done.stderr.strip()}")
    return Kernel(own_part(done.stdout), "".join(f"{line}\n" for line in done.stdout.split("\n") if OWN in line))


def work(options: argparse.Namespace) -> int:
    kept = options.last_good / options.rules.name
    reader = Reader(options.run / "iptables-trials.json")
    wanted, folder = read_folder(options.rules, "*.v[46]", kept, reader.understand)
    for line in folder.said():
        complain(line)
    with suppress(OSError):  # on a full disk each run tries anew
        reader.remember()
    stays = {path.suffix for path in folder.lost}
    away = absent(options.absent)
    named = {address for tables in wanted.values() for address in servers_of(tables)}
    wanted = {suffix: without_servers(tables, away) for suffix, tables in wanted.items()}
    results = [make_equal(suffix, wanted.get(suffix, {}), suffix in stays, options) for suffix in COMMANDS]
    changed = [each.changed for each in results]
    if options.command != "check":
        keep_good(folder, kept)
        forget(options.absent, away - named)
        with suppress(OSError):
            finished = not folder.problems and not any(each.unfinished for each in results)
            remember_seen(options.run / "iptables-seen", "".join(each.seen for each in results) if finished else None)
    if not any(changed) and not options.quiet:
        chains = sum(len(table.chains) for tables in wanted.values() for table in tables.values())
        print(f"{chains} chains: nothing to change")
    if folder.problems:
        return 2
    return 1 if any(changed) and options.command == "check" else 0


def remember_seen(path: Path, seen: Optional[str]) -> None:
    """Written for iptables-look once nothing is left to do. Its date is from before the files were read."""
    if seen is None:
        path.unlink(missing_ok=True)
    else:
        replace_file(path, seen)
        os.utime(path, (STARTED, STARTED))


def read_if_there(path: Path) -> str:
    """The kernel has no such file while its IPVS module is not loaded."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


class Result(NamedTuple):
    changed: bool  # for `check`: would be
    seen: str  # the lines that iptables-look compares
    unfinished: bool  # rules stay until their real server is drained


def make_equal(suffix: str, wanted: Tables, stays: bool, options: argparse.Namespace) -> Result:
    command = COMMANDS[suffix]
    try:
        kernel = read_kernel(command)
    except Stop:
        if wanted:
            raise
        return Result(False, "", False)  # a machine without IPv6 needs no ip6tables
    rest = wanted
    wanted = with_serving(wanted, kernel.tables, serving(read_if_there(options.ipvs)))
    plan = make_plan(wanted, kernel.tables, stays)
    changes = describe(command, wanted, kernel.tables, plan) if plan else []
    left = options.run / f"iptables-left{suffix}.json"
    if options.command == "check":
        print("".join(f"{line}\n" for line in changes), end="")
        return Result(bool(plan), kernel.seen, wanted != rest)
    before = [kernel.tables.get("nat", EMPTY)] if "nat" in plan else []
    # An earlier run may have been stopped before it came to the flows.
    before += [Table(*table) for table in load(left).get("nat", [])]
    if before:
        with suppress(OSError):
            replace_file(left, json.dumps({"nat": before}))
    if plan:
        kernel = load_plan(command, wanted, plan, stays)
        print("".join(f"{line}\n" for line in changes), end="", flush=True)
    if before:
        end_flows(suffix, before, kernel.tables.get("nat", EMPTY))
        left.unlink(missing_ok=True)
    return Result(bool(plan), kernel.seen, wanted != rest)


def load_plan(command: str, wanted: Tables, plan: Plan, stays: bool) -> Kernel:
    """Loads the plan. Returns what the kernel holds afterwards."""
    done = run([f"{command}-restore", "--wait", "10", "--noflush"], as_restore(plan))
    if done.returncode:
        raise Stop(1, f"{command}-restore: {done.stderr.strip()}\n{as_restore(plan)}")
    kernel = read_kernel(command)
    wrong = describe(command, wanted, kernel.tables, make_plan(wanted, kernel.tables, stays))
    if wrong:
        raise Stop(1, "\n".join(["after loading, these are still different:", *wrong]))
    return kernel


def end_flows(suffix: str, before: List[Table], now: Table) -> None:
    from nat_flows import Ways, endings, read_flows, ways_of  # seldom needed

    earlier, present = [ways_of(table) for table in before], ways_of(now)
    ways = Ways([way for each in earlier for way in each.targets], [way for each in earlier for way in each.sources])
    if not any([*ways, *present]):
        return
    family = "ipv4" if suffix == ".v4" else "ipv6"
    own = set(re.findall(r"inet6? ([0-9a-f.:]+)", run(["ip", "-o", "address"]).stdout))
    for protocol in ("udp", "tcp"):
        listed = run(["conntrack", "-L", "-f", family, "-p", protocol])
        if listed.returncode:
            raise Stop(1, f"conntrack: {listed.stderr.strip()}")
        for words in endings(read_flows(listed.stdout), ways, present, own):
            done = run(["conntrack", "-D", "-f", family, *words])
            count = re.search(r"(\d+) flow entries", done.stderr)
            if not count:
                raise Stop(1, f"conntrack -D {' '.join(words)}: {done.stderr.strip()}")
            if int(count[1]):
                print(f"- {count[1]} flows {' '.join(words)}", flush=True)


def locked(options: argparse.Namespace) -> int:
    with only_one(options.run / "iptables-rules.lock"):
        return work(options)


def busy() -> Set[str]:
    """Where connections lead that rules redirected and that are open."""
    listed = [run(["conntrack", "-L", "-f", family, "-p", "tcp", "--state", "ESTABLISHED"]).stdout for family in ("ipv4", "ipv6")]
    from nat_flows import read_flows  # seldom needed

    return {flow.server for text in listed for flow in read_flows(text) if flow.server != flow.address}


def command(options: argparse.Namespace) -> int:
    def again() -> int:
        return locked(options)

    if options.command == "leave":
        return leave(options.absent, options.addresses, options.drain_seconds, again, busy)
    return come_back(options.absent, options.addresses, again) if options.command == "return" else again()


def main() -> int:
    parser = argparse.ArgumentParser(prog="iptables-rules", description=(__doc__ or "").partition("\n")[0],
                                     formatter_class=HelpFormatter)
    parser.add_argument("command", nargs="?", choices=["apply", "check", "leave", "return"], default="apply")
    parser.add_argument("addresses", nargs="*", metavar="ADDRESS", help="of a machine that leaves or returns")
    parser.add_argument("--rules", type=Path, default=Path("/etc/vipstack/iptables.d"))
    parser.add_argument("--run", type=Path, default=Path("/run/vipstack"))
    parser.add_argument("--last-good", type=Path, default=Path("/var/lib/vipstack/last-good"))
    parser.add_argument("--ipvs", type=Path, default=Path("/proc/net/ip_vs"))
    parser.add_argument("--absent", type=Path, default=FOLDER)
    parser.add_argument("--drain-seconds", type=int, default=60)
    parser.add_argument("--quiet", action="store_true", help="print nothing when nothing changes (for the timer)")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # others' comments may be any bytes
    try:
        return command(options)
    except Stop as stop:
        code, message = stop.args
    except OSError as problem:
        code, message = 1, str(problem)
    complain(message)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
