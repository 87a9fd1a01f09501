"""What a bench runs on its client while a director is changed: opens connections, keeps others open, and counts what is lost.

It takes lines. `start ADDRESS`: asks port 80 of it from now on. `stop`: waits for what is under way and prints what was seen as one
line of JSON.
"""
import asyncio
import json
import sys
import time
from collections import Counter
from typing import Optional, Tuple

EVERY = 0.025  # seconds between two new connections
KEPT = 16  # connections that stay open
PAUSE = 0.25  # seconds between two requests on one of these
PATIENCE = 15.0  # seconds after which an answer is lost

Stream = Tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Load:
    def __init__(self, address: str) -> None:
        self.address = address
        self.running = True
        self.opened = self.refused = self.asked = self.broken = 0
        self.slowest = 0.0
        self.errors: "Counter[str]" = Counter()
        self.tasks = {asyncio.create_task(self.keep()) for _ in range(KEPT)}
        self.opener = asyncio.create_task(self.open_all())

    async def connect(self) -> Stream:
        return await asyncio.open_connection(self.address, 80)

    async def request(self, stream: Stream, connection: str) -> None:
        reader, writer = stream
        writer.write(f"GET /small HTTP/1.1\r\nHost: bench\r\nConnection: {connection}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise OSError(head.split(b"\r\n")[0].decode(errors="replace"))
        length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))

    async def timed(self, work: "asyncio.Future[None]") -> Optional[str]:
        """What went wrong; None if it was answered."""
        began = time.perf_counter()
        try:
            await asyncio.wait_for(work, PATIENCE)
        except (OSError, EOFError, asyncio.TimeoutError) as problem:
            return type(problem).__name__
        self.slowest = max(self.slowest, time.perf_counter() - began)
        return None

    async def once(self) -> None:
        """One request on a connection of its own."""
        async def work() -> None:
            stream = await self.connect()
            try:
                await self.request(stream, "close")
            finally:
                stream[1].close()

        self.opened += 1
        problem = await self.timed(asyncio.ensure_future(work()))
        if problem is not None:
            self.refused += 1
            self.errors[problem] += 1

    async def open_all(self) -> None:
        due = time.perf_counter()
        while self.running:
            task = asyncio.create_task(self.once())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
            due = max(due + EVERY, time.perf_counter() - 1)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    async def keep(self) -> None:
        """Requests on a connection that stays open; another one if it breaks."""
        stream: Optional[Stream] = None
        while self.running:
            if stream is None:
                try:
                    stream = await asyncio.wait_for(self.connect(), PATIENCE)
                except (OSError, asyncio.TimeoutError):
                    await asyncio.sleep(PAUSE)  # the requests on connections of their own count this
                    continue
            self.asked += 1
            problem = await self.timed(asyncio.ensure_future(self.request(stream, "keep-alive")))
            if problem is not None:
                self.broken += 1
                self.errors[problem] += 1
                stream[1].close()
                stream = None
            await asyncio.sleep(PAUSE)
        if stream is not None:
            stream[1].close()

    async def stop(self) -> str:
        self.running = False
        await self.opener
        while self.tasks:
            await asyncio.wait(self.tasks)
            self.tasks = {task for task in self.tasks if not task.done()}
        return json.dumps(
            {
                "opened": self.opened,
                "refused": self.refused,
                "asked": self.asked,
                "broken": self.broken,
                "slowest": 1000 * self.slowest,
                "errors": self.errors,
            }
        )


async def main() -> None:
    loop = asyncio.get_running_loop()
    load: Optional[Load] = None
    while True:
        line = await loop.run_in_executor(None, sys.stdin.readline)
        if not line:
            return
        word, *rest = line.split()
        if word == "start":
            load = Load(rest[0])
        elif word == "stop" and load is not None:
            print(await load.stop(), flush=True)
            load = None


if __name__ == "__main__":
    asyncio.run(main())
