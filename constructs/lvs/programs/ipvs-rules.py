#!/usr/bin/python3 -BESs
"""ipvs-rules [apply|check|leave ADDRESS…|return ADDRESS…]: make the kernel's IPVS table equal to a folder of rules, by difference.

The folder holds files NAME.rules with the lines that `ipvsadm -S -n` prints (comments and blank lines allowed),
read in name order. The whole table belongs to the folder: what is in the kernel and in no file is removed.
Nothing is ever flushed. A real server that is to be removed is drained: it gets weight 0, and it is deleted once it has no
active connection or its deadline has passed. Each later `apply` (a timer calls it) carries that on. UDP is deleted at once.
Nothing is removed while its replacement could not be added. `check` prints what `apply` would do now and changes nothing.

`leave` is for a machine that is about to be removed: real servers at its addresses are drained although the folder has them, and the
program ends when they are gone or their deadline has passed. They stay out, also after a boot, until `return`, or until the
folder no longer has them.

A file that is wrong or cut off is ignored as a whole: its last good text is used in its place, the other files are applied.

Exit code: 0 the table matches the folder (servers that drain in time included), 1 it does not,
2 a file is refused and the table matches the others, 3 this machine has no IPVS.

ipvs_table.py beside this file reads the lines, ipvs_plan.py decides what has to be done. Options of Python: no bytecode
is written (B), nothing comes from the caller's environment or home (E, s), a quick start (S); not -I, which would remove
this folder from the path.
"""
from __future__ import annotations

import argparse
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from absence import FOLDER, absent, come_back, forget, leave
from ipvs_plan import Drain, Drains, Leaving, Now, Step, held_back, is_done, plan_coming, plan_leaving
from ipvs_table import Line, Table, differences, hosts_of, parse_table, read_listing, without_hosts
from rule_files import Folder, Problems, Texts, keep_good, read_folder
from safely import Hanging, HelpFormatter, Stop, only_one, replace_file, run

# Commands that share a process: this many take seconds on a slow machine, well within the time limit.
BATCH = 1000
STARTED = time.time()
SIGNS = {"-A": "+", "-a": "+", "-E": "~", "-e": "~", "-D": "-", "-d": "-"}


class Kernel(NamedTuple):
    table: Table
    active: Dict[str, int]  # connections by "SERVICE -r SERVER"
    unread: List[str]
    saved: str  # as ipvsadm prints it, which ipvs-look compares


def complain(text: str) -> None:
    print(f"ipvs-rules: {text}", file=sys.stderr, flush=True)


def say(commands: List[str]) -> None:
    print("".join(f"{SIGNS[command[:2]]} {command}\n" for command in commands), end="", flush=True)


# ---- this machine

def understand(texts: Texts) -> Tuple[Table, Problems]:
    lines: List[Line] = []
    for path in sorted(texts):
        numbered = enumerate((line.strip() for line in texts[path].splitlines()), 1)
        lines += [(f"{path}:{at}", line) for at, line in numbered if line and not line.startswith("#")]
    table, problems = parse_table(lines)
    by_file: Problems = {}
    for problem in problems:
        path = next(path for path in texts if problem.startswith(f"{path}:"))
        by_file.setdefault(path, []).append(problem)
    return table, by_file


def ipvsadm(arguments: str, lines: str = "") -> CompletedProcess[str]:
    try:
        return run(["ipvsadm", *arguments.split()], lines)
    except Stop as stop:
        missing = "is not installed" in stop.args[1]
        raise Stop(3, "ipvsadm is not installed: apt-get install ipvsadm") if missing else stop from None


def read_kernel() -> Kernel:
    saved, listed = ipvsadm("-S -n"), ipvsadm("-ln --thresholds")
    if saved.returncode and not Path("/proc/net/ip_vs").exists():
        raise Stop(3, "this kernel has no IPVS (/proc/net/ip_vs is missing): modprobe ip_vs")
    if saved.returncode or listed.returncode:
        raise Stop(1, (saved.stderr + listed.stderr).strip())
    lines = [("not understood, left alone", line) for line in saved.stdout.splitlines() if line.strip()]
    table, problems = parse_table(lines, strict=False)
    return Kernel(table, read_listing(listed.stdout, table), problems, saved.stdout)


