"""Several HTTP clients that ask one after the other until standard input ends; says what each was answered and what was lost.

The first client keeps its connection as long as the server does; the others make one for each request. Prints `ready` after
the first answer of each, how many were answered each second, and one JSON line at the end.
Usage: http-load.py ADDRESS PORT CLIENTS
"""

import collections
import http.client
import json
import sys
import threading
import time

ADDRESS, PORT, CLIENTS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
CLOSED = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)
STARTED = time.monotonic()
answers: collections.Counter[str] = collections.Counter()
failures: list[dict[str, object]] = []
slowest = 0.0
# The longest time in which no client got a good answer, and when the last one came.
silence, latest = 0.0, STARTED
counting = threading.Lock()
ended = threading.Event()


def ask(connection: http.client.HTTPConnection) -> str:
    """One request; what went wrong, or nothing. A connection that its server has closed meanwhile is made anew."""
    reused = connection.sock is not None
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        body = answer.read().decode().strip()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return ask(connection) if reused and isinstance(error, CLOSED) else repr(error)
    if answer.status != 200:
        return f"{answer.status} {body[:100]}"
    count(body)
    return ""


def count(body: str) -> None:
    """One good answer."""
    global silence, latest
    with counting:
        now = time.monotonic()
        silence, latest = max(silence, now - latest), now
        answers[body] += 1


def request(connection: http.client.HTTPConnection, keep: bool) -> None:
    """One request, counted."""
    global slowest
    started = time.monotonic()
    problem = ask(connection)
    if not keep:
        connection.close()
    took = time.monotonic() - started
    slowest = max(slowest, took)
    if problem:
        failures.append({"at": round(started - STARTED, 1), "took": round(took, 1), "problem": problem})


def client(number: int, ready: threading.Barrier) -> None:
    connection = http.client.HTTPConnection(ADDRESS, PORT, timeout=5)
    request(connection, number == 0)
    ready.wait()
    while not ended.wait(0.05):
        request(connection, number == 0)


def main() -> None:
    ready = threading.Barrier(CLIENTS + 1)
    threads = [threading.Thread(target=client, args=(number, ready)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    ready.wait()
    print("ready", flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    while not ended.wait(1):
        print("answered", answers.total(), flush=True)
    for thread in threads:
        thread.join()
    result = {
        "answers": answers,
        "slowest": round(slowest, 2),
        "silence": round(max(silence, time.monotonic() - latest), 1),
        "failures": failures,
    }
    print(json.dumps(result), flush=True)


main()
