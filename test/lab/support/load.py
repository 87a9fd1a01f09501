"""Holds TCP connections open through a virtual service and makes new ones beside them; says what was lost.

Prints `ready` once all are open, then one JSON line at the end. Usage: load.py ADDRESS PORT HELD SECONDS
"""

import json
import socket
import sys
import time

REQUEST = b"GET / HTTP/1.1\r\nHost: load\r\n\r\n"


def ask(connection: socket.socket) -> bool:
    """One request on a connection that stays open; true when an answer came."""
    try:
        connection.sendall(REQUEST)
        return connection.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def connect(address: str, port: int) -> socket.socket:
    connection = socket.create_connection((address, port), timeout=10)
    connection.settimeout(10)
    return connection


def new_request(address: str, port: int) -> bool:
    try:
        with connect(address, port) as connection:
            return ask(connection)
    except OSError:
        return False


def main() -> None:
    address, port, held, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    connections = [connect(address, port) for _ in range(held)]
    alive = [ask(connection) for connection in connections]
    print("ready", flush=True)
    end = time.monotonic() + seconds
    answered = failed = turn = 0
    while time.monotonic() < end:
        if new_request(address, port):
            answered += 1
        else:
            failed += 1
        # Every held connection is used again and again, so that a black hole shows.
        index = turn % held
        alive[index] = alive[index] and ask(connections[index])
        turn += 1
        time.sleep(0.02)
    # Once more for each: nothing may have died since its last turn.
    alive = [was and ask(connection) for was, connection in zip(alive, connections)]
    print(json.dumps({"held": held, "heldLost": alive.count(False), "newAnswered": answered, "newFailed": failed}), flush=True)


main()
