"""ipvs-rules: what a line means, what a plan does. The kernel lines were printed by ipvsadm 1.31 on Linux 6.1."""
import ast
import random
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


def load_program() -> Any:
    spec = spec_from_loader("ipvs_rules", SourceFileLoader("ipvs_rules", str(PROGRAM)))
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rules = load_program()

# What an operator may write, and what `ipvsadm -S -n` then printed.
SERVICES = [
    ("-A -t 10.0.0.1:80", "-A -t 10.0.0.1:80 -s wlc"),
    ("-A -t 10.0.0.1:82 -s rr -p", "-A -t 10.0.0.1:82 -s rr -p 360"),
    ("-A -t 10.0.0.1:84 -s rr -p 600 -M 255.255.255.0", "-A -t 10.0.0.1:84 -s rr -p 600 -M 255.255.255.0"),
    ("-A -t 10.0.0.1:85 -s rr -p 600 -M 255.255.255.255", "-A -t 10.0.0.1:85 -s rr -p 600"),
    ("-A -t 10.0.0.1:0 -p 60 -s rr", "-A -t 10.0.0.1:0 -s rr -p 60"),
    ("-A -u 10.0.0.1:54 -s rr --ops", "-A -u 10.0.0.1:54 -s rr -o"),
    ("-A -u 10.0.0.1:1 -s rr -o -p 60", "-A -u 10.0.0.1:1 -s rr -p 60 -o"),
    ("-A -t 10.0.0.1:86 -s sh -b sh-port,sh-fallback", "-A -t 10.0.0.1:86 -s sh -b sh-fallback,sh-port"),
    ("-A -t 10.0.0.1:89 -s mh -b mh-port,mh-fallback", "-A -t 10.0.0.1:89 -s mh -b mh-fallback,mh-port"),
    ("-A -t 10.0.0.1:8 -s lc -b flag-3,flag-1", "-A -t 10.0.0.1:8 -s lc -b flag-1,flag-3"),
    ("-A -u 10.0.0.1:5060 -s rr -p 100 --pe sip", "-A -u 10.0.0.1:5060 -s rr -p 100 --pe sip"),
    ("-A --sctp-service 10.0.0.1:99 -s rr", "-A --sctp-service 10.0.0.1:99 -s rr"),
    ("-A -t [fd00::1]:80 -s rr -p 40 -M 128", "-A -t [fd00::1]:80 -s rr -p 40"),
    ("-A -t [FD00:0:0::0002]:80 -s rr -p 40 -M 64", "-A -t [fd00::2]:80 -s rr -p 40 -M 64"),
    ("-A -t [::ffff:10.0.0.1]:80 -s rr", "-A -t [::ffff:10.0.0.1]:80 -s rr"),
    ("-A -f 1 -s rr", "-A -f 1 -s rr"),
    ("-A -f 1 -6 -s rr", "-A -f 1 -6 -s rr"),
    ("-A -f 4294967295 -s rr", "-A -f -1 -s rr"),
]
SERVERS = [
    ("-t 10.0.0.1:80", "-r 10.0.1.1", "-r 10.0.1.1:80 -g -w 1"),
    ("-t 10.0.0.1:80", "-r 10.0.1.5 -m", "-r 10.0.1.5:80 -m -w 1"),
    ("-t 10.0.0.1:80", "-r 10.0.1.2:8080 -w 5 -m", "-r 10.0.1.2:8080 -m -w 5"),
    ("-t 10.0.0.1:80", "-r 10.0.1.4:80 -i -w 0", "-r 10.0.1.4:80 -i -w 0 --tun-type ipip"),
    ("-t 10.0.0.1:0 -p 60", "-r 10.0.1.10 -m", "-r 10.0.1.10:0 -m -w 1"),
    ("-t [fd00::1]:80", "-r [fd00::0:10]:80 -m", "-r [fd00::10]:80 -m -w 1"),
    ("-t [fd00::1]:80", "-r 10.0.0.7:80 -i", "-r 10.0.0.7:80 -i -w 1 --tun-type ipip"),
    ("-f 1", "-r 10.0.1.10 -m", "-r 10.0.1.10:0 -m -w 1"),
    ("-f 1", "-r 10.0.1.10:91 -g", "-r 10.0.1.10:91 -g -w 1"),
    ("-f 1 -6", "-r [fd00::11] -m", "-r [fd00::11]:0 -m -w 1"),
]
REFUSED = [
    ("garbage", "a line starts with"),
    ("-C", "a line starts with"),
    ("-D -t 10.0.0.1:80", "a line starts with"),
    ("-A -s rr", "names the virtual service"),
    ("-A -t 10.0.0.1:80 -u 10.0.0.1:80", "names the virtual service"),
    ("-A -t 10.0.0.1:80 -6", "-6 belongs to -f"),
    ("-A -t 10.0.0.1", "the port takes a number"),
    ("-A -t 10.0.0.1:http", "is no ADDRESS:PORT"),
    ("-A -t web:80", "is no ADDRESS:PORT"),
    ("-A -t fd00::1:80", "is no ADDRESS:PORT"),
    ("-A -t [fe80::1%eth0]:80", "is no ADDRESS:PORT"),
    ("-A -t 10.0.0.256:80", "10.0.0.256"),
    ("-A -t 10.0.0.1:65536", "0 to 65535"),
    ("-A -t 10.0.0.1:0", "port 0 (every port) needs -p"),
    ("-A -f 0", "-f takes a number"),
    ("-A -f 0x10", "-f takes a number"),
    ("-A -t 10.0.0.1:80 -s best", "-s takes one of"),
    ("-A -t 10.0.0.1:80 -s", "-s needs a value"),
    ("-A -t 10.0.0.1:80 -s rr -s rr", "unexpected -s"),
    ("-A -t 10.0.0.1:80 -w 1", "unexpected -w"),
    ("-A -t 10.0.0.1:80 -p 0", "-p takes a number from 1 to 2678400"),
    ("-A -t 10.0.0.1:80 -p 2678401", "-p takes a number from 1 to 2678400"),
    ("-A -t 10.0.0.1:80 -M 255.255.255.0", "-M needs -p"),
    ("-A -t 10.0.0.1:80 -p 60 -M 24", "24"),
    ("-A -t [fd00::1]:80 -p 60 -M 129", "-M takes a number from 1 to 128"),
    ("-A -t 10.0.0.1:80 -o", "-o is for UDP"),
    ("-A -t 10.0.0.1:80 --pe dns", "--pe takes sip"),
    ("-A -t 10.0.0.1:80 -s mh -b sh-port", "-b takes some of mh-fallback,mh-port"),
    ("-A -t 10.0.0.1:80 -s rr -b", "-b needs a value"),
    ("-a -t 10.9.9.9:80 -r 10.0.1.1 -m", "its virtual service is defined nowhere"),
    ("-a -t 10.0.0.9:80 -m", "is no ADDRESS:PORT"),
    ("-a -t 10.0.0.9:80 -r 0.0.0.0 -m", "a real server needs an address"),
    ("-a -t 10.0.0.9:80 -r 10.0.1.1 -m -g", "one of -m, -g and -i"),
    ("-a -t 10.0.0.9:80 -r 10.0.1.1:81 -g", "-g can't change the port"),
    ("-a -t 10.0.0.9:80 -r 10.0.1.1:81 -i", "-i can't change the port"),
    ("-a -t 10.0.0.9:80 -r [fd00::1]:80 -m", "IPv4 and IPv6 mix in tunneling"),
    ("-a -t 10.0.0.9:80 -r 10.0.1.1 -m -w 2147483648", "-w takes a number from 0 to 2147483647"),
    ("-a -t 10.0.0.9:80 -r 10.0.1.1 -m -w -1", "-w takes a number"),
    ("-a -t 10.0.0.9:80 -r 10.0.1.1 -m -x 1 -y 2", "-y is above -x"),
    ("-a -t 10.0.0.9:80 -r 10.0.1.1 -m --tun-type ipip", "--tun-type with -i only"),
    ("-a -t 10.0.0.9:80 -r 10.0.1.1 -i --tun-type gre", "the only tunnel"),
    ("-a -t 10.0.0.9:80 -r 10.0.1.1 -m -s rr", "unexpected -s"),
]
LISTING = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn 
  -> RemoteAddress:Port
