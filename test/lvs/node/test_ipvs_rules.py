"""ipvs-rules: what a plan does, and the program as a machine has it."""
import ast
import importlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any, Dict, List

sys.dont_write_bytecode = True
PROGRAM = Path(__file__).parents[3] / "constructs/lvs/node/ipvs-rules.py"
MODULE = PROGRAM.with_name("ipvs_table.py")
sys.path.insert(0, str(PROGRAM.parent))


def load_program() -> Any:
    spec = spec_from_loader("ipvs_rules", SourceFileLoader("ipvs_rules", str(PROGRAM)))
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rules = load_program()
tables: Any = importlib.import_module("ipvs_table")


def table(*lines: str, strict: bool = True) -> Any:
    parsed, problems = tables.parse_table([("line", line) for line in lines], strict)
    assert not problems, problems
    return parsed


class Plans(unittest.TestCase):
    WEB = ["-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m", "-a -t 10.0.0.1:80 -r 10.0.1.2:80 -m"]

    def plan(self, wanted: Any, kernel: Any, active: Any = None, drains: Any = None, now: float = 100.0) -> Any:
        return rules.make_plan(wanted, kernel, active or {}, drains or {}, now, 60.0)

    def test_new_before_leaving(self) -> None:
        kernel = table(*self.WEB)
        wanted = table("-A -t 10.0.0.1:80 -s wrr", "-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 3",
                       "-a -t 10.0.0.1:80 -r 10.0.1.3:80 -m", "-A -u 10.0.0.1:53 -s rr")
        self.assertEqual(self.plan(wanted, kernel).commands, [
            "-A -u 10.0.0.1:53 -s rr",
            "-E -t 10.0.0.1:80 -s wrr",
            "-e -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 3",
            "-a -t 10.0.0.1:80 -r 10.0.1.3:80 -m -w 1",
            "-e -t 10.0.0.1:80 -r 10.0.1.2:80 -m -w 0",
        ])

    def test_a_real_server_goes_when_its_connections_are_done(self) -> None:
        name = "-t 10.0.0.1:80 -r 10.0.1.2:80"
        wanted, kernel = table(*self.WEB[:2]), table(*self.WEB[:2], f"-a {name} -m -w 0")
        drains = {name: rules.Drain(100.0, 160.0)}
        for active, now, goes in [(0, 101.0, False), (0, 102.0, True), (1, 159.0, False), (1, 160.0, True)]:
            with self.subTest(active=active, now=now):
                plan = self.plan(wanted, kernel, {name: active}, drains, now)
                self.assertEqual(plan.commands, [f"-d {name}"] if goes else [])
                self.assertEqual(plan.drains, {} if goes else drains)

    def test_a_real_server_that_comes_back_gets_its_weight_back(self) -> None:
        kernel = table(*self.WEB[:2], "-a -t 10.0.0.1:80 -r 10.0.1.2:80 -m -w 0")
        plan = self.plan(table(*self.WEB), kernel, drains={"-t 10.0.0.1:80 -r 10.0.1.2:80": rules.Drain(1.0, 2.0)})
        self.assertEqual((plan.commands, plan.drains), (["-e -t 10.0.0.1:80 -r 10.0.1.2:80 -m -w 1"], {}))

    def test_udp_leaves_at_once(self) -> None:
        kernel = table("-A -u 10.0.0.1:53 -s rr", "-a -u 10.0.0.1:53 -r 10.0.1.1:53 -m")
        self.assertEqual(self.plan({}, kernel, {"-u 10.0.0.1:53 -r 10.0.1.1:53": 5}).commands,
                         ["-d -u 10.0.0.1:53 -r 10.0.1.1:53", "-D -u 10.0.0.1:53"])

    def test_a_service_goes_with_its_last_real_server(self) -> None:
        kernel = table(*self.WEB)
        first = self.plan({}, kernel)
        self.assertEqual(first.commands, [f"-e -t 10.0.0.1:80 -r 10.0.1.{at}:80 -m -w 0" for at in (1, 2)])
        names = [f"-t 10.0.0.1:80 -r 10.0.1.{at}:80" for at in (1, 2)]
        half = self.plan({}, first.expected, {names[0]: 1}, first.drains, 110.0)
        self.assertEqual(half.commands, [f"-d {names[1]}"])
        self.assertEqual(self.plan({}, half.expected, {}, half.drains, 111.0).commands,
                         [f"-d {names[0]}", "-D -t 10.0.0.1:80"])

    def test_thresholds_and_tunnel_stay_while_draining(self) -> None:
        kernel = table("-A -t 10.0.0.1:80", "-a -t 10.0.0.1:80 -r 10.0.1.1:80 -i -w 4 -x 9 -y 3")
        self.assertEqual(self.plan({}, kernel).commands, ["-e -t 10.0.0.1:80 -r 10.0.1.1:80 -i -w 0 -x 9 -y 3"])


class Kernel:
    """A table that takes commands and refuses what the kernel refuses."""

    def __init__(self) -> None:
        self.table: Dict[str, Any] = {}

    def run(self, command: str) -> None:
        words = command.split()
        letter = words[0][1]
        options = tables.read_options(["-A" if letter in "AED" else "-a", *words[1:]])
        key = tables.service_key(options)
        assert (key in self.table) == (letter != "A"), command
        if letter in "AE":
            servers = self.table[key].servers if letter == "E" else {}
            self.table[key] = tables.Service(tables.service_options(options, key), servers)
        elif letter == "D":
            del self.table[key]
        else:
            servers, address = self.table[key].servers, options["-r"]
            assert (address in servers) == (letter != "a"), command
            if letter == "d":
                del servers[address]
            else:
                servers[address] = tables.read_server(options)


