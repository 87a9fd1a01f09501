"""Holds TCP connections open through a virtual service and makes new ones beside them; says what was lost.

Prints `ready` once all are open, goes on until its standard input ends, then prints one JSON line. With sources, which are
addresses of this machine, the connections come from them in turn.
Usage: load.py ADDRESS PORT HELD SECONDS [SOURCE…], the seconds for how long an answer is waited for
"""

import itertools
import json
import socket
import sys
import threading
import time

REQUEST = b"GET / HTTP/1.1\r\nHost: load\r\n\r\n"
PATIENCE = float(sys.argv[4])
SOURCES = itertools.cycle(sys.argv[5:] or ["0.0.0.0"])


def connect(address: str, port: int) -> socket.socket:
    connection = socket.create_connection((address, port), timeout=PATIENCE, source_address=(next(SOURCES), 0))
    connection.settimeout(PATIENCE)
    return connection


def ask(connection: socket.socket) -> bool:
    """One request on a connection that stays open; true when an answer came."""
    try:
        connection.sendall(REQUEST)
        return connection.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def new_request(address: str, port: int) -> str:
    """One request on a connection of its own; what went wrong, or nothing."""
    started = time.monotonic()
    try:
        with connect(address, port) as connection:
            problem = "" if ask(connection) else "no answer"
    except OSError as error:
        problem = repr(error)
    return problem and f"{problem} after {time.monotonic() - started:.1f} s, at {time.strftime('%H:%M:%S')}"


def main() -> None:
    address, port, held = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    connections = [connect(address, port) for _ in range(held)]
    alive = [ask(connection) for connection in connections]
    print("ready", flush=True)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    answered = turn = 0
    failures: list[str] = []
    while not ended.wait(0.02):
        failure = new_request(address, port)
        if failure:
            failures.append(failure)
        else:
            answered += 1
        # Every held connection is used again and again, so that a black hole shows.
        index = turn % held
        alive[index] = alive[index] and ask(connections[index])
        turn += 1
    # Once more for each: nothing may have died since its last turn.
    alive = [was and ask(connection) for was, connection in zip(alive, connections)]
    result = {"held": held, "heldLost": alive.count(False), "newAnswered": answered, "newFailed": failures}
    print(json.dumps(result), flush=True)


main()
