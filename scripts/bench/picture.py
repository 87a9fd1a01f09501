"""Writes the picture that the web servers of a bench serve: PNG, 1024 by 836 points of noise, uncompressed, 2.45 MiB, always the same bytes."""
import random
import struct
import sys
import zlib
from pathlib import Path

WIDTH, HEIGHT = 1024, 836


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def picture() -> bytes:
    noise = random.Random(1)
    rows = b"".join(b"\0" + noise.randbytes(3 * WIDTH) for _ in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


def main() -> None:
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(picture())


if __name__ == "__main__":
    main()