def random_table(chance: random.Random) -> Any:
    lines: List[str] = []
    for name in ["-t 10.0.0.1:80", "-t 10.0.0.1:81", "-u 10.0.0.1:53", "-f 7", "-f 7 -6", "-t [fd00::1]:80"]:
        if chance.random() < 0.4:
            continue
        lines.append(f"-A {name} -s {chance.choice(['rr', 'wrr', 'sh -b sh-port', 'wlc -p 60'])}")
        for at in range(1, 5):
            address = f"[fd00::{at}0]:80" if "6" in name or "fd" in name else f"10.0.1.{at}:{chance.choice([80, 8080])}"
            if chance.random() < 0.5:
                limits = chance.choice(["", "", " -x 10 -y 5"])
                lines.append(f"-a {name} -r {address} -m -w {chance.randint(0, 3)}{limits}")
    return table(*lines)


class AnySequence(unittest.TestCase):
    """Whatever the folder says, one tick after the other: the promises hold."""

    def walk(self, seed: int) -> None:
        chance = random.Random(seed)
        kernel, now = Kernel(), 1000.0
        drains: Any = {}
        wanted: Any = {}
        for _ in range(12):
            if chance.random() < 0.7:
                wanted = random_table(chance)
            active = {f"{key} -r {address}": chance.randint(0, 1)
                      for key, service in kernel.table.items() for address in service.servers}
            untouched = tables.table_lines(wanted) & tables.table_lines(kernel.table)
            plan = rules.make_plan(wanted, kernel.table, active, drains, now, 30.0)
            for command in plan.commands:
                self.assertNotIn(command.replace("-E", "-A", 1).replace("-e", "-a", 1), untouched)
                kernel.run(command)
            self.assertEqual(kernel.table, plan.expected)
            self.assertEqual(tables.differences(plan.expected, kernel.table), [])
            self.assertLessEqual(tables.table_lines(wanted), tables.table_lines(kernel.table))
            again = rules.make_plan(wanted, kernel.table, active, plan.drains, now, 30.0)
            self.assertEqual((again.commands, again.drains), ([], plan.drains))
            drains, now = plan.drains, now + chance.choice([1.0, 3.0, 40.0])
        for command in rules.make_plan(wanted, kernel.table, {}, drains, now + 60.0, 30.0).commands:
            kernel.run(command)
        self.assertEqual(kernel.table, wanted)

    def test_any_sequence_of_tables(self) -> None:
        for seed in range(300):
            with self.subTest(seed=seed):
                self.walk(seed)


class Program(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_program(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """From a folder and by names as on a machine, with the options of its first line."""
        installed = self.folder / "vipstack"
        installed.mkdir()
        program = shutil.copy(PROGRAM, installed / "ipvs-rules")
        shutil.copy(MODULE, installed)
        options = PROGRAM.read_text().partition("\n")[0].split()[1:]
        state = ["--state", str(self.folder / "state.json"), "--rules", str(self.folder)]
        done = subprocess.run([sys.executable, *options, program, *words, *state], capture_output=True, text=True,
                              cwd=self.folder, env={**os.environ, "PYTHONPATH": str(self.folder)})
        self.assertEqual(sorted(path.name for path in installed.iterdir()), ["ipvs-rules", "ipvs_table.py"])
        return done

    def test_a_folder_without_rules_is_a_mistake(self) -> None:
        (self.folder / ".hidden.rules").write_text("")
        done = self.run_program("apply")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no file *.rules; nothing was changed", done.stderr)

    def test_every_bad_line_is_named_with_file_and_number(self) -> None:
        (self.folder / "a.rules").write_text("# static\n\n-A -t 10.0.0.1:80\nnonsense\n")
        (self.folder / "b.rules").write_text("-a -t 10.0.0.1:80 -r 10.0.0.2 -m\n-a -t 10.0.0.1:81 -r 10.0.0.2 -m\n")
        done = self.run_program("check")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn(f"{self.folder}/a.rules:4: a line starts with -A", done.stderr)
        self.assertIn(f"{self.folder}/b.rules:2: its virtual service is defined nowhere", done.stderr)
        self.assertNotIn("b.rules:1", done.stderr)

    def test_neither_the_callers_folder_nor_its_environment_gets_in(self) -> None:
        for name in ("json.py", "ipvs_table.py", "sitecustomize.py"):
            (self.folder / name).write_text("raise SystemExit('foreign code')\n")
        done = self.run_program("check")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no file *.rules", done.stderr)

    @unittest.skipIf(Path("/proc/net/ip_vs").exists(), "this kernel has IPVS")
    def test_a_kernel_without_ipvs_is_named(self) -> None:
        (self.folder / "a.rules").write_text("")
        done = self.run_program("apply")
        self.assertEqual(done.returncode, 3)
        self.assertIn("modprobe ip_vs", done.stderr)

    def test_its_grammar_is_that_of_python_3_9(self) -> None:
        ast.parse(PROGRAM.read_text(), feature_version=(3, 9))


if __name__ == "__main__":
    unittest.main()
