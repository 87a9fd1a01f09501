"""What the programs beside this file share: commands with a time limit, one run at a time, files that are replaced whole,
how a run ends early, and a help that costs nothing unless it is asked for."""
from __future__ import annotations

import argparse
import fcntl
import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, List

# Limit for one command. Each takes milliseconds, on a busy machine a second; one that takes longer hangs.
COMMAND_SECONDS = 20.0
# Limit for another run to end. It does end, since everything that it waits for has a limit.
LOCK_SECONDS = 60.0


class HelpFormatter(argparse.HelpFormatter):
    """Of a fixed width: to ask for the terminal's loads half a dozen modules, at every start."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)


class Stop(Exception):
    """Ends the program with an exit code and a message."""


class Hanging(Stop):
    """A command that was not done in time."""


def run(words: List[str], text: str = "") -> subprocess.CompletedProcess[str]:
    """Runs a command with `text` as its input. If it isn't done in time, it is killed with everything that it started.
    A process that hangs in the kernel can't be killed and is left behind: the next run does not wait for it."""
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True,
                                   encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        raise Stop(1, f"{words[0]} is not installed") from None
    try:
        output, errors = process.communicate(text, timeout=COMMAND_SECONDS)
    except subprocess.TimeoutExpired:
        raise Hanging(1, f"no answer within {COMMAND_SECONDS:g} s, given up: {' '.join(words)}") from None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(words, process.returncode, output, errors)


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Waits for other runs: a timer and a reload must not interleave."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with open(lock, "a", encoding="utf-8") as file:
        wait_for(file.fileno(), lock)
        with suppress(OSError):  # on a full disk the lock holds without a name, too
            os.truncate(lock, 0)
            os.write(file.fileno(), f"{os.getpid()}\n".encode())
        yield


def wait_for(descriptor: int, lock: Path) -> None:
    end = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                holder = lock.read_text(encoding="utf-8").strip() or "unknown"
                raise Stop(1, f"another run (process {holder}) holds {lock} for more than {LOCK_SECONDS:g} s; "
                              "given up") from None
        time.sleep(0.05)


def replace_file(path: Path, text: str) -> None:
    """Replaces a file in one step, written to the disk first: also after a power cut it holds the old or the new text."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        with open(fresh, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as problem:
        with suppress(OSError):
            fresh.unlink()
        raise OSError(problem.errno, problem.strerror, str(path)) from None
