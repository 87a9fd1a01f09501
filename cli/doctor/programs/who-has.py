"""Asks the local network who has an IPv4 address, as arping does, and prints each machine that answers.

who-has.py INTERFACE OWN-ADDRESS ADDRESS
"""

from __future__ import annotations

import socket
import struct
import sys
import time

ARP = 0x0806
REPLY = 2


def main() -> None:
    interface, own, wanted = sys.argv[1:4]
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP))
    link.bind((interface, ARP))
    mac = link.getsockname()[4]
    head = b"\xff" * 6 + mac + struct.pack("!H", ARP)
    question = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + socket.inet_aton(own)
    answered: set[str] = set()
    for _ in range(2):
        link.send(head + question + bytes(6) + socket.inet_aton(wanted))
        end = time.monotonic() + 0.4
        while (left := end - time.monotonic()) > 0:
            link.settimeout(left)
            try:
                frame = link.recv(128)
            except socket.timeout:
                break
            operation, sender, address = struct.unpack_from("!H6s4s", frame, 20)
            if operation == REPLY and address == socket.inet_aton(wanted):
                answered.add(sender.hex(":"))
    for one in sorted(answered):
        print(f"{wanted} is at {one}")


main()
