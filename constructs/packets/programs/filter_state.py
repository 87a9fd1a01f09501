"""What the kernel's packet filter holds, read without starting iptables-save: another state after each change of a rule.
Only good for a comparison with that of an earlier time; None where it can't be had.

The kernel keeps rules in two ways, and iptables uses one of them (`iptables --version` says which):
- nf_tables counts its changes: the number of the last one is enough.
- The older tables are read as they are, with getsockopt, as iptables itself reads them; the counters of packets are left out.

Each table has its buffer, which stays: to get and to fill new memory would take most of the time.
"""
from __future__ import annotations

import ctypes
import os
import socket
import struct
from typing import Dict, List, NamedTuple, Optional, Tuple
from zlib import crc32

NF_TABLES = "/sys/module/nf_tables"
# linux/netfilter_ipv4/ip_tables.h and its sibling for IPv6.
GET_INFO, GET_ENTRIES = 64, 65
INFO = struct.Struct("=32s 12I I")  # name, hooks, number of entries, size
ENTRIES = struct.Struct("=32s I 4x")  # name, size; the entries follow
LENGTHS = struct.Struct("=HH")  # of an entry: where its target begins, where the next entry begins
COUNTERS_SIZE = 16
# linux/netfilter/nf_tables.h: a message of netlink that asks for the number of the last change.
NETLINK_NETFILTER, GET_GENERATION, REQUEST = 12, (10 << 8) | 16, 1
GENERATION = struct.Struct("=16x 4x HH 4s")


class Family(NamedTuple):
    names: str  # file with the names of the tables that there are
    family: int
    level: int
    lengths: int  # where they stand in an entry
    counters: int


FAMILIES = [Family("/proc/net/ip_tables_names", socket.AF_INET, socket.IPPROTO_IP, 88, 96),
            Family("/proc/net/ip6_tables_names", socket.AF_INET6, socket.IPPROTO_IPV6, 140, 152)]


Part = Tuple[object, ...]
LIBC = ctypes.CDLL(None, use_errno=True)
BUFFERS: Dict[Tuple[int, bytes], bytearray] = {}


def filter_state() -> Optional[List[Part]]:
    try:
        state = [part for family in FAMILIES for part in old_tables(family)]
        return [*state, generation()] if os.path.exists(NF_TABLES) else state  # else to ask would load it
    except OSError:
        return None


def old_tables(family: Family) -> List[Part]:
    try:
        with open(family.names, encoding="ascii") as file:
            names = sorted(file.read().split())
    except FileNotFoundError:
        return []  # not loaded
    if not names:
        return []
    with socket.socket(family.family, socket.SOCK_RAW, socket.IPPROTO_RAW) as asking:
        return [old_table(asking, family, name.encode()) for name in names]


def old_table(asking: socket.socket, family: Family, name: bytes) -> Part:
    """Fails where the table changes meanwhile."""
    info = bytearray(INFO.size)
    INFO.pack_into(info, 0, name, *[0] * 13)
    ask(asking, family, GET_INFO, info)
    size = INFO.unpack(info)[-1]
    buffer = BUFFERS.get((family.level, name), bytearray())
    if len(buffer) != ENTRIES.size + size:
        buffer = BUFFERS[family.level, name] = bytearray(ENTRIES.size + size)
    ENTRIES.pack_into(buffer, 0, name, size)
    ask(asking, family, GET_ENTRIES, buffer)
    return name, size, checksum(buffer, family)


def ask(asking: socket.socket, family: Family, what: int, buffer: bytearray) -> None:
    """getsockopt, which in Python can't bring a question along."""
    place = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    length = ctypes.c_uint(len(buffer))
    if LIBC.getsockopt(asking.fileno(), family.level, what, place, ctypes.byref(length)):
        raise OSError(ctypes.get_errno(), "getsockopt")


def checksum(buffer: bytearray, family: Family) -> int:
    """Of everything but the counters."""
    view = memoryview(buffer)
    at, total = ENTRIES.size, 0
    while at < len(buffer):
        _, following = LENGTHS.unpack_from(buffer, at + family.lengths)
        if following <= family.counters:
            raise OSError(0, "an entry of another kind")
        total = crc32(view[at:at + family.counters], total)
        total = crc32(view[at + family.counters + COUNTERS_SIZE:at + following], total)
        at += following
    return total


def generation() -> Part:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as asking:
        asking.settimeout(5)
        asking.send(struct.pack("=IHHII 4x", 20, GET_GENERATION, REQUEST, 1, 0))
        answer = asking.recv(4096)
    if len(answer) < GENERATION.size:
        raise OSError(0, "no generation")
    length, kind, number = GENERATION.unpack_from(answer)
    if (length, kind) != (8, 1):
        raise OSError(0, "no generation")
    return "nf_tables", number
