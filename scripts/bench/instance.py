"""An instance of the service of a bench: each page is its name, and for how many seconds it has been listening.

Usage: instance.py NAME PORT
"""
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME = sys.argv[1]


class Server(ThreadingHTTPServer):
    # Connections that wait to be accepted: a machine that is busy must not lose any.
    request_queue_size = 128


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = f"{NAME} {time.monotonic() - began:.3f}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        """No line for each request."""


server = Server(("", int(sys.argv[2])), Page)
began = time.monotonic()
server.serve_forever()
