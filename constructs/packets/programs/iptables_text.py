"""The text of iptables tables: which part is ours, what a file of ours may hold, and the lines that make the kernel's tables
equal to the files. Nothing here reads or changes a machine; the program beside it, iptables-rules, does.
"""
from __future__ import annotations

import re
from itertools import cycle
from typing import Dict, Iterator, List, NamedTuple, Set, Tuple

OWN = "VIPSTACK-"
BUILT_IN = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
# iptables-save quotes a value that has more than letters and digits, and escapes quotes in it.
WORD = re.compile(r'"(?:\\.|[^"\\])*"|("|\S)\S*', re.DOTALL)


# Options whose value may be any word, also one that looks like an option.
FREE_TEXT = ("--comment", "--string", "--name", "--hashlimit-name", "--path", "--helper", "--match-set", "-i", "-o",
             "--physdev-in", "--physdev-out")


class Table(NamedTuple):
    chains: Dict[str, List[str]]  # own chains and their rules
    hooks: List[str]  # rules of other chains that lead into own ones

    def lines(self) -> List[str]:
        return [rule for chain in sorted(self.chains) for rule in (f":{chain}", *self.chains[chain])]


Tables = Dict[str, Table]  # by name: nat, mangle, filter
EMPTY = Table({}, [])


# ---- a rule

def words_of(rule: str) -> List[str]:
    return [match[0] for match in WORD.finditer(rule)]


def has_open_quote(rule: str) -> bool:
    return any(match[1] == '"' for match in WORD.finditer(rule))


def chain_of(rule: str) -> str:
    return words_of(rule)[1]


def target_of(rule: str) -> str:
    words = words_of(rule)
    return next((after for before, word, after in zip(words, words[1:], words[2:])
                 if word in ("-j", "-g") and before not in FREE_TEXT), "")


def is_plain_jump(rule: str) -> bool:
    return chain_of(rule) in BUILT_IN and rule == f"-A {chain_of(rule)} -j {target_of(rule)}"


# ---- what iptables-save prints

def rules_in(saved: str) -> Iterator[str]:
    """A comment may hold line ends of any kind, so a line ends only where its quotes are closed."""
    lines = saved.split("\n")
    at = 0
    while at < len(lines):
        rule, end = lines[at], at + 1
        while rule.startswith("-A ") and has_open_quote(rule) and end < len(lines):
            rule, end = f"{rule}\n{lines[end]}", end + 1
        if has_open_quote(rule):  # never closed: a quote that means nothing
            rule, end = lines[at], at + 1
        yield rule
        at = end


def own_part(saved: str) -> Tables:
    """What belongs to us in the output of iptables-save."""
    tables: Tables = {}
    table = Table({}, [])
    for line in rules_in(saved):
        if line.startswith("*"):
            table = tables.setdefault(line[1:], Table({}, []))
        elif line.startswith(f":{OWN}"):
            table.chains[line[1:].split()[0]] = []
        elif line.startswith(f"-A {OWN}"):
            table.chains[chain_of(line)].append(line)
        elif line.startswith("-A ") and target_of(line).startswith(OWN):
            table.hooks.append(line)
    return tables


# ---- what a file holds

def foreign_lines(text: str) -> List[Tuple[int, str]]:
    """Lines that a file of ours must not hold: iptables-restore would let them touch what belongs to others."""
    wrong: List[Tuple[int, str]] = []
    chains: List[str] = []
    for at, line in enumerate(text.split("\n"), 1):
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


def unfinished_tables(text: str) -> List[str]:
    """Without its COMMIT a table is cut off."""
    marks = [line for line in text.split("\n") if line.startswith("*") or line == "COMMIT"]
    return [mark for mark, after in zip(marks, [*marks[1:], ""]) if mark.startswith("*") and after != "COMMIT"]


def merge(into: Tables, more: Tables) -> List[str]:
    """Adds the tables of one file. Returns the chains that another file has already."""
    twice: List[str] = []
    for name, table in more.items():
        known = into.setdefault(name, Table({}, []))
        twice += [f"{name} {chain}" for chain in table.chains if chain in known.chains]
        known.chains.update(table.chains)
        known.hooks.extend(table.hooks)
    return twice


# ---- machines that are away

DESTINATION = re.compile(r"--to-destination (?:\[([^]]+)\]|([^\s:]+)):\d+$")


def server_of(rule: str) -> str:
    """The address that a rule of DNAT leads to."""
    found = DESTINATION.search(rule)
    return (found[1] or found[2]) if found else ""


