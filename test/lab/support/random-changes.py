"""Changes a director's rules by chance, again and again, each with `ipvs-rules apply`; prints how often each kind of change was made.

Usage: random-changes.py COUNT SEED FIRST-RULES. The lines of FIRST-RULES are the virtual service and all its real servers. A change
gives some real servers other weights, takes some out, or brings some back. One of them always has a weight above zero.
"""

import collections
import random
import re
import subprocess
import sys
from pathlib import Path

RULES = Path("/etc/vipstack/ipvs.d/static.rules")
APPLY = ["/usr/local/lib/vipstack/ipvs-rules", "apply"]
count, seed, first = int(sys.argv[1]), sys.argv[2], sys.argv[3].splitlines()
chance = random.Random(seed)
services = [line for line in first if line.startswith("-A")]
servers = [line for line in first if line.startswith("-a")]
made: collections.Counter[str] = collections.Counter()


def some_rules() -> list[str]:
    there = chance.sample(servers, chance.randint(1, len(servers)))
    weights = [chance.randint(0, 9) for _ in there]
    weights[0] = max(1, weights[0])
    return sorted(re.sub(r"-w \d+", f"-w {weight}", line) for line, weight in zip(there, weights))


before = sorted(servers)
for _ in range(count):
    rules = some_rules()
    RULES.with_suffix(".new").write_text("\n".join([*services, *rules]) + "\n")
    RULES.with_suffix(".new").rename(RULES)
    subprocess.run(APPLY, check=True, stdout=subprocess.DEVNULL)
    made["nothing" if rules == before else "fewer" if len(rules) < len(before) else "more" if len(rules) > len(before) else "weights"] += 1
    before = rules
print(", ".join(f"{number} {kind}" for kind, number in sorted(made.items())))
