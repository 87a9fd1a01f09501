#!/usr/bin/python3 -BESs
"""ipvs-rules [apply|check]: make the kernel's IPVS table equal to a folder of rules, by difference.

The folder holds files NAME.rules with the lines that `ipvsadm -S -n` prints (comments and blank lines allowed),
read in name order. The whole table belongs to the folder: what is in the kernel and in no file leaves.
Nothing is ever flushed. A real server that leaves gets weight 0 and goes when it has no active connection
or its deadline has passed; each later `apply` (a timer calls it) takes that further. UDP leaves at once.
`check` prints what `apply` would do now and changes nothing.

Exit code: 0 the table is as the folder wants it (servers that drain in time included), 1 it is not,
2 the folder is wrong and nothing was changed, 3 this machine has no IPVS.

What a line means is in ipvs_table.py beside this file. Options of Python: no bytecode left behind (B), nothing from
the caller's environment or home (E, s), a quick start (S); not -I, which would take this folder from the path.
"""
from __future__ import annotations

import argparse
import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

from ipvs_table import Line, Service, Table, differences, parse_table, read_listing

SIGNS = {"-A": "+", "-a": "+", "-E": "~", "-e": "~", "-D": "-", "-d": "-"}
# A handshake in progress counts as an inactive connection; it becomes active well within this time.
SETTLE_SECONDS = 2.0


class Drain(NamedTuple):
    """Seconds since the machine started: setting the clock can't end a drain early."""
    since: float
    deadline: float


Drains = Dict[str, Drain]  # by "SERVICE -r SERVER"


class Plan(NamedTuple):
    commands: List[str]
    expected: Table  # what the kernel must hold afterwards
    drains: Drains


class Stop(Exception):
    """Ends the program with an exit code and a message."""


# ---- plan

def make_plan(
    wanted: Table, kernel: Table, active: Dict[str, int], drains: Drains, now: float, patience: float
) -> Plan:
    """New services, edits, new real servers; only then what leaves, so that there is always someone to serve."""
    added, edited, servers = [], [], []
    for key, service in wanted.items():
        if key not in kernel:
            added.append(f"-A {key} {service.options}")
        elif kernel[key].options != service.options:
            edited.append(f"-E {key} {service.options}")
        current = kernel[key].servers if key in kernel else {}
        for address, server in service.servers.items():
            if address not in current:
                servers.append(f"-a {key} -r {address} {server.text()}")
            elif current[address] != server:
                edited.append(f"-e {key} -r {address} {server.text()}")
    leaving = plan_leaving(wanted, kernel, active, drains, now, patience)
    return leaving._replace(commands=added + edited + servers + leaving.commands)


def plan_leaving(
    wanted: Table, kernel: Table, active: Dict[str, int], drains: Drains, now: float, patience: float
) -> Plan:
    """What is in the kernel only: weight 0 now, gone later; a service goes with its last real server."""
    commands: List[str] = []
    expected = {key: Service(service.options, dict(service.servers)) for key, service in wanted.items()}
    kept: Drains = {}
    for key, service in kernel.items():
        for address, server in service.servers.items():
            if key in wanted and address in wanted[key].servers:
                continue
            name = f"{key} -r {address}"
            drain = drains.get(name) or Drain(now, now + patience)
            if may_go(key, drain, active.get(name, 0), now):
                commands.append(f"-d {name}")
                continue
            kept[name] = drain
            quiet = server._replace(weight=0)
            expected.setdefault(key, Service(service.options, {})).servers[address] = quiet
            if server != quiet:
                commands.append(f"-e {name} {quiet.text()}")
        if key not in expected:
            commands.append(f"-D {key}")
    return Plan(commands, expected, kept)


def may_go(key: str, drain: Drain, active: int, now: float) -> bool:
    """Only active connections are waited for. The inactive ones are closing, and most stay for two minutes after
    their last byte: waiting for them would turn every drain into its deadline. With expire_nodest_conn=1 the kernel
    cuts what is left of them when the server goes. A UDP "connection" never closes; its next packet is given to
    another server, by the same setting."""
    settled = now >= drain.since + SETTLE_SECONDS
    return key.startswith("-u ") or now >= drain.deadline or (active == 0 and settled)


# ---- this machine

def read_folder(folder: Path) -> Table:
    files = [path for path in sorted(folder.glob("*.rules")) if not path.name.startswith(".")]
    if not files:
        raise Stop(2, f"{folder}: no file *.rules; nothing was changed. An empty file says: no virtual services")
    lines: List[Line] = []
    for path in files:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as problem:
            raise Stop(2, f"{path}: {problem.strerror}; nothing was changed") from None
        numbered = enumerate((line.strip() for line in text.splitlines()), 1)
        lines += [(f"{path}:{at}", line) for at, line in numbered if line and not line.startswith("#")]
    table, problems = parse_table(lines)
    if problems:
        raise Stop(2, "\n".join([*problems, "nothing was changed"]))
    return table


