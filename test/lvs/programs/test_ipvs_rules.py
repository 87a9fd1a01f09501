"""ipvs-rules: what a plan does, and the program as a machine has it."""
import ast
import fcntl
import importlib
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from contextlib import redirect_stderr, redirect_stdout
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any, Dict, List, NamedTuple
from unittest import mock

sys.dont_write_bytecode = True
PROGRAM = Path(__file__).parents[3] / "constructs/lvs/programs/ipvs-rules.py"
SHARED = PROGRAM.parents[2] / "packets/programs"
MODULES = [PROGRAM.with_name(f"{name}.py") for name in ("ipvs_plan", "ipvs_table")]
MODULES += [SHARED / f"{name}.py" for name in ("absence", "rule_files", "safely")]
sys.path[:0] = [str(PROGRAM.parent), str(SHARED)]


def load_program() -> Any:
    spec = spec_from_loader("ipvs_rules", SourceFileLoader("ipvs_rules", str(PROGRAM)))
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rules = load_program()
tables: Any = importlib.import_module("ipvs_table")
plans: Any = importlib.import_module("ipvs_plan")


def table(*lines: str, strict: bool = True) -> Any:
    parsed, problems = tables.parse_table([("line", line) for line in lines], strict)
    assert not problems, problems
    return parsed


class Plan(NamedTuple):
    commands: List[str]
    expected: Any
    drains: Any


def make_plan(wanted: Any, kernel: Any, active: Any, drains: Any, now: float, patience: float) -> Plan:
    """When nothing fails."""
    leaving = plans.plan_leaving(wanted, plans.Now(kernel, active, drains, now, patience), set())
    return Plan([step.command for step in [*plans.plan_coming(wanted, kernel), *leaving.steps]],
                leaving.expected, leaving.drains)


class Plans(unittest.TestCase):
    WEB = ["-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m", "-a -t 10.0.0.1:80 -r 10.0.1.2:80 -m"]

    def plan(self, wanted: Any, kernel: Any, active: Any = None, drains: Any = None, now: float = 100.0) -> Any:
        return make_plan(wanted, kernel, active or {}, drains or {}, now, 60.0)

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
        drains = {name: plans.Drain(100.0, 160.0)}
        for active, now, goes in [(0, 101.0, False), (0, 102.0, True), (1, 159.0, False), (1, 160.0, True)]:
            with self.subTest(active=active, now=now):
                plan = self.plan(wanted, kernel, {name: active}, drains, now)
                self.assertEqual(plan.commands, [f"-d {name}"] if goes else [])
                self.assertEqual(plan.drains, {} if goes else drains)

    def test_a_real_server_that_comes_back_gets_its_weight_back(self) -> None:
        kernel = table(*self.WEB[:2], "-a -t 10.0.0.1:80 -r 10.0.1.2:80 -m -w 0")
        plan = self.plan(table(*self.WEB), kernel, drains={"-t 10.0.0.1:80 -r 10.0.1.2:80": plans.Drain(1.0, 2.0)})
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
            plan = make_plan(wanted, kernel.table, active, drains, now, 30.0)
            for command in plan.commands:
                self.assertNotIn(command.replace("-E", "-A", 1).replace("-e", "-a", 1), untouched)
                kernel.run(command)
            self.assertEqual(kernel.table, plan.expected)
            self.assertEqual(tables.differences(plan.expected, kernel.table), [])
            self.assertLessEqual(tables.table_lines(wanted), tables.table_lines(kernel.table))
            again = make_plan(wanted, kernel.table, active, plan.drains, now, 30.0)
            self.assertEqual((again.commands, again.drains), ([], plan.drains))
            drains, now = plan.drains, now + chance.choice([1.0, 3.0, 40.0])
        for command in make_plan(wanted, kernel.table, {}, drains, now + 60.0, 30.0).commands:
            kernel.run(command)
        self.assertEqual(kernel.table, wanted)

    def test_any_sequence_of_tables(self) -> None:
        for seed in range(300):
            with self.subTest(seed=seed):
                self.walk(seed)


