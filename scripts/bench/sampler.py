"""What a bench runs on a machine of its lab to watch it: looks at the kernel's counters every 50 ms while it is told to.

It takes words, one a line. `clock`: prints the time. `start`: looks from now on. `stop`: prints all looks as one line of JSON.
"""
import json
import os
import select
import time
from typing import Dict, List

INTERVAL = 0.05

# Seconds; segments sent again, connections opened; rounds of the network's softirq that were cut short, packets dropped before them;
# ticks in softirqs; nanoseconds for which this program itself waited for the processor; other programs that could run.
Look = List[float]


def tcp() -> Dict[str, int]:
    with open("/proc/net/snmp") as file:
        names, values = [line.split()[1:] for line in file if line.startswith("Tcp:")]
    return dict(zip(names, map(int, values)))


def look() -> Look:
    counters = tcp()
    with open("/proc/net/softnet_stat") as file:
        network = [line.split() for line in file]
    with open("/proc/stat") as file:
        ticks = file.readline().split()
    with open("/proc/self/schedstat") as file:
        waited = int(file.read().split()[1])
    with open("/proc/loadavg") as file:
        runnable = int(file.read().split()[3].split("/")[0])
    return [
        time.time(),
        counters["RetransSegs"],
        counters["ActiveOpens"],
        sum(int(line[2], 16) for line in network),
        sum(int(line[1], 16) for line in network),
        int(ticks[7]),
        waited,
        runnable - 1,
    ]


def main() -> None:
    looks: List[Look] = []
    looking = False
    while True:
        ready, _, _ = select.select([0], [], [], INTERVAL if looking else None)
        if looking:
            looks.append(look())
        if not ready:
            continue
        text = os.read(0, 4096).decode()
        if not text:
            return
        for word in text.split():
            if word == "clock":
                print(time.time(), flush=True)
            elif word == "start":
                looks, looking = [look()], True
            elif word == "stop":
                looking = False
                print(json.dumps(looks), flush=True)


if __name__ == "__main__":
    main()
