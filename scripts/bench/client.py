"""What a bench runs on the client of its lab: asks an address again and again, and tells what became of each request.

It takes lines. `start JSON`: asks from now on, as a Plan says. `mark`: times are counted from now on. `seen`: prints what answered in
the last second, the first word of each page. `stop`: waits for the requests that are under way and prints them all. What it prints is
one line of JSON.
"""
import asyncio
import json
import sys
import time
from typing import Awaitable, List, NamedTuple, Optional, Set, Tuple

RECENT = 1.0
PAUSE = 0.25  # seconds between two requests on a connection that stays open
PAGE = 40  # characters that are told of a page

Stream = Tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Plan(NamedTuple):
    address: str
    port: int
    path: str
    interval: float  # seconds between two requests that have a connection of their own
    kept: int  # connections that stay open
    patience: float  # seconds after which a request is lost


class Request(NamedTuple):
    began: float
    seconds: float
    page: str
    problem: str  # empty where there is a page


class Client:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.new: List[Request] = []
        self.kept: List[Request] = []
        self.marked = time.monotonic()
        self.ended = False
        work = [self.ask_steadily(), *(self.keep_asking() for _ in range(plan.kept))]
        self.work = [asyncio.ensure_future(each) for each in work]

    async def connect(self) -> Stream:
        return await asyncio.open_connection(self.plan.address, self.plan.port)

    async def page(self, stream: Stream, connection: str) -> str:
        reader, writer = stream
        writer.write(f"GET {self.plan.path} HTTP/1.1\r\nHost: bench\r\nConnection: {connection}\r\n\r\n".encode())
        status, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        if status.split()[1:2] != ["200"]:
            raise OSError(f"no page, but {status!r}")
        lengths = [field.split(":")[1] for field in fields if field.lower().startswith("content-length:")]
        return (await reader.readexactly(int(lengths[0]))).decode().strip()[:PAGE]

    async def timed(self, work: Awaitable[str]) -> Request:
        began = time.monotonic()
        page, problem = "", ""
        try:
            page = await asyncio.wait_for(work, self.plan.patience)
        except (OSError, EOFError, asyncio.TimeoutError) as error:
            problem = type(error).__name__ + (f": {error}" if str(error) else "")
        return Request(began, time.monotonic() - began, page, problem)

    async def page_on_its_own(self) -> str:
        stream = await self.connect()
        try:
            return await self.page(stream, "close")
        finally:
            stream[1].close()

    async def ask_steadily(self) -> None:
        """A request that waits keeps no other one from its turn."""
        async def ask() -> None:
            self.new.append(await self.timed(self.page_on_its_own()))

        under_way: Set["asyncio.Future[None]"] = set()
        turn = time.monotonic()
        while not self.ended:
            request = asyncio.ensure_future(ask())
            under_way.add(request)
            request.add_done_callback(under_way.discard)
            # Turns that were missed are not made up for: that would be a burst.
            turn = max(turn + self.plan.interval, time.monotonic())
            await asyncio.sleep(turn - time.monotonic())
        await asyncio.gather(*under_way)

    async def keep_asking(self) -> None:
        """Requests on a connection that stays open; another one if it breaks."""
        stream: Optional[Stream] = None
        while not self.ended:
            try:
                stream = stream or await asyncio.wait_for(self.connect(), self.plan.patience)
            except (OSError, asyncio.TimeoutError):
                await asyncio.sleep(PAUSE)  # the requests with connections of their own count this
                continue
            request = await self.timed(self.page(stream, "keep-alive"))
            self.kept.append(request)
            if request.problem:
                stream[1].close()
                stream = None
            await asyncio.sleep(PAUSE)
        if stream:
            stream[1].close()

    def mark(self) -> None:
        self.marked = time.monotonic()

    def seen(self) -> List[str]:
        since = time.monotonic() - RECENT
        return sorted({request.page.split()[0] for request in self.new if request.began > since and request.page})

    async def stop(self) -> str:
        self.ended = True
        await asyncio.gather(*self.work)
        return json.dumps({"new": self.told(self.new), "kept": self.told(self.kept)})

    def told(self, requests: List[Request]) -> List[Request]:
        return [
            Request(round(began - self.marked, 4), round(seconds, 4), page, problem)
            for began, seconds, page, problem in sorted(requests)
        ]


async def main() -> None:
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    client: Optional[Client] = None
    while True:
        word, _, rest = (await lines.readline()).decode().strip().partition(" ")
        if not word:
            return
        if word == "start":
            client = Client(Plan(**json.loads(rest)))
        elif client is None:
            raise ValueError(f"{word} before start")
        elif word == "mark":
            client.mark()
        elif word == "seen":
            print(json.dumps(client.seen()), flush=True)
        elif word == "stop":
            print(await client.stop(), flush=True)
            client = None


if __name__ == "__main__":
    asyncio.run(main())
