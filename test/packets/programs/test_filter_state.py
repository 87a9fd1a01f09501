"""filter_state: the walk through a table's entries. That it notices changes of a real kernel is shown in the lab."""
import struct
import sys
import unittest
from importlib import import_module
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[3] / "constructs/packets/programs"))
state: Any = import_module("filter_state")


def buffer(family: Any, *entries: "tuple[bytes, int]") -> bytearray:
    """Entries of a table as the kernel gives them: a target each, and how many packets it has counted."""
    made = bytearray(state.ENTRIES.size)
    for target, packets in entries:
        head = bytearray(family.counters + state.COUNTERS_SIZE)
        state.LENGTHS.pack_into(head, family.lengths, len(head), len(head) + len(target))
        struct.pack_into("=QQ", head, family.counters, packets, packets * 60)
        made += head + target
    return made


class Checksum(unittest.TestCase):
    def test_counters_do_not_matter_rules_and_their_order_do(self) -> None:
        for family in state.FAMILIES:
            with self.subTest(family=family.names):
                before = state.checksum(buffer(family, (b"ACCEPT  ", 0), (b"DROP    ", 5)), family)
                self.assertEqual(state.checksum(buffer(family, (b"ACCEPT  ", 9), (b"DROP    ", 6)), family), before)
                self.assertNotEqual(state.checksum(buffer(family, (b"ACCEPT  ", 0), (b"REJECT  ", 5)), family), before)
                self.assertNotEqual(state.checksum(buffer(family, (b"DROP    ", 0), (b"ACCEPT  ", 5)), family), before)

    def test_entries_of_another_kind_end_it(self) -> None:
        for family in state.FAMILIES:
            with self.assertRaises(OSError):
                state.checksum(bytearray(4096), family)


if __name__ == "__main__":
    unittest.main()
