#!/usr/bin/python3 -IS
"""iptables-rules [apply|check]: make our iptables chains equal to a folder of rules, by difference.

The folder holds files NAME.v4 and NAME.v6 in the format of iptables-restore. A file holds chains of its own, whose
names start with VIPSTACK-, and the jumps into them: `-A PREROUTING -j VIPSTACK-...`, with no other condition.
Everything else on the machine belongs to others and is never touched. Own chains that are in no file leave.
Each file is first loaded in an empty network namespace. There the kernel says whether it takes the file (what
`iptables-restore --test` doesn't know), and iptables-save says how it will print it, so equal can be told from
different without a memory of what was loaded. `check` prints what `apply` would change.

Exit code: 0 the chains are as the folder wants them, 1 they are not, 2 the folder is wrong and nothing was changed.
"""
from __future__ import annotations

import argparse
import difflib
import fcntl
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

OWN = "VIPSTACK-"
BUILT_IN = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
COMMANDS = {".v4": "iptables", ".v6": "ip6tables"}


class Table(NamedTuple):
    chains: Dict[str, List[str]]  # own chains and their rules
    hooks: List[str]  # rules of other chains that lead into own ones

    def lines(self) -> List[str]:
        return [rule for chain in sorted(self.chains) for rule in (f":{chain}", *self.chains[chain])]


class Stop(Exception):
    """Ends the program with an exit code and a message."""


Tables = Dict[str, Table]  # by name: nat, mangle, filter


# ---- text

def chain_of(rule: str) -> str:
    return rule.split()[1]


def target_of(rule: str) -> str:
    match = re.search(r" -[jg] (\S+)", rule)
    return match[1] if match else ""


def is_plain_jump(rule: str) -> bool:
    return chain_of(rule) in BUILT_IN and rule == f"-A {chain_of(rule)} -j {target_of(rule)}"


def own_part(saved: str) -> Tables:
    """What belongs to us in the output of iptables-save."""
    tables: Tables = {}
    table = Table({}, [])
    for line in saved.splitlines():
        if line.startswith("*"):
            table = tables.setdefault(line[1:], Table({}, []))
        elif line.startswith(f":{OWN}"):
            table.chains[line[1:].split()[0]] = []
        elif line.startswith(f"-A {OWN}"):
            table.chains[chain_of(line)].append(line)
        elif line.startswith("-A ") and target_of(line).startswith(OWN):
            table.hooks.append(line)
    return tables


def foreign_lines(text: str) -> List[Tuple[int, str]]:
    """Lines that a file of ours must not hold: iptables-restore would let them touch what belongs to others."""
    wrong: List[Tuple[int, str]] = []
    chains: List[str] = []
    for at, line in enumerate(text.splitlines(), 1):
        chain = re.match(rf":({OWN}\S+) - ?(\[\d+:\d+\])?$", line)
        rule = re.match(r"-A (\S+) (.+)$", line)
        if line.startswith("*"):
            chains = []
        elif chain and chain[1] not in chains:
            chains.append(chain[1])
        elif rule and rule[1] in chains:
            continue
        elif rule and is_plain_jump(line) and target_of(line) in chains:
            continue
        elif line not in ("", "COMMIT") and not line.startswith("#"):
            wrong.append((at, line))
    return wrong


def merge(into: Tables, more: Tables) -> List[str]:
    """Adds the tables of one file; the answer names chains that another file has already."""
    twice: List[str] = []
    for name, table in more.items():
        known = into.setdefault(name, Table({}, []))
        twice += [f"{name} {chain}" for chain in table.chains if chain in known.chains]
        known.chains.update(table.chains)
        known.hooks.extend(table.hooks)
    return twice


# ---- plan

def make_plan(wanted: Tables, kernel: Tables) -> Dict[str, List[str]]:
    """By table, the lines for iptables-restore --noflush; tables that are as wanted have none."""
    empty = Table({}, [])
    names = sorted({*wanted, *kernel})
    plans = {name: plan_table(wanted.get(name, empty), kernel.get(name, empty)) for name in names}
    return {name: lines for name, lines in plans.items() if lines}


def plan_table(wanted: Table, kernel: Table) -> List[str]:
    """A chain that is declared is emptied first, so only the chains that differ are: the others keep the place
    of their nth counters. One table is one transaction."""
    changed = [chain for chain, rules in wanted.chains.items() if kernel.chains.get(chain) != rules]
    leaving = [chain for chain in kernel.chains if chain not in wanted.chains]
    lines = [f":{chain} - [0:0]" for chain in changed + leaving]
    lines += [rule for chain in changed for rule in wanted.chains[chain]]
    hooks = list(dict.fromkeys(wanted.hooks))
    kept = [hook for hook in hooks if kernel.hooks.count(hook) == 1]
    for hook in kernel.hooks:
        if hook in kept:
            continue
        if is_plain_jump(hook) or target_of(hook) in leaving:  # else somebody's own way into a chain that stays
            lines.append(f"-D {hook[3:]}")
    # First in its chain: an ACCEPT of ours is no use behind somebody's REJECT, and in nat our rules match nothing but
    # our own addresses and ports. Only the presence is kept up: who inserts before us later has a reason.
    lines += [f"-I {chain_of(hook)} 1 -j {target_of(hook)}" for hook in reversed(hooks) if hook not in kept]
    return lines + [f"-X {chain}" for chain in leaving]