def servers_of(tables: Tables) -> List[str]:
    return [server_of(rule) for rules in tables.get("nat", EMPTY).chains.values() for rule in rules if server_of(rule)]


def without_servers(tables: Tables, away: Set[str]) -> Tables:
    """Rules that lead to servers that are away lead to the others of their chain, by turns: each keeps its match, which counts
    what the rules before it left over. Without others they go, and the connection meets what the machine itself has there."""
    nat = tables.get("nat", EMPTY)
    chains = {chain: redirected(rules, away) for chain, rules in nat.chains.items()}
    return {**tables, "nat": Table(chains, nat.hooks)} if chains != nat.chains else tables


def redirected(rules: List[str], away: Set[str]) -> List[str]:
    if not any(server_of(rule) in away for rule in rules):
        return rules
    staying = [rule.partition(" -j ")[2] for rule in rules if server_of(rule) and server_of(rule) not in away]
    others = cycle(staying)
    return [f"{rule.partition(' -j ')[0]} -j {next(others)}" if server_of(rule) in away else rule
            for rule in rules if staying or server_of(rule) not in away]


# ---- plan

Plan = Dict[str, List[str]]  # by table, the lines for iptables-restore --noflush


def make_plan(wanted: Tables, kernel: Tables, stays: bool = False) -> Plan:
    """Tables that are as wanted have no lines. `stays`: nothing is removed."""
    names = sorted({*wanted, *kernel})
    plans = {name: plan_table(wanted.get(name, EMPTY), kernel.get(name, EMPTY), stays) for name in names}
    return {name: lines for name, lines in plans.items() if lines}


def plan_table(wanted: Table, kernel: Table, stays: bool = False) -> List[str]:
    """Declaring a chain empties it, so only chains that differ are declared: the others keep the state of their nth
    counters. One table is one transaction."""
    changed = [chain for chain, rules in wanted.chains.items() if kernel.chains.get(chain) != rules]
    leaving = [chain for chain in kernel.chains if chain not in wanted.chains and not stays]
    lines = [f":{chain} - [0:0]" for chain in changed + leaving]
    lines += [rule for chain in changed for rule in wanted.chains[chain]]
    for chain in dict.fromkeys(chain_of(hook) for hook in [*wanted.hooks, *kernel.hooks]):
        ours = [hook for hook in dict.fromkeys(wanted.hooks) if chain_of(hook) == chain]
        there = [hook for hook in kernel.hooks if chain_of(hook) == chain]
        lines += plan_hooks(ours, there, leaving, stays)
    return lines + [f"-X {chain}" for chain in leaving]


def plan_hooks(ours: List[str], there: List[str], leaving: List[str], stays: bool) -> List[str]:
    """Jumps stand in the order of the files, and first in their chain: an ACCEPT of ours has no effect behind a REJECT of
    others, and in nat our rules match only our own addresses and ports. Their position among the rules of others is not
    restored: what inserts a rule before ours later has a reason."""
    present = [hook for hook in there if hook in ours]
    kept = present if present == ours[len(ours) - len(present):] else []
    lines = []
    for hook in there:
        if hook in kept or (stays and hook not in ours):
            continue
        if is_plain_jump(hook) or target_of(hook) in leaving:  # else a jump of others into a chain that stays
            lines.append(f"-D {hook[3:]}")
    missing = ours[:len(ours) - len(kept)]
    return lines + [f"-I {chain_of(hook)} 1 -j {target_of(hook)}" for hook in reversed(missing)]


def as_restore(plan: Plan) -> str:
    return "".join("\n".join([f"*{table}", *lines, "COMMIT", ""]) for table, lines in plan.items())


def describe(command: str, wanted: Tables, kernel: Tables, plan: Plan) -> List[str]:
    """One line a change, for the journal."""
    from difflib import ndiff  # seldom needed, and slow to load

    log = []
    for name, lines in plan.items():
        old = kernel.get(name, EMPTY)
        new = wanted.get(name, EMPTY)
        touched = {line.split()[0][1:] for line in lines if line.startswith(":")}
        changes = [line for chain in sorted(touched) for line in ndiff(
            [f":{chain}", *old.chains[chain]] if chain in old.chains else [],
            [f":{chain}", *new.chains[chain]] if chain in new.chains else []) if line[0] in "+-"]
        hooks = [line for line in lines if line.startswith(("-D ", "-I "))]
        changes += [f"{'-' if hook.startswith('-D') else '+'} {hook}" for hook in hooks]
        log += [f"{line[:2]}{command} -t {name} {line[2:]}" for line in changes]
    return log
