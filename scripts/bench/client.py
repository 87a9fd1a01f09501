"""What a bench runs on the client of its lab: asks an address again and again, and tells what became of each request.

It takes lines, and answers each but `mark` with one line of JSON. `start JSON`: asks from now on, as a Plan says; answers once the connections
that stay open are there. `mark`: times are counted from now on. `seen`: the first word of each page of the last second. `stop`: waits
for the requests that are under way; all requests.
"""
import asyncio
import json
import sys
import time
from typing import Awaitable, Dict, List, NamedTuple, Optional, Set, Tuple

RECENT = 1.0
PAUSE = 0.25  # seconds between two requests on a connection that stays open

Stream = Tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Plan(NamedTuple):
    address: str
    port: int
    path: str
    interval: float  # seconds between two requests that have a connection of their own
    kept: int  # connections that stay open
    patience: float  # seconds after which a request is lost
    pages: bool  # whether the pages are told, too


class Request(NamedTuple):
    began: float
    seconds: float
    page: str
    problem: str  # empty where there is a page


class Client:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.own: List[Request] = []
        self.kept: List[Request] = []
        self.marked = time.monotonic()
        self.ended = False
        self.work: "List[asyncio.Future[None]]" = []

    async def start(self) -> None:
        streams = await asyncio.gather(*(self.connect() for _ in range(self.plan.kept)))
        work = [self.ask_steadily(), *(self.keep_asking(stream) for stream in streams)]
        self.work = [asyncio.ensure_future(each) for each in work]

    async def connect(self) -> Stream:
        return await asyncio.wait_for(asyncio.open_connection(self.plan.address, self.plan.port), self.plan.patience)

    async def page(self, stream: Stream, connection: str) -> str:
        reader, writer = stream
        writer.write(f"GET {self.plan.path} HTTP/1.1\r\nHost: bench\r\nConnection: {connection}\r\n\r\n".encode())
        status, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        if status.split()[1:2] != ["200"]:
            raise OSError(f"no page, but {status!r}")
        lengths = [int(field.split(":")[1]) for field in fields if field.lower().startswith("content-length:")]
        page = (await reader.readexactly(lengths[0])).decode()
        return page.strip() if self.plan.pages else ""

    async def timed(self, work: Awaitable[str]) -> Request:
        began = time.monotonic()
        page, problem = "", ""
        try:
            page = await asyncio.wait_for(work, self.plan.patience)
        except Exception as error:  # also an answer that is no HTTP: whatever it is, the request is lost
            problem = f"{type(error).__name__}: {error}"
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
            self.own.append(await self.timed(self.page_on_its_own()))

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

    async def keep_asking(self, stream: Optional[Stream]) -> None:
        """Requests on a connection that stays open; another one if it breaks."""
        while not self.ended:
            try:
                stream = stream or await self.connect()
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
        return sorted({request.page.split()[0] for request in self.own if request.began > since and request.page})

    async def stop(self) -> str:
        self.ended = True
        await asyncio.gather(*self.work)
        return json.dumps({"own": self.told(self.own), "kept": self.told(self.kept)})

    def told(self, requests: List[Request]) -> "List[Dict[str, object]]":
        return [
            {"at": round(began - self.marked, 4), "seconds": round(seconds, 4), "page": page, "problem": problem}
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
            await client.start()
            print(json.dumps("started"), flush=True)
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