FAKE_IPVSADM = """\
#!/usr/bin/python3 -B
# A kernel that is a file: takes ipvsadm's commands, refuses real servers of 10.6.6.0/24, stops at those of 10.7.7.0/24 like at a
# line that it can't read, hangs where it is configured to.
import os, sys, time
folder = os.path.dirname(__file__)
sys.path.insert(0, {modules!r})
import ipvs_table as tables
path = folder + "/kernel"
hangs = open(folder + "/hangs").read() if os.path.exists(folder + "/hangs") else ""
def command(words):
    lines = open(path).read().splitlines() if os.path.exists(path) else []
    table, problems = tables.parse_table([("", line) for line in lines], strict=False)
    odd = [line for line in lines if any(problem.endswith(line) for problem in problems)]
    if words[0] == hangs:
        os.system("sleep 600")
    letter = words[0][1]
    options = tables.read_options(["-A" if letter in "AED" else "-a", *words[1:]])
    key, address = tables.service_key(options), options.get("-r")
    if (address or "").startswith("10.7.7."):
        sys.exit("Can't read this")
    if (address or "").startswith("10.6.6.") or "none" in words:
        return "Invalid operation"
    if letter != "A" and key not in table:
        return "Service not defined"
    if letter in "AE":
        servers = table[key].servers if letter == "E" else {{}}
        table[key] = tables.Service(tables.service_options(options, key), servers)
    elif letter == "D":
        del table[key]
    elif letter == "d":
        del table[key].servers[address]
    else:
        if (letter == "e") != (address in table[key].servers):
            return "No such destination"
        table[key].servers[address] = tables.read_server(options, strict=False)
    with open(path, "w") as file:
        file.write("".join(line + "\\n" for line in [*odd, *sorted(tables.table_lines(table))]))
    return ""
words = sys.argv[1:]
if words[0] == hangs:
    os.system("sleep 600")
with open(folder + "/calls", "a") as calls:
    calls.write(" ".join(words) + "\\n")
if words[0] == "-S":
    print(open(path).read() if os.path.exists(path) else "", end="")
elif words[0] == "-ln":
    listing = folder + "/listing"
    print(open(listing).read() if os.path.exists(listing) else "", end="")
else:
    problem = ""
    for problem in map(command, [line.split() for line in sys.stdin] if words == ["-R"] else [words]):
        print(problem, end="\\n" if problem else "", file=sys.stderr)
    sys.exit(1 if problem else 0)
"""


