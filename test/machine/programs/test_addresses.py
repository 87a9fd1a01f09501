"""addresses: what a line means, what the machine is asked for."""
import ast
import json
import random
import sys
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any, Dict, List, Tuple
from unittest import mock

sys.dont_write_bytecode = True
PROGRAM = Path(__file__).parents[3] / "constructs/machine/programs/addresses.py"


def load_program() -> Any:
    spec = spec_from_loader("addresses", SourceFileLoader("addresses", str(PROGRAM)))
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


program = load_program()

REFUSED = [
    ("10.0.0.1 dev eth0", "not 'ADDRESS/LENGTH"),
    ("10.0.0.1/33 dev eth0", "10.0.0.1/33"),
    ("10.0.0.300/32 dev eth0", "10.0.0.300/32"),
    ("10.0.0.1/32", "not 'ADDRESS/LENGTH"),
    ("10.0.0.1/32 dev eth0 label x", "not 'ADDRESS/LENGTH"),
    ("10.0.0.1/32 dev a-name-that-is-too-long", "not 'ADDRESS/LENGTH"),
    ("fe80::1%eth0/64 dev eth0", "not 'ADDRESS/LENGTH"),
    ("route default dev eth0", "not 'route TARGET"),
    ("route default via 10.0.0.1", "not 'route TARGET"),
    ("route 10.0.0.1/8 via 10.0.0.1 dev eth0", "host bits"),
    ("route fd00::/64 via 10.0.0.1 dev eth0", "different families"),
    ("flush", "not 'ADDRESS/LENGTH"),
]


class Lines(unittest.TestCase):
    def test_addresses_and_routes(self) -> None:
        text = "# VIP\n\n 10.0.0.1/32 dev eth0 \nFD00::0001/128  dev lo\nroute default via 10.0.0.9 dev eth0\n"
        text += "route default via fd00::9 dev eth0\nroute 10.7.0.0/16 via 10.0.0.2 dev eth1\n"
        self.assertEqual(program.parse(text, "f"), (
            [("10.0.0.1/32", "eth0"), ("fd00::1/128", "lo")],
            [("default", "10.0.0.9", "eth0"), ("default", "fd00::9", "eth0"), ("10.7.0.0/16", "10.0.0.2", "eth1")]))

    def test_bad_lines_are_all_named(self) -> None:
        text = "".join(f"{line}\n" for line, _ in REFUSED)
        with self.assertRaises(program.Stop) as stop:
            program.parse(text, "f")
        self.assertEqual(stop.exception.args[0], 2)
        for (line, reason), problem in zip(REFUSED, stop.exception.args[1].splitlines()):
            self.assertIn(reason, problem)
            self.assertTrue(problem.endswith(line), problem)

    def test_twice(self) -> None:
        for text in ["10.0.0.1/32 dev eth0\n10.0.0.1/24 dev eth0",
                     "route default via 10.0.0.1 dev a\nroute default via 10.0.0.2 dev b"]:
            with self.assertRaises(program.Stop) as stop:
                program.parse(text, "f")
            self.assertIn("f:2: listed twice", stop.exception.args[1])


class Machine:
    """Answers like `ip` of iproute2 6.1, for what the program asks."""

    def __init__(self) -> None:
        self.addresses: List[Tuple[str, str]] = [("127.0.0.1/8", "lo"), ("10.0.0.5/24", "eth0")]
        self.routes: Dict[str, str] = {"default": "default via 10.0.0.254 dev eth0 proto static linkdown"}
        self.changes: List[str] = []

    def ip(self, *words: str) -> str:
        if words == ("-json", "address", "show"):
            entries = [(*address.split("/"), device) for address, device in self.addresses]
            return json.dumps([{"ifname": device, "addr_info": [{"local": local, "prefixlen": length}]}
                               for local, length, device in entries])
        if words[1:3] == ("route", "show"):
            other = f"{words[3]} via 10.0.0.253 dev eth0 proto dhcp metric 100 \n"
            return (f"{self.routes[words[3]]} \n" if words[3] in self.routes else "") + other
        self.changes.append(" ".join(words))
        if words[0] == "address":
            address = (words[2], words[4])
            assert (address in self.addresses) == (words[1] == "del"), words
            (self.addresses.append if words[1] == "add" else self.addresses.remove)(address)
        elif words[2] == "replace":
            assert "linkdown" not in words
            self.routes[words[3]] = " ".join(words[3:])
        else:
            del self.routes[words[3]]
        return ""


