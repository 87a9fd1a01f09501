"""What a bench runs on the client of its lab: asks an address every 20 ms, each time on a new connection, while it is told to.

It takes words, one line each. `start ADDRESS PORT`: asks from now on. `mark`: times are counted from now on. `seen`: prints who answered in
the last second, the first word of each page. `stop`: prints all requests. Both are one line of JSON.
"""
import asyncio
import json
import sys
import time
from typing import List, Optional, Set, Tuple

INTERVAL = 0.02
# Seconds after which a request is lost.
PATIENCE = 5.0
RECENT = 1.0
REQUEST = b"GET / HTTP/1.0\r\nHost: bench\r\n\r\n"

# Seconds when it began; the page; what went wrong, or nothing.
Asked = Tuple[float, str, str]


async def page_of(address: str, port: int) -> str:
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(REQUEST)
        answer = (await reader.read()).decode()
    finally:
        writer.close()
    head, _, page = answer.partition("\r\n\r\n")
    if " 200 " not in head.partition("\r\n")[0]:
        raise OSError(f"no page, but {head[:100]!r}")
    return page.strip()


class Asker:
    def __init__(self, address: str, port: int) -> None:
        self.address = address
        self.port = port
        self.asked: List[Asked] = []
        self.marked = time.monotonic()
        self.ended = False
        self.rhythm = asyncio.ensure_future(self.ask_steadily())

    async def ask(self) -> None:
        began = time.monotonic()
        page, problem = "", ""
        try:
            page = await asyncio.wait_for(page_of(self.address, self.port), PATIENCE)
        except (OSError, asyncio.TimeoutError) as error:
            problem = repr(error)
        self.asked.append((began, page, problem))

    async def ask_steadily(self) -> None:
        """A request that waits keeps no other one from its turn."""
        open_requests: Set["asyncio.Future[None]"] = set()
        turn = time.monotonic()
        while not self.ended:
            request = asyncio.ensure_future(self.ask())
            open_requests.add(request)
            request.add_done_callback(open_requests.discard)
            # Turns that were missed are not made up for: that would be a burst.
            turn = max(turn + INTERVAL, time.monotonic())
            await asyncio.sleep(turn - time.monotonic())
        await asyncio.gather(*open_requests)

    def mark(self) -> None:
        self.marked = time.monotonic()

    def seen(self) -> List[str]:
        since = time.monotonic() - RECENT
        return sorted({page.split()[0] for began, page, _ in self.asked if began > since and page})

    async def stop(self) -> List[Asked]:
        self.ended = True
        await self.rhythm
        return [(round(began - self.marked, 3), page, problem) for began, page, problem in sorted(self.asked)]


async def main() -> None:
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    asker: Optional[Asker] = None
    while True:
        words = (await lines.readline()).decode().split()
        if not words:
            return
        if words[0] == "start":
            asker = Asker(words[1], int(words[2]))
        elif asker is None:
            raise ValueError(f"{words[0]} before start")
        elif words[0] == "mark":
            asker.mark()
        elif words[0] == "seen":
            print(json.dumps(asker.seen()), flush=True)
        elif words[0] == "stop":
            print(json.dumps(await asker.stop()), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