def ipvsadm(arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["ipvsadm", *arguments.split()], capture_output=True, text=True)
    except FileNotFoundError:
        raise Stop(3, "ipvsadm is not installed: apt-get install ipvsadm") from None


def read_kernel() -> Tuple[Table, Dict[str, int]]:
    """The kernel's table, and the active connections by "SERVICE -r SERVER"."""
    saved, listed = ipvsadm("-S -n"), ipvsadm("-ln --thresholds")
    if saved.returncode or listed.returncode:
        raise Stop(1, (saved.stderr + listed.stderr).strip())
    table, problems = parse_table([("ipvsadm -S -n", line) for line in saved.stdout.splitlines()], strict=False)
    if problems:
        raise Stop(1, "\n".join(problems))
    return table, read_listing(listed.stdout, table)


def load_drains(state: Path) -> Drains:
    try:
        return {name: Drain(*map(float, times)) for name, times in json.loads(state.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        print(f"ipvs-rules: {state} is damaged; drains in progress start again", file=sys.stderr)
        return {}


def save_drains(state: Path, drains: Drains) -> None:
    """No file when nothing drains: a unit's ConditionPathExists= can then spare starting this program."""
    if not drains:
        state.unlink(missing_ok=True)
        return
    fresh = state.with_name(state.name + ".new")
    fresh.write_text(json.dumps(drains, indent=1) + "\n")
    fresh.replace(state)


def carry_out(commands: List[str]) -> None:
    """One process a command: in a batch (ipvsadm -R) one refused line takes all lines after it along."""
    for command in commands:
        done = ipvsadm(command)
        if done.returncode:
            print(f"ipvs-rules: ipvsadm {command}: {done.stderr.strip()}", file=sys.stderr)


def work(options: argparse.Namespace) -> int:
    wanted = read_folder(options.rules)
    if not Path("/proc/net/ip_vs").exists():
        raise Stop(3, "this kernel has no IPVS (/proc/net/ip_vs is missing): modprobe ip_vs")
    kernel, active = read_kernel()
    drains, now = load_drains(options.state), time.monotonic()
    plan = make_plan(wanted, kernel, active, drains, now, options.drain_seconds)
    started = {name: drain for name, drain in plan.drains.items() if name not in drains}
    report(plan, started, wanted, now, options.quiet)
    if options.command == "check":
        return 1 if plan.commands or started else 0
    save_drains(options.state, plan.drains)  # first: a crash after it must not lose a deadline
    if plan.commands:
        carry_out(plan.commands)
        # The exit code of ipvsadm says little; what the kernel holds now is the answer.
        wrong = differences(plan.expected, read_kernel()[0])
        if wrong:
            raise Stop(1, "\n".join(wrong))
    return 0


def report(plan: Plan, started: Drains, wanted: Table, now: float, quiet: bool) -> None:
    for name, drain in started.items():
        until = time.strftime("%H:%M:%S", time.localtime(time.time() + drain.deadline - now))
        print(f"drain {name} until {until}")
    for command in plan.commands:
        print(f"{SIGNS[command[:2]]} {command}")
    if not plan.commands and not started and not quiet:
        servers = sum(len(service.servers) for service in wanted.values())
        draining = f", {len(plan.drains)} draining" if plan.drains else ""
        print(f"{len(wanted)} virtual services, {servers} real servers{draining}: nothing to change")
    sys.stdout.flush()  # so that the journal has it before what ipvsadm may complain about


def main() -> int:
    parser = argparse.ArgumentParser(prog="ipvs-rules", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("command", nargs="?", choices=["apply", "check"], default="apply")
    parser.add_argument("--rules", type=Path, default=Path("/etc/vipstack/ipvs.d"))
    parser.add_argument("--state", type=Path, default=Path("/run/vipstack/ipvs-drain.json"))
    parser.add_argument("--drain-seconds", type=int, default=os.environ.get("DRAIN_SECONDS", "60"))
    parser.add_argument("--quiet", action="store_true", help="print nothing when nothing changes (for the timer)")
    options = parser.parse_args()
    try:
        options.state.parent.mkdir(parents=True, exist_ok=True)
        # The timer and a reload must not interleave. The folder is read under the lock, so the newest one wins.
        with open(options.state.with_name("ipvs-rules.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return work(options)
    except Stop as stop:
        code, message = stop.args
    except OSError as problem:
        code, message = 1, str(problem)
    print(f"ipvs-rules: {message}", file=sys.stderr)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
