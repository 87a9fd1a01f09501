"""Prints the TCP packets of some ports on this machine, and for how long the machine stood still, until its standard input ends.

    capture.py SECONDS PORT...

One line a packet, much as tcpdump prints it, with the kernel's own time of it. Needs nothing but Python: tcpdump is not
everywhere. A packet in a tunnel (IPIP) is printed as what it holds.
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import time

ALL_PROTOCOLS = 3
OUTGOING = 4
ETHERNET = 1
TIMESTAMP = 35  # SO_TIMESTAMPNS, which the socket module does not name
STATISTICS = 6  # PACKET_STATISTICS
AUXDATA = 8  # PACKET_AUXDATA
SOL_PACKET = 263
# The kernel of this machine, or of the one it came from on the same host, has left the sum out, or has found it right.
NOT_FILLED_IN, FOUND_RIGHT = 8, 128
IPIP, TCP, IPV6 = 4, 6, 41
TICK = 0.02
# What the scheduler of a busy machine does is shorter than the shortest wait for an answer in TCP.
STILL = 0.15
MOST_PACKETS = 5000
FLAGS = ((0x02, "S"), (0x01, "F"), (0x04, "R"), (0x08, "P"))


def checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def tcp_of(packet: bytes) -> tuple[str, str, bytes, bool] | None:
    """Source, destination, the segment, and whether it came in a tunnel."""
    tunnelled = False
    while packet:
        if packet[0] >> 4 == 4:
            header, total = (packet[0] & 15) * 4, struct.unpack_from("!H", packet, 2)[0]
            protocol, payload = packet[9], packet[header:total]
            source, target = (socket.inet_ntop(socket.AF_INET, packet[at : at + 4]) for at in (12, 16))
        elif packet[0] >> 4 == 6 and len(packet) >= 40:
            protocol, payload = packet[6], packet[40 : 40 + struct.unpack_from("!H", packet, 4)[0]]
            source, target = (socket.inet_ntop(socket.AF_INET6, packet[at : at + 16]) for at in (8, 24))
        else:
            return None
        if protocol == TCP:
            return (source, target, payload, tunnelled) if len(payload) >= 20 else None
        if protocol not in (IPIP, IPV6):
            return None
        packet, tunnelled = payload, True
    return None


def pseudo(source: str, target: str, length: int) -> bytes:
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    return socket.inet_pton(family, source) + socket.inet_pton(family, target) + struct.pack("!HH", TCP, length)


def line_of(when: float, outgoing: bool, unsummed: bool, packet: bytes, ports: set[int]) -> str | None:
    found = tcp_of(packet)
    if found is None:
        return None
    source, target, segment, tunnelled = found
    sport, dport, seq, ack, offset, flags = struct.unpack_from("!HHIIBB", segment)
    if sport not in ports and dport not in ports:
        return None
    length = len(segment) - (offset >> 4) * 4
    words = "".join(letter for bit, letter in FLAGS if flags & bit) + ("." if flags & 0x10 else "")
    wrong = not (outgoing or unsummed) and checksum(pseudo(source, target, len(segment)) + segment) != 0xFFFF
    return (
        f"{when:.6f} {'Out' if outgoing else 'In'} {'IPIP ' if tunnelled else ''}"
        f"{source}.{sport} > {target}.{dport}: Flags [{words}], seq {seq}, ack {ack}, length {length}"
        f"{', wrong checksum' if wrong else ''}"
    )


def main() -> None:
    end, ports = time.monotonic() + float(sys.argv[1]), {int(word) for word in sys.argv[2:]}
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_PROTOCOLS))
    packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    packets.setsockopt(socket.SOL_SOCKET, TIMESTAMP, 1)
    packets.setsockopt(SOL_PACKET, AUXDATA, 1)
    print("listening", flush=True)
    printed, last = 0, time.monotonic()
    while time.monotonic() < end and printed < MOST_PACKETS:
        ready = select.select([packets, sys.stdin], [], [], TICK)[0]
        now = time.monotonic()
        if now - last > STILL:
            print(f"{time.time():.6f} this machine stood still for {(now - last) * 1000:.0f} ms", flush=True)
        last = now
        if sys.stdin in ready and not sys.stdin.buffer.read1(4096):
            break
        if packets not in ready:
            continue
        packet, ancillary, _, (_, _, kind, hardware, *_) = packets.recvmsg(65536, 256)
        if hardware != ETHERNET:
            continue
        told = {(level, name): data for level, name, data in ancillary}
        seconds, nanoseconds = struct.unpack("qq", told.get((socket.SOL_SOCKET, TIMESTAMP), bytes(16)))
        status = struct.unpack_from("I", told.get((SOL_PACKET, AUXDATA), bytes(4)))[0]
        unsummed = status & (NOT_FILLED_IN | FOUND_RIGHT) != 0
        line = line_of(seconds + nanoseconds / 1e9, kind == OUTGOING, unsummed, packet, ports)
        if line is not None:
            printed += 1
            print(line, flush=True)
    _, dropped = struct.unpack("II", packets.getsockopt(SOL_PACKET, STATISTICS, 8))
    print(f"{dropped} packets were not seen")


main()