def load_drains(state: Path) -> Drains:
    try:
        return {name: Drain(*map(float, times)) for name, times in json.loads(state.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        complain(f"{state} is damaged; drains in progress start again")
        return {}


def save_drains(state: Path, drains: Drains) -> None:
    """Keeps no file when nothing drains, so that a unit with ConditionPathExists= need not start this program."""
    text = json.dumps(drains, indent=1) + "\n" if drains else ""
    if not text:
        state.unlink(missing_ok=True)
    elif not state.exists() or state.read_text(errors="replace") != text:
        replace_file(state, text)


def carry_out(steps: List[Step]) -> List[Step]:
    """Reports what was done, returns what failed.

    Many commands share a process. If it did not carry out all of them, the kernel's table shows which, and the others are
    tried one by one, so that each refused command is named. The first one that works had only failed together with a refused
    one before it: the rest shares a process again."""
    failed: List[Step] = []
    impossible: Set[str] = set()
    left = list(steps)
    while left:
        batch, left = left[:BATCH], left[BATCH:]
        alone = carry_out_together(batch) if len(batch) > 1 else batch
        for at, step in enumerate(alone, 1):
            if step.service in impossible:
                failed.append(step)
                continue
            done = ipvsadm(step.command)
            if done.returncode == 0:
                say([step.command])
                left = alone[at:] + left
                break
            complain(f"ipvsadm {step.command}: {done.stderr.strip()}")
            failed.append(step)
            if step.command.startswith("-A"):
                impossible.add(step.service)  # its real servers can't be added either
    return failed


def carry_out_together(steps: List[Step]) -> List[Step]:
    """Reports what was done, returns the rest. ipvsadm did everything only if it prints nothing: its exit code is that of
    the last line, and it stops at a line that it can't read."""
    try:
        done = ipvsadm("-R", "".join(f"{step.command}\n" for step in steps))
    except Hanging as hanging:
        left = say_done(steps)
        raise Stop(1, f"{hanging.args[1]}, at {left[0].command if left else 'its end'}") from None
    if done.returncode == 0 and not done.stdout + done.stderr:
        say([step.command for step in steps])
        return []
    return say_done(steps)


def say_done(steps: List[Step]) -> List[Step]:
    """The same for a process that ended early or may have left some out."""
    kernel = read_kernel().table
    say([step.command for step in steps if is_done(step.command, kernel)])
    return [step for step in steps if not is_done(step.command, kernel)]


def work(options: argparse.Namespace) -> int:
    kept = options.last_good / options.rules.name
    wanted, folder = read_folder(options.rules, "*.rules", kept, understand)
    for line in folder.said():
        complain(line)
    away = absent(options.absent)
    changed = apply(options, without_hosts(wanted, away), folder)
    if options.command != "check":
        keep_good(folder, kept)
        forget(options.absent, away - hosts_of(wanted))
    if folder.problems:
        return 2
    return 1 if changed and options.command == "check" else 0


def remember_seen(path: Path, seen: Optional[str]) -> None:
    """Written for ipvs-look once nothing is left to do. Its date is from before the files were read."""
    if seen is None:
        path.unlink(missing_ok=True)
        return
    replace_file(path, seen)
    os.utime(path, (STARTED, STARTED))


def apply(options: argparse.Namespace, wanted: Table, folder: Folder) -> bool:
    """Whether something was changed, or for `check` would be."""
    kernel = read_kernel()
    if not options.quiet:
        for line in kernel.unread:
            complain(line)
    drains = load_drains(options.state)
    now = Now(kernel.table, kernel.active, drains, time.monotonic(), options.drain_seconds)
    frozen = set(kernel.table) if folder.lost else set()
    coming, leaving = plan_coming(wanted, kernel.table), plan_leaving(wanted, now, frozen)
    if options.command == "check":
        say([step.command for step in [*coming, *leaving.steps]])
        report_drains(leaving, now, [])
    else:
        left = coming or leaving.steps or leaving.drains or folder.problems
        with suppress(OSError):  # on a full disk each run looks at everything
            remember_seen(options.state.with_name("ipvs-seen"), None if left else kernel.saved)
        failed = carry_out(coming)
        held = held_back(failed, wanted, kernel.table)
        if held:
            complain("what leaves stays until what comes to its place is there")
            leaving = plan_leaving(wanted, now, frozen | held)
        try:
            save_drains(options.state, leaving.drains)  # first: a crash later must not lose a deadline
        except OSError as problem:
            raise Stop(1, f"{options.state}: {problem.strerror}; nothing leaves until deadlines can be kept") from None
        report_drains(leaving, now, carry_out(leaving.steps))
        if coming or leaving.steps:
            # The exit code of ipvsadm says little; what the kernel holds now decides.
            wrong = differences(leaving.expected, read_kernel().table)
            if wrong:
                raise Stop(1, "\n".join(wrong))
    changed = bool(coming or leaving.steps or set(leaving.drains) - set(drains))
    if not changed and not options.quiet:
        servers = sum(len(service.servers) for service in wanted.values())
        draining = f", {len(leaving.drains)} draining" if leaving.drains else ""
        print(f"{len(wanted)} virtual services, {servers} real servers{draining}: nothing to change")
    return changed


def report_drains(leaving: Leaving, now: Now, failed: List[Step]) -> None:
    for name, drain in leaving.drains.items():
        if name not in now.drains and not any(step.command.startswith(f"-e {name} ") for step in failed):
            until = time.strftime("%H:%M:%S", time.localtime(time.time() + drain.deadline - now.seconds))
            print(f"drain {name} until {until}", flush=True)


def locked(options: argparse.Namespace) -> int:
    """The folder is read under the lock, so the newest one wins."""
    with only_one(options.state.with_name("ipvs-rules.lock")):
        return work(options)


def command(options: argparse.Namespace) -> int:
    def again() -> int:
        return locked(options)

    if options.command == "leave":
        return leave(options.absent, options.addresses, options.drain_seconds, again, lambda: hosts_of(read_kernel().table))
    return come_back(options.absent, options.addresses, again) if options.command == "return" else again()


def main() -> int:
    parser = argparse.ArgumentParser(prog="ipvs-rules", description=(__doc__ or "").partition("\n")[0], formatter_class=HelpFormatter)
    parser.add_argument("command", nargs="?", choices=["apply", "check", "leave", "return"], default="apply")
    parser.add_argument("addresses", nargs="*", metavar="ADDRESS", help="of a machine that leaves or returns")
    parser.add_argument("--rules", type=Path, default=Path("/etc/vipstack/ipvs.d"))
    parser.add_argument("--state", type=Path, default=Path("/run/vipstack/ipvs-drain.json"))
    parser.add_argument("--last-good", type=Path, default=Path("/var/lib/vipstack/last-good"))
    parser.add_argument("--absent", type=Path, default=FOLDER)
    parser.add_argument("--drain-seconds", type=int, default=os.environ.get("DRAIN_SECONDS", "60"))
    parser.add_argument("--quiet", action="store_true", help="print nothing when nothing changes (for the timer)")
    options = parser.parse_args()
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