def as_restore(plan: Dict[str, List[str]]) -> str:
    return "".join("\n".join([f"*{table}", *lines, "COMMIT", ""]) for table, lines in plan.items())


def describe(command: str, wanted: Tables, kernel: Tables, plan: Dict[str, List[str]]) -> List[str]:
    """One line a change, for the journal."""
    empty = Table({}, [])
    log = []
    for name, lines in plan.items():
        old, new = kernel.get(name, empty).lines(), wanted.get(name, empty).lines()
        changes = [line for line in difflib.ndiff(old, new) if line[0] in "+-"]
        hooks = [line for line in lines if line.startswith(("-D ", "-I "))]
        changes += [f"{'-' if hook.startswith('-D') else '+'} {hook}" for hook in hooks]
        log += [f"{line[:2]}{command} -t {name} {line[2:]}" for line in changes]
    return log


# ---- this machine

def run(words: List[str], text: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(words, input=text, capture_output=True, text=True)
    except FileNotFoundError as missing:
        raise Stop(1, f"{missing.filename} is not installed") from None


def read_files(folder: Path) -> Dict[str, Tables]:
    files = [path for path in sorted(folder.glob("*.v[46]")) if not path.name.startswith(".")]
    if not files:
        raise Stop(2, f"{folder}: no file *.v4 or *.v6; nothing was changed. An empty file says: no chains")
    wanted: Dict[str, Tables] = {}
    problems: List[str] = []
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        wrong = foreign_lines(text)
        problems += [f"{path}:{at}: not a chain {OWN}* or a plain jump to one: {line}" for at, line in wrong]
        if not wrong:
            twice = merge(wanted.setdefault(path.suffix, {}), trial(path, text))
            problems += [f"{path}: another file has this chain too: {chain}" for chain in twice]
    if problems:
        raise Stop(2, "\n".join([*problems, "nothing was changed"]))
    return wanted


def trial(path: Path, text: str) -> Tables:
    """What the file becomes when the kernel loads it: in a network namespace that ends with this shell."""
    command = COMMANDS[path.suffix]
    load_and_print = f"{command}-restore --wait 10 --noflush && {command}-save"
    done = run(["unshare", "--net", "sh", "-c", load_and_print], text)
    if done.stderr.startswith("unshare:"):
        raise Stop(1, f"no network namespace to try {path} in: {done.stderr.strip()}")
    if done.returncode:
        at = re.search(r"line:? (\d+)", done.stderr)
        number, lines = int(at[1]) if at else 0, text.splitlines()
        line = f": {lines[number - 1]}" if 0 < number <= len(lines) else ""
        reason = " ".join(word for word in done.stderr.split("\n") if word and not word.startswith("Try "))
        raise Stop(2, f"{path}:{number}: {reason}{line}\nnothing was changed")
    return own_part(done.stdout)


def read_kernel(command: str) -> Tables:
    done = run([f"{command}-save"])
    if done.returncode:
        raise Stop(1, f"{command}-save: {done.stderr.strip()}")
    return own_part(done.stdout)


def work(options: argparse.Namespace) -> int:
    wanted = read_files(options.rules)
    different = False
    for suffix, command in COMMANDS.items():
        try:
            kernel = read_kernel(command)
        except Stop:
            if suffix in wanted:
                raise
            continue  # a machine without IPv6 needs no ip6tables
        tables = wanted.get(suffix, {})
        plan = make_plan(tables, kernel)
        print("".join(f"{line}\n" for line in describe(command, tables, kernel, plan)), end="", flush=True)
        different = different or bool(plan)
        if plan and options.command == "apply":
            load(command, tables, plan)
    if not different and not options.quiet:
        chains = sum(len(table.chains) for tables in wanted.values() for table in tables.values())
        print(f"{chains} chains: nothing to change")
    return 1 if different and options.command == "check" else 0


def load(command: str, wanted: Tables, plan: Dict[str, List[str]]) -> None:
    done = run([f"{command}-restore", "--wait", "10", "--noflush"], as_restore(plan))
    if done.returncode:
        raise Stop(1, f"{command}-restore: {done.stderr.strip()}\n{as_restore(plan)}")
    kernel = read_kernel(command)
    wrong = describe(command, wanted, kernel, make_plan(wanted, kernel))
    if wrong:
        raise Stop(1, "\n".join(["after loading, these are still different:", *wrong]))


def main() -> int:
    parser = argparse.ArgumentParser(prog="iptables-rules", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("command", nargs="?", choices=["apply", "check"], default="apply")
    parser.add_argument("--rules", type=Path, default=Path("/etc/vipstack/iptables.d"))
    parser.add_argument("--quiet", action="store_true", help="print nothing when nothing changes (for a timer)")
    options = parser.parse_args()
    try:
        Path("/run/vipstack").mkdir(parents=True, exist_ok=True)
        with open("/run/vipstack/iptables-rules.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return work(options)
    except Stop as stop:
        code, message = stop.args
    except OSError as problem:
        code, message = 1, str(problem)
    print(f"iptables-rules: {message}", file=sys.stderr)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
