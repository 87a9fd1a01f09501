"""What a bench runs on a machine of its lab to watch it: looks at the kernel's counters every 50 ms while it is told to.

It takes words, one a line. `clock`: prints the time. `start`: looks from now on. `stop`: prints all looks as one line of JSON.
"""
import json
import os
import select
import time
from contextlib import suppress
from typing import Dict, List

INTERVAL = 0.05

# Seconds; segments sent again, connections opened; rounds of the network's softirq that were cut short, packets dropped before them;
# ticks in softirqs; nanoseconds for which this program itself waited for the processor.
Look = List[float]


def counter_files() -> List[str]:
    """Of the machine and of each container that has a network of its own: what a container sends again, only its own file counts."""
    files: Dict[str, str] = {}
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):  # the oldest stays longest
        with suppress(OSError):  # it has ended
            files.setdefault(os.readlink(f"/proc/{pid}/ns/net"), f"/proc/{pid}/net/snmp")
    return list(files.values())


def tcp(path: str) -> Dict[str, int]:
    with open(path) as file:
        names, values = [line.split()[1:] for line in file if line.startswith("Tcp:")]
    return dict(zip(names, map(int, values)))


def look(files: List[str]) -> Look:
    counters = [tcp(path) for path in files]
    with open("/proc/net/softnet_stat") as file:
        network = [line.split() for line in file]
    with open("/proc/stat") as file:
        ticks = file.readline().split()
    with open("/proc/self/schedstat") as file:
        waited = int(file.read().split()[1])
    return [
        time.time(),
        sum(each["RetransSegs"] for each in counters),
        sum(each["ActiveOpens"] for each in counters),
        sum(int(line[2], 16) for line in network),
        sum(int(line[1], 16) for line in network),
        int(ticks[7]),
        waited,
    ]


def main() -> None:
    looks: List[Look] = []
    files: List[str] = []
    looking = False
    while True:
        ready, _, _ = select.select([0], [], [], INTERVAL if looking else None)
        if looking:
            looks.append(look(files))
        if not ready:
            continue
        text = os.read(0, 4096).decode()
        if not text:
            return
        for word in text.split():
            if word == "clock":
                print(time.time(), flush=True)
            elif word == "start":
                files = counter_files()
                looks, looking = [look(files)], True
            elif word == "stop":
                looking = False
                print(json.dumps(looks), flush=True)


if __name__ == "__main__":
    main()