class Apply(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file, self.state = Path(folder.name, "addresses"), Path(folder.name, "state.json")
        self.machine = Machine()
        for name, fake in [("ip", self.machine.ip), ("announce", mock.Mock()), ("print", mock.Mock())]:
            patch = mock.patch.object(program, name, fake, create=True)
            patch.start()
            self.addCleanup(patch.stop)

    def apply(self, *lines: str) -> int:
        """The number of changes."""
        self.file.write_text("".join(f"{line}\n" for line in lines))
        before = len(self.machine.changes)
        self.assertEqual(program.work(self.file, self.state), 0)
        return len(self.machine.changes) - before

    def test_a_missing_file_is_a_mistake(self) -> None:
        with self.assertRaises(program.Stop) as stop:
            program.work(self.file, self.state)
        self.assertEqual(stop.exception.args[0], 2)

    def test_what_was_there_before_stays(self) -> None:
        self.assertEqual(self.apply("10.0.0.5/32 dev eth0"), 0)
        self.assertEqual(self.apply(), 0)
        self.assertIn(("10.0.0.5/24", "eth0"), self.machine.addresses)

    def test_an_ipv6_vip_can_be_used_at_once_and_is_no_address_to_speak_from(self) -> None:
        self.apply("10.0.0.1/32 dev eth0", "fd00::1/128 dev eth0", "fd00::1/128 dev lo", "fd00::5/64 dev eth0")
        self.assertEqual(self.machine.changes, [
            "address add 10.0.0.1/32 dev eth0",
            "address add fd00::1/128 dev eth0 preferred_lft 0 nodad",
            "address add fd00::1/128 dev lo nodad",
            "address add fd00::5/64 dev eth0 nodad"])

    def test_a_replaced_route_comes_back(self) -> None:
        earlier = self.machine.routes["default"].replace(" linkdown", "")
        self.assertEqual(self.apply("route default via 10.0.0.1 dev eth0"), 1)
        self.assertEqual(self.apply("route default via 10.0.0.2 dev eth0"), 2)
        self.assertEqual(self.machine.routes["default"], "default via 10.0.0.2 dev eth0")
        self.assertEqual(self.apply(), 1)
        self.assertEqual(self.machine.routes["default"], earlier)

    def test_any_sequence_of_files(self) -> None:
        pool = ["10.0.0.1/32 dev eth0", "10.0.0.1/32 dev lo", "10.0.0.2/32 dev eth0", "fd00::1/128 dev eth0",
                "route default via 10.0.0.1 dev eth0", "route 10.7.0.0/16 via 10.0.0.2 dev eth0"]
        before = set(self.machine.addresses)
        chance = random.Random(7)
        for _ in range(200):
            lines = [line for line in pool if chance.random() < 0.5]
            self.apply(*lines)
            wanted = {tuple(line.split(" dev ")) for line in lines if not line.startswith("route")}
            self.assertEqual(set(self.machine.addresses), before | wanted)
            self.assertEqual(self.apply(*lines), 0)
        self.apply()
        self.assertEqual(set(self.machine.addresses), before)
        self.assertEqual(self.machine.routes, {"default": "default via 10.0.0.254 dev eth0 proto static"})


class Program(unittest.TestCase):
    def test_its_grammar_is_that_of_python_3_9(self) -> None:
        ast.parse(PROGRAM.read_text(), feature_version=(3, 9))


if __name__ == "__main__":
    unittest.main()