class Program(unittest.TestCase):
    """The program as a machine has it, on a kernel that is a file."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.installed, self.bin = self.folder / "vipstack", self.folder / "bin"
        self.rules, self.state = self.folder / "rules.d", self.folder / "run" / "state.json"
        for path in (self.installed, self.bin, self.rules):
            path.mkdir()
        shutil.copy(PROGRAM, self.installed / "ipvs-rules")
        for module in MODULES:
            shutil.copy(module, self.installed)
        # Shorter limits, so that a test need not wait.
        safely = self.installed / "safely.py"
        text = safely.read_text().replace("COMMAND_SECONDS = 20.0", "COMMAND_SECONDS = 2.0")
        safely.write_text(text.replace("LOCK_SECONDS = 60.0", "LOCK_SECONDS = 1.0"))
        self.fake()

    def fake(self) -> None:
        fake = self.bin / "ipvsadm"
        fake.write_text(FAKE_IPVSADM.format(modules=str(PROGRAM.parent)))
        fake.chmod(0o755)

    def words(self, *words: str) -> List[str]:
        """By the options of its first line."""
        options = PROGRAM.read_text().partition("\n")[0].split()[1:]
        places = ["--state", str(self.state), "--rules", str(self.rules), "--last-good", str(self.folder / "good"),
                  "--absent", str(self.folder / "absent")]
        return [sys.executable, *options, str(self.installed / "ipvs-rules"), *words, *places]

    def run_program(self, *words: str) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(self.words(*words), capture_output=True, text=True, cwd=self.rules, timeout=60,
                              env={**os.environ, "PYTHONPATH": str(self.rules), "PATH": f"{self.bin}:{os.environ['PATH']}"})
        self.assertEqual(sorted(path.name for path in self.installed.iterdir()),
                         sorted(["ipvs-rules", *(module.name for module in MODULES)]))
        return done

    def wanted(self, *lines: str, name: str = "a") -> None:
        (self.rules / f"{name}.rules").write_text("".join(f"{line}\n" for line in lines))

    def kernel(self, *lines: str) -> List[str]:
        path = self.bin / "kernel"
        if lines:
            path.write_text("".join(f"{line}\n" for line in lines))
        return path.read_text().splitlines() if path.exists() else []

    def changes(self) -> List[str]:
        """The processes since the last look that change something."""
        calls = self.bin / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return [line for line in lines if line.split()[0] not in ("-S", "-ln")]

    def carry_out(self, commands: List[str]) -> List[str]:
        """Steps as a plan has them, also such as no file of rules can hold."""
        program = load_program()
        steps = [plans.Step(plans.split_command(command)[1], command) for command in commands]
        with mock.patch.dict(os.environ, {"PATH": f"{self.bin}:{os.environ['PATH']}"}), \
                redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            return [step.command for step in program.carry_out(steps)]

    def test_a_folder_without_rules_is_a_mistake(self) -> None:
        (self.rules / ".hidden.rules").write_text("")
        done = self.run_program("apply")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no file *.rules; nothing was changed", done.stderr)

    def test_every_bad_line_is_named_with_file_and_number(self) -> None:
        self.wanted("# static", "", "-A -t 10.0.0.1:80", "nonsense")
        self.wanted("-A -t 10.0.0.1:90", "-a -t 10.0.0.1:91 -r 10.0.0.2 -m", name="b")
        done = self.run_program("check")
        self.assertEqual((done.returncode, done.stdout), (2, "0 virtual services, 0 real servers: nothing to change\n"))
        self.assertIn(f"{self.rules}/a.rules:4: a line starts with -A", done.stderr)
        self.assertIn(f"{self.rules}/b.rules:2: its virtual service is defined nowhere", done.stderr)
        self.assertNotIn("b.rules:1", done.stderr)

    def test_a_wrong_file_is_not_in_the_way_of_the_others_at_a_first_boot(self) -> None:
        self.wanted("-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.0.0.9:99999 -m")
        self.wanted("-A -t 10.0.0.1:81 -s rr", "-a -t 10.0.0.1:81 -r 10.0.0.9:81 -m", name="b")
        self.wanted("-a -t 10.0.0.1:80 -r 10.0.0.9:80 -m", name="c")  # its service is in the wrong one
        for _ in range(2):
            done = self.run_program("apply")
            self.assertEqual(done.returncode, 2)
            self.assertIn("a.rules:2: the port takes a number from 0 to 65535", done.stderr)
            self.assertIn("a.rules: refused; nothing of this file is used", done.stderr)
            self.assertIn("c.rules:1: its virtual service is defined nowhere", done.stderr)
            self.assertNotIn("b.rules", done.stderr)
            self.assertEqual(self.kernel(), ["-A -t 10.0.0.1:81 -s rr", "-a -t 10.0.0.1:81 -r 10.0.0.9:81 -m -w 1"])

    def test_a_file_that_turns_wrong_keeps_its_last_good_text_also_after_a_boot(self) -> None:
        good = ["-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.0.0.9:80 -m -w 1"]
        self.wanted(*good)
        self.wanted("-A -u 10.0.0.1:53 -s rr", name="b")
        self.assertEqual(self.run_program("apply").returncode, 0)
        self.wanted("-A -t 10.0.0.1:80 -s best")
        self.wanted("-A -u 10.0.0.1:54 -s rr", name="b")
        (self.bin / "kernel").unlink()
        done = self.run_program("apply")
        self.assertEqual(done.returncode, 2)
        self.assertIn("a.rules: refused; its last good text is used", done.stderr)
        self.assertEqual(self.kernel(), [*good[:1], "-A -u 10.0.0.1:54 -s rr", *good[1:]])
        self.wanted()
        self.assertEqual(self.run_program("apply", "--drain-seconds", "0").returncode, 0)
        self.assertEqual(self.kernel(), ["-A -u 10.0.0.1:54 -s rr"])
        self.assertEqual([path.name for path in (self.folder / "good/rules.d").iterdir()], ["b.rules"])

    def test_nothing_is_removed_while_the_content_of_a_wrong_file_is_unknown(self) -> None:
        before = self.kernel("-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.0.0.9:80 -m -w 1")
        self.wanted("nonsense")
        done = self.run_program("apply", "--drain-seconds", "0")
        self.assertEqual((done.returncode, self.kernel()), (2, before))
        self.assertIn("what there is stays until these files are mended", done.stderr)

    def test_a_file_that_is_cut_off_is_never_used(self) -> None:
        text = ("-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 203.0.113.20:80 -m -w 10\n"
                "# a word\n-A -u [fd00::10]:53 -s wlc -p 300\n")
        for length in range(1, len(text)):
            (self.rules / "a.rules").write_text(text[:length])
            table, folder = rules.read_folder(self.rules, "*.rules", self.folder / "good", rules.understand)
            if text[length - 1] != "\n":
                self.assertEqual(table, {})
                self.assertIn("the last line has no end", folder.said()[0])
        (self.rules / "a.rules").write_text(f"{text}\0\0\n")
        self.assertIn("zero bytes", rules.read_folder(self.rules, "*.rules", self.rules, rules.understand)[1].said()[0])

    def test_nothing_leaves_before_what_comes_to_its_place_is_there(self) -> None:
        web, dns = ["-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.0.0.9:80 -m -w 1"], "-A -u 10.0.0.1:53 -s rr"
        self.kernel(web[0], dns, web[1], "-a -u 10.0.0.1:53 -r 10.0.0.9:53 -m -w 1", "-A -t 10.0.0.1:70 -s rr")
        refused = "-a -t 10.0.0.1:80 -r 10.6.6.6:80 -m -w 1"
        self.wanted(web[0], refused, dns, "-a -u 10.0.0.1:53 -r 10.0.0.8:53 -m -w 1")
        done = self.run_program("apply", "--drain-seconds", "0")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"ipvsadm {refused}: Invalid operation", done.stderr)
        self.assertEqual(self.kernel(), [web[0], dns, web[1], "-a -u 10.0.0.1:53 -r 10.0.0.8:53 -m -w 1"])
        self.assertFalse(self.state.exists())
        # A whole service leaves for a new one: not before that one has all that it needs.
        self.wanted(web[0], web[1], "-A -u 10.0.0.1:54 -s rr", "-a -u 10.0.0.1:54 -r 10.6.6.7:53 -m -w 1")
        self.run_program("apply", "--drain-seconds", "0")
        self.assertIn("-a -u 10.0.0.1:53 -r 10.0.0.8:53 -m -w 1", self.kernel())
        self.wanted(web[0], web[1])
        self.assertEqual(self.run_program("apply", "--drain-seconds", "0").returncode, 0)
        self.assertEqual(self.kernel(), web)

    def test_said_is_only_what_was_done(self) -> None:
        self.kernel("-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.0.0.9:80 -m -w 1")
        self.wanted("-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.0.0.8:80 -m -w 1")
        self.state.with_name("state.json.new").mkdir(parents=True)  # also as root: it can't be written
        done = self.run_program("apply")
        self.assertEqual((done.returncode, done.stdout), (1, "+ -a -t 10.0.0.1:80 -r 10.0.0.8:80 -m -w 1\n"))
        self.assertIn("nothing leaves until deadlines can be kept", done.stderr)
        self.assertEqual(len(self.kernel()), 3)
        self.state.with_name("state.json.new").rmdir()
        done = self.run_program("apply")
        self.assertRegex(done.stdout, r"^~ -e -t 10.0.0.1:80 -r 10.0.0.9:80 -m -w 0\ndrain -t 10.0.0.1:80 -r 10.0.0.9:80 until ")

    def test_a_command_that_hangs_is_named_and_the_next_run_goes_on(self) -> None:
        for words in ("-S", "-ln", "-A"):
            with self.subTest(words):
                self.wanted("-A -t 10.0.0.1:80 -s rr")
                (self.bin / "hangs").write_text(words)
                done = self.run_program("apply")
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn(f"no answer within 2 s, given up: ipvsadm {words}", done.stderr)
                self.assertEqual(self.kernel(), [])
        (self.bin / "hangs").unlink()
        self.assertEqual(self.run_program("apply").returncode, 0)
        self.assertEqual(self.kernel(), ["-A -t 10.0.0.1:80 -s rr"])

    def test_many_commands_share_a_process(self) -> None:
        web = "-A -t 10.0.0.1:80 -s rr"
        servers = [f"-a -t 10.0.0.1:80 -r 10.0.1.{at}:80 -m -w 1" for at in range(1, 10)]
        self.wanted(web, *servers)
        done = self.run_program("apply")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, "".join(f"+ {line}\n" for line in [web, *servers]))
        self.assertEqual((self.changes(), self.kernel()), (["-R"], [web, *servers]))
        # A lone one needs no batch, and journal and process list show it in its own words.
        self.wanted(web, *servers[:-1], servers[-1].replace("-w 1", "-w 2"))
        self.assertEqual(self.run_program("apply").returncode, 0)
        self.assertEqual(self.changes(), ["-e -t 10.0.0.1:80 -r 10.0.1.9:80 -m -w 2"])
        self.wanted()
        self.assertEqual(self.run_program("apply", "--drain-seconds", "0").returncode, 0)
        self.assertEqual((self.changes(), self.kernel()), (["-R"], []))

    def test_a_refused_line_is_named_and_takes_no_other_along(self) -> None:
        web = "-A -t 10.0.0.1:80 -s rr"
        for refused, reason in [("10.6.6.6", "Invalid operation"), ("10.7.7.7", "Can't read this")]:
            for place in range(5):
                with self.subTest(refused, place=place):
                    self.kernel(web)
                    servers = [f"-a -t 10.0.0.1:80 -r 10.0.1.{at}:80 -m -w 1" for at in range(1, 5)]
                    bad = f"-a -t 10.0.0.1:80 -r {refused}:80 -m -w 1"
                    self.wanted(web, *servers[:place], bad, *servers[place:])
                    done = self.run_program("apply")
                    self.assertEqual(done.returncode, 1)
                    self.assertEqual(sorted(done.stdout.splitlines()), [f"+ {line}" for line in servers])
                    self.assertEqual(done.stderr, f"ipvs-rules: ipvsadm {bad}: {reason}\n"
                                     "ipvs-rules: what leaves stays until what comes to its place is there\n"
                                     f"ipvs-rules: missing: {bad}\n")
                    self.assertEqual(self.kernel(), [web, *servers])
                    self.changes()

    def test_a_refused_line_costs_no_process_for_each_line_after_it(self) -> None:
        servers = [f"-a -t 10.0.0.1:80 -r 10.0.{at}.1:80 -m -w 1" for at in range(100)]
        self.wanted("-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.7.7.7:80 -m -w 1", *servers)
        self.assertEqual(self.run_program("apply").returncode, 1)
        self.assertEqual(len(self.kernel()), 101)
        self.assertEqual(self.changes(), ["-R", "-a -t 10.0.0.1:80 -r 10.7.7.7:80 -m -w 1", servers[0], "-R"])

    def test_a_refused_service_is_said_once_and_its_real_servers_are_not_tried_one_by_one(self) -> None:
        self.kernel("-A -t 10.0.0.1:80 -s rr")
        refused = "-A -t 10.0.0.1:81 -s rr --pe none"
        (self.rules / "a.rules").write_text("")
        failed = self.carry_out([refused, *(f"-a -t 10.0.0.1:81 -r 10.0.1.{at}:80 -m -w 1" for at in range(9)),
                                 "-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 1"])
        self.assertEqual(len(failed), 10)
        self.assertEqual(self.changes(), ["-R", refused])
        self.assertEqual(self.kernel()[1:], ["-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 1"])

    def test_a_line_that_hangs_in_a_batch_is_named_and_what_was_done_before_it_is_said(self) -> None:
        self.kernel("-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 1")
        self.wanted("-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 2", "-A -t 10.0.0.1:81 -s rr",
                    "-a -t 10.0.0.1:81 -r 10.0.1.1:80 -m -w 1")
        (self.bin / "hangs").write_text("-e")
        done = self.run_program("apply")
        self.assertEqual((done.returncode, done.stdout), (1, "+ -A -t 10.0.0.1:81 -s rr\n"))
        self.assertEqual(done.stderr, "ipvs-rules: no answer within 2 s, given up: ipvsadm -R, at "
                         "-e -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 2\n")

    def test_what_was_seen_is_kept_for_a_quick_look_only_while_nothing_is_left_to_do(self) -> None:
        seen = self.state.with_name("ipvs-seen")
        lines = ["-A -t 10.0.0.1:80 -s rr", *(f"-a -t 10.0.0.1:80 -r 10.0.1.{at}:80 -m -w 1" for at in (1, 2))]
        self.wanted(*lines)
        self.run_program("apply")
        self.assertFalse(seen.exists())
        self.run_program("apply")
        self.assertEqual(seen.read_text().splitlines(), self.kernel())
        self.wanted(*lines[:2])
        # Its date is from before the files were read, so that a later change of them is always newer.
        self.assertLess(seen.stat().st_mtime, (self.rules / "a.rules").stat().st_mtime)
        self.run_program("check")
        self.assertTrue(seen.exists())
        self.run_program("apply")  # one drains
        self.assertFalse(seen.exists())
        self.run_program("apply")
        self.assertFalse(seen.exists())
        time.sleep(plans.SETTLE_SECONDS + 0.1)
        self.run_program("apply")  # it leaves
        self.assertFalse(seen.exists())
        self.run_program("apply")
        self.assertTrue(seen.exists())
        self.wanted("nonsense", name="b")
        self.run_program("apply")
        self.assertFalse(seen.exists())

    def test_a_machine_that_leaves_is_drained_from_every_service_and_stays_out_until_it_returns(self) -> None:
        web = ["-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 1", "-a -t 10.0.0.1:80 -r 10.0.1.12:80 -m -w 1"]
        dns = ["-A -u [fd00::1]:53 -s rr", "-a -u [fd00::1]:53 -r [fd00::31]:53 -m -w 1", "-a -u [fd00::1]:53 -r [fd00::3]:53 -m -w 1"]
        self.wanted(*web, *dns)
        self.run_program("apply")
        done = self.run_program("leave", "10.0.1.1", "fd00::31")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"~ -e -t 10\.0\.0\.1:80 -r 10\.0\.1\.1:80 -m -w 0\n(?s:.*)- -d -t 10\.0\.0\.1:80 -r 10\.0\.1\.1:80\n$")
        self.assertEqual(set(self.kernel()), {dns[0], dns[2], web[0], web[2]})
        # Neither the timer nor a boot brings it back.
        self.assertIn("nothing to change", self.run_program("apply").stdout)
        (self.bin / "kernel").unlink()
        self.run_program("apply")
        self.assertEqual(set(self.kernel()), {dns[0], dns[2], web[0], web[2]})
        done = self.run_program("return", "10.0.1.1", "fd00::31", "10.0.1.99")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(set(self.kernel()), {*dns, *web})
        self.assertEqual(self.run_program("return", "10.0.1.1").stdout, "")

    def test_a_machine_that_leaves_is_waited_for_until_its_deadline(self) -> None:
        self.wanted("-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 1")
        self.run_program("apply")
        (self.bin / "listing").write_text("TCP  10.0.0.1:80 rr\n  -> 10.0.1.1:80  0  0  3  0\n")
        started = time.monotonic()
        done = self.run_program("leave", "10.0.1.1", "--drain-seconds", "4")
        self.assertEqual(done.returncode, 0)
        self.assertGreaterEqual(time.monotonic() - started, 4)
        self.assertEqual(self.kernel(), ["-A -t 10.0.0.1:80 -s rr"])

    def test_a_run_waits_for_another_one_but_not_for_ever(self) -> None:
        self.wanted()
        self.state.parent.mkdir()
        with open(self.state.with_name("ipvs-rules.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write("4711\n")
            lock.flush()
            done = self.run_program("apply")
        self.assertEqual(done.returncode, 1)
        self.assertIn("another run (process 4711) holds", done.stderr)
        self.assertEqual(self.run_program("apply").returncode, 0)

    def test_whatever_the_kernel_holds_is_no_reason_to_leave_the_rest_alone(self) -> None:
        self.kernel("-A -t 10.0.0.1:81 -s none", "-A -t 10.0.0.1:82 -s sh -b ", "-A -t 10.0.0.1:83 -s best --new 1 -q",
                    "-A --quic 10.0.0.1:84 -s rr", "-a -t 10.0.0.1:81 -r 10.0.0.7:9 -g -w 1 --colour blue")
        self.wanted("-A -t 10.0.0.1:82 -s sh", "-A -t 10.0.0.1:85 -s rr")
        done = self.run_program("apply", "--drain-seconds", "0")
        self.assertEqual(self.kernel(), ["-A --quic 10.0.0.1:84 -s rr", "-A -t 10.0.0.1:82 -s sh", "-A -t 10.0.0.1:85 -s rr"])
        self.assertIn("not understood, left alone: ", done.stderr)

    def test_neither_the_callers_folder_nor_its_environment_gets_in(self) -> None:
        for name in ("json.py", "ipvs_table.py", "sitecustomize.py"):
            (self.rules / name).write_text("raise SystemExit('foreign code')\n")
        done = self.run_program("check")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no file *.rules", done.stderr)

    @unittest.skipIf(Path("/proc/net/ip_vs").exists(), "this kernel has IPVS")
    def test_a_kernel_without_ipvs_is_named(self) -> None:
        (self.bin / "ipvsadm").write_text("#!/bin/sh\nexit 2\n")
        self.wanted()
        done = self.run_program("apply")
        self.assertEqual(done.returncode, 3)
        self.assertIn("modprobe ip_vs", done.stderr)

    def test_its_grammar_is_that_of_python_3_9(self) -> None:
        for path in (PROGRAM, *MODULES):
            ast.parse(path.read_text(), feature_version=(3, 9))


if __name__ == "__main__":
    unittest.main()