FWM  -1 rr
TCP  10.0.0.1:80 wlc
  -> 10.0.1.1:80                  0          0          2          7         
  -> 10.0.1.2:8080                100        50         0          3         
FWM  1 IPv6 rr
  -> [fd00::11]:0                 0          0          4          0         
"""


def table(*lines: str, strict: bool = True) -> Any:
    parsed, problems = rules.parse_table([("line", line) for line in lines], strict)
    assert not problems, problems
    return parsed


class Lines(unittest.TestCase):
    def test_a_service_reads_as_the_kernel_prints_it(self) -> None:
        for written, printed in SERVICES:
            with self.subTest(written):
                self.assertEqual(table(written), table(printed, strict=False))
                if "-f -1" not in printed and "ffff" not in printed:
                    self.assertEqual(rules.table_lines(table(written)), {printed})

    def test_a_real_server_reads_as_the_kernel_prints_it(self) -> None:
        for service, written, printed in SERVERS:
            name = service.replace(" -p 60", "")
            with self.subTest(f"{service} {written}"):
                wanted = table(f"-A {service}", f"-a {name} {written}")
                self.assertEqual(wanted, table(f"-A {service}", f"-a {name} {printed}", strict=False))
                self.assertIn(f"-a {name} {printed}".replace(" --tun-type ipip", ""), rules.table_lines(wanted))

    def test_what_would_be_refused_or_changed_silently_is_a_bad_line(self) -> None:
        for line, reason in REFUSED:
            with self.subTest(line):
                _, problems = rules.parse_table([("a.rules:1", "-A -t 10.0.0.9:80"), ("a.rules:2", line)])
                self.assertEqual(len(problems), 1, problems)
                self.assertTrue(problems[0].startswith("a.rules:2: "), problems)
                self.assertTrue(problems[0].endswith(f": {line}"), problems)
                self.assertIn(reason, problems[0])

    def test_nothing_is_defined_twice_however_it_is_written(self) -> None:
        lines = ["-A -t [fd00::1]:80 -s rr", "-A -t [FD00:0::1]:80 -s wrr"]
        lines += ["-a -t [fd00::1]:80 -r [fd00::2] -m", "-a -t [fd00::1]:80 -r [fd00:0::2]:80 -m"]
        _, problems = rules.parse_table([(str(at), line) for at, line in enumerate(lines)])
        self.assertEqual([problem.split(":")[:2] for problem in problems], [
            ["1", " this virtual service is defined twice"], ["3", " this real server is listed twice"]])

    def test_other_tunnels_of_others_can_be_read_from_the_kernel(self) -> None:
        line = "-a -t 10.0.0.1:81 -r 10.0.1.6:81 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum"
        self.assertIn(line, rules.table_lines(table("-A -t 10.0.0.1:81 -s rr", line, strict=False)))

    def test_thresholds_and_connections_come_from_the_listing(self) -> None:
        kernel = table(
            "-A -f -1 -s rr", "-A -t 10.0.0.1:80 -s wlc", "-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 1",
            "-a -t 10.0.0.1:80 -r 10.0.1.2:8080 -m -w 5", "-A -f 1 -6 -s rr", "-a -f 1 -6 -r [fd00::11]:0 -m -w 1")
        active = rules.read_listing(LISTING, kernel)
        self.assertEqual(active, {
            "-t 10.0.0.1:80 -r 10.0.1.1:80": 2, "-t 10.0.0.1:80 -r 10.0.1.2:8080": 0, "-f 1 -6 -r [fd00::11]:0": 4})
        self.assertEqual(kernel["-t 10.0.0.1:80"].servers["10.0.1.2:8080"].text(), "-m -w 5 -x 100 -y 50")


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
        options = rules.read_options(["-A" if letter in "AED" else "-a", *words[1:]])
        key = rules.service_key(options)
        assert (key in self.table) == (letter != "A"), command
        if letter in "AE":
            servers = self.table[key].servers if letter == "E" else {}
            self.table[key] = rules.Service(rules.service_options(options, key), servers)
        elif letter == "D":
            del self.table[key]
        else:
            servers, address = self.table[key].servers, options["-r"]
            assert (address in servers) == (letter != "a"), command
            if letter == "d":
                del servers[address]
            else:
                servers[address] = rules.read_server(options)


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
            untouched = rules.table_lines(wanted) & rules.table_lines(kernel.table)
            plan = rules.make_plan(wanted, kernel.table, active, drains, now, 30.0)
            for command in plan.commands:
                self.assertNotIn(command.replace("-E", "-A", 1).replace("-e", "-a", 1), untouched)
                kernel.run(command)
            self.assertEqual(kernel.table, plan.expected)
            self.assertEqual(rules.differences(plan.expected, kernel.table), [])
            self.assertLessEqual(rules.table_lines(wanted), rules.table_lines(kernel.table))
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
        state = ["--state", str(self.folder / "state.json"), "--rules", str(self.folder)]
        return subprocess.run([sys.executable, "-IS", str(PROGRAM), *words, *state], capture_output=True, text=True)

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
