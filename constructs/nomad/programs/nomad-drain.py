#!/usr/bin/python3 -BESs
"""nomad-drain out|in [--deadline SECONDS]: takes this machine's client out of service before it is removed, or in again.

It asks by the client's own identity, which Nomad lets drain; so no machine for jobs has a token. The agent on 127.0.0.1 is asked with the
machine's own certificate.

out   moves the jobs to other clients. What finds no place there ends after the deadline.
in    a machine that is set up again, and has kept its identity, gets jobs again.

Exit code: 0 it is so, 1 it is not.
"""
from __future__ import annotations

import argparse
import ssl
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

from agent_access import Api, Failed, say, until_done

# What jobs may take to end after that, in seconds.
PATIENCE = 30
SECRETS = Path("/etc/vipstack/secrets/nomad")


def out(nomad: Api, node: str, mark: Path, deadline: int) -> None:
    mark.touch()
    # Nanoseconds, as Nomad has them.
    spec = {"Deadline": deadline * 10**9, "IgnoreSystemJobs": False}
    nomad.ask("PUT", f"node/{node}/drain", {"NodeID": node, "DrainSpec": spec, "MarkEligible": False})
    say("drains")
    end = time.monotonic() + deadline + PATIENCE
    while drains(nomad, node) or running(nomad, node):
        if time.monotonic() > end:
            raise SystemExit("jobs still run")
        time.sleep(1)
    say("no job runs here any more")


def into(nomad: Api, node: str, mark: Path) -> None:
    if not mark.exists():
        return
    nomad.ask("PUT", f"node/{node}/drain", {"NodeID": node, "DrainSpec": None, "MarkEligible": True})
    mark.unlink()
    say("gets jobs again")


def drains(nomad: Api, node: str) -> bool:
    answer: Dict[str, Any] = nomad.ask("GET", f"node/{node}")
    return answer.get("DrainStrategy") is not None


def running(nomad: Api, node: str) -> List[str]:
    allocations: List[Dict[str, Any]] = nomad.ask("GET", f"node/{node}/allocations") or []
    return [each["ID"] for each in allocations if each["ClientStatus"] in ("pending", "running")]


def main() -> int:
    parser = argparse.ArgumentParser(prog="nomad-drain", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("way", choices=["out", "in"])
    parser.add_argument("--deadline", type=int, default=120)
    parser.add_argument("--data", type=Path, default=Path("/var/lib/nomad"))
    parser.add_argument("--secrets", type=Path, default=SECRETS)
    parser.add_argument("--address", default="https://127.0.0.1:4646")
    options = parser.parse_args()
    tls = ssl.create_default_context(cafile=str(options.secrets / "authority.pem"))
    tls.load_cert_chain(options.secrets / "agent.pem")
    identity = options.data / "client"
    mark = options.data / "drained-before-removal"

    def work() -> None:
        try:
            node, secret = ((identity / f"{part}-id").read_text().strip() for part in ("client", "secret"))
        except OSError as error:
            raise Failed(f"the client has no identity yet: {error}") from None
        nomad = Api(options.address, "X-Nomad-Token", secret, tls)
        if options.way == "out":
            out(nomad, node, mark, options.deadline)
        else:
            into(nomad, node, mark)

    return until_done("nomad-drain", work)


if __name__ == "__main__":
    sys.exit(main())
