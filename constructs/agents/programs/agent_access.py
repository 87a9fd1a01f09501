"""What the programs that make an agent's tokens have in common: requests to its API, the token that worked last, tries until it is done."""
from __future__ import annotations

import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Callable, Optional

SECONDS = 20
MINUTE = 60


class Failed(Exception):
    """A request that the agent refused, in its words."""


class Refused(Failed):
    """A request with a token that does not exist, or may not."""


class Api:
    """The API of an agent, asked with a token."""

    def __init__(self, address: str, header: str, token: str, tls: Optional[ssl.SSLContext] = None) -> None:
        self.address, self.header, self.token, self.tls = address, header, token, tls

    def by(self, token: str) -> Api:
        """The same API, asked with another token."""
        return Api(self.address, self.header, token, self.tls)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(f"{self.address}/v1/{path}", method=method)
        request.add_header(self.header, self.token)
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, data, timeout=SECONDS, context=self.tls) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            kind = Refused if error.code in (401, 403) else Failed
            raise kind(f"{method} {path}: {error.code} {error.read().decode(errors='replace').strip()}") from None
        except OSError as error:
            raise Failed(f"{self.address} does not answer: {error}") from None

    def works(self) -> bool:
        """Whether there is such a token."""
        try:
            self.ask("GET", "acl/token/self")
        except Refused:
            return False
        return True


def say(text: str) -> None:
    print(text, flush=True)


def remember(state: Path, token: str) -> None:
    """Keeps a token that works, for root only; a power cut leaves the one before."""
    fresh = state.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(token)
    os.replace(fresh, state)


def until_done(name: str, work: Callable[[], None], seconds: int = MINUTE) -> int:
    """Tries for a while, since the cluster may be choosing a leader. Returns the exit code."""
    end = time.monotonic() + seconds
    while True:
        try:
            work()
            return 0
        except Failed as failed:
            if time.monotonic() > end:
                print(f"{name}: {failed}", file=sys.stderr)
                return 1
            time.sleep(2)
