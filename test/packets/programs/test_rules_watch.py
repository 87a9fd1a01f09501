"""rules-watch: when it asks, and when it has the rules made true again."""
import os
import sys
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any, List
from unittest import mock

sys.dont_write_bytecode = True
PROGRAM = Path(__file__).parents[3] / "constructs/packets/programs/rules-watch.py"
TABLE = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A630006:0050 wrr persistent 360 80000000
  -> 0A620132:1F90      Masq    {weight}      {active}          {inactive}
TCP  [fd00:0000:0000:0000:0000:0000:0000:0001]:0050 rr
  -> [fd00:0000:0000:0000:0000:0000:0000:0002]:0050      Tunnel  1      {active}          0
"""


def load_program() -> Any:
    loader = SourceFileLoader("rules_watch", str(PROGRAM))
    spec = spec_from_loader("rules_watch", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


class WatchOfIpvs(unittest.TestCase):
    """On folders of a test; ipvs-look and systemctl are noted, and answer what `answer` says."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.rules, self.source = self.folder / "ipvs.d", self.folder / "consul"
        for path in (self.rules, self.source):
            path.mkdir()
        (self.rules / "static.rules").write_text("")
        self.program = load_program()
        self.program.IPVS_TABLE = str(self.folder / "table")
        self.table()
        kind = self.program.Rules(str(self.rules), str(self.folder / "seen"), [str(self.folder / "drain")], self.program.ipvs_table)
        self.program.KINDS = {"ipvs": kind}
        self.watch = self.program.Watch("ipvs", [str(self.source)], [str(self.folder / "grace")])
        self.answer, self.clock = 0, 1000.0
        self.calls: List[str] = []
        self.program.time = mock.Mock(monotonic=lambda: self.clock)
        self.program.subprocess = mock.Mock(run=self.run_command, DEVNULL=-3)
        self.looks()

    def run_command(self, words: List[str], **_: Any) -> Any:
        self.calls.append(os.path.basename(words[0]))
        return mock.Mock(returncode=self.answer if words[0].endswith("-look") else 0)

    def table(self, weight: int = 1, active: int = 0, inactive: int = 0) -> None:
        (self.folder / "table").write_text(TABLE.format(weight=weight, active=active, inactive=inactive))

    def looks(self) -> List[str]:
        self.calls = []
        self.watch.look()
        return self.calls

    def test_the_first_look_has_other_programs_sources_read(self) -> None:
        self.watch = self.program.Watch("ipvs", [str(self.source)], [])
        self.assertEqual(self.looks(), ["systemctl"])
        self.assertEqual(self.looks(), ["ipvs-look"])
        self.assertEqual(self.looks(), [])

    def test_nothing_is_started_while_only_connections_change(self) -> None:
        self.assertEqual(self.looks(), ["ipvs-look"])
        self.table(active=7, inactive=123456)
        self.assertEqual(self.looks(), [])

    def test_whatever_changes_is_a_reason_to_ask(self) -> None:
        def table_is_gone() -> None:
            (self.folder / "table").unlink()

        changes = [lambda: self.table(weight=2), lambda: (self.rules / "static.rules").write_text("# other\n"),
                   lambda: (self.rules / "new.rules").write_text(""), lambda: (self.rules / "new.rules").unlink(),
                   lambda: (self.folder / "seen").write_text(""), table_is_gone]
        self.looks()
        for at, change in enumerate(changes):
            with self.subTest(change=at):
                self.assertEqual(self.looks(), [])
                change()
                self.assertEqual(self.looks(), ["ipvs-look"])

    def test_without_a_table_it_asks_each_time(self) -> None:
        (self.folder / "table").unlink()
        self.assertEqual([self.looks(), self.looks()], [["ipvs-look"]] * 2)

    def test_it_asks_once_a_minute_anyway(self) -> None:
        self.looks()
        self.clock += 59.0
        self.assertEqual(self.looks(), [])
        self.clock += 1.0
        self.assertEqual(self.looks(), ["ipvs-look"])

    def test_what_is_not_true_is_made_true_and_looked_at_again(self) -> None:
        self.answer = 1
        self.assertEqual([self.looks(), self.looks()], [["ipvs-look", "systemctl"]] * 2)
        self.answer = 0
        self.assertEqual([self.looks(), self.looks()], [["ipvs-look"], []])

    def test_what_waits_for_its_time_is_carried_on_each_time(self) -> None:
        for name in ("drain", "grace"):
            (self.folder / name).write_text("")
            self.assertEqual([self.looks(), self.looks()], [["systemctl"]] * 2)
            (self.folder / name).unlink()
            self.assertEqual([self.looks(), self.looks()], [["ipvs-look"], []])

    def test_what_another_program_wrote_is_a_reason_once(self) -> None:
        self.looks()
        (self.source / "web.instances").write_text("")
        self.assertEqual([self.looks(), self.looks(), self.looks()], [["systemctl"], ["ipvs-look"], []])


if __name__ == "__main__":
    unittest.main()
