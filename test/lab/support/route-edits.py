"""Edits a route in Consul twelve times, and prints as JSON after how many seconds every gateway has served each edit.

Every request keeps its connection: starting a program takes a guest longer than the edit. Usage: route-edits.py KEY GATEWAY…
"""

import http.client
import json
import sys
import time
from email.message import Message

KEY, GATEWAYS = sys.argv[1], sys.argv[2:]
consul = http.client.HTTPConnection("127.0.0.1", 8500, timeout=10)


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: str | None = None) -> tuple[Message, str]:
    """Headers and text of the answer to one request. A connection that its server has closed meanwhile is made anew."""
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException):
        connection.close()
        connection.request(method, path, body)
        answer = connection.getresponse()
    return answer.headers, answer.read().decode()


route = json.loads(ask(consul, "GET", f"/v1/kv/{KEY}?raw")[1])
seconds: list[float] = []
for edit in range(12):
    header = f"x-edit-{edit}"
    waiting = {gateway: http.client.HTTPConnection(gateway, timeout=10) for gateway in GATEWAYS}
    started = time.monotonic()
    ask(consul, "PUT", f"/v1/kv/{KEY}", json.dumps({**route, "plugins": {"request-id": {"header_name": header}}}))
    while waiting:
        time.sleep(0.05)
        for gateway, connection in list(waiting.items()):
            if ask(connection, "HEAD", "/")[0].get(header):
                waiting.pop(gateway).close()
    seconds.append(round(time.monotonic() - started, 2))
print(json.dumps(seconds))
