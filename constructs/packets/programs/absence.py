"""Machines that leave, by address: the real servers there are used by no rule until their machine is back. A file for each
address keeps that across runs and boots."""
from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Callable, List, Set

# How long a run waits beyond the deadline of a drain: the look that ends it, on a slow machine.
LATE_SECONDS = 15
FOLDER = Path("/var/lib/vipstack/absent")


def absent(folder: Path) -> Set[str]:
    return {path.name for path in folder.glob("*")}


def forget(folder: Path, addresses: Set[str]) -> None:
    for address in addresses:
        (folder / address).unlink(missing_ok=True)


def leave(folder: Path, addresses: List[str], seconds: int, apply: Callable[[], int], busy: Callable[[], Set[str]]) -> int:
    """Applies the rules without these addresses until none of them is busy, or the time is over. Between two looks the lock is
    free, so that the timer and new rules go on. The exit code is that of the rules; a connection that stays does not matter."""
    folder.mkdir(parents=True, exist_ok=True)
    for address in addresses:
        (folder / address).touch()
    end = time.monotonic() + seconds + LATE_SECONDS
    while True:
        code = apply()
        left = busy() & set(addresses)
        if not left or time.monotonic() >= end:
            for address in sorted(left):
                print(f"{address} still has connections after {seconds} s", file=sys.stderr, flush=True)
            return code
        time.sleep(1)


def come_back(folder: Path, addresses: List[str], apply: Callable[[], int]) -> int:
    known = absent(folder) & set(addresses)
    forget(folder, known)
    return apply() if known else 0
