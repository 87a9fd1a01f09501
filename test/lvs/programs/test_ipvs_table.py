"""ipvs_table: what a line means. The kernel lines were printed by ipvsadm 1.31 on Linux 6.1."""
import ast
import importlib
import random
import re
import sys
import unittest
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
MODULE = Path(__file__).parents[3] / "constructs/lvs/programs/ipvs_table.py"
sys.path.insert(0, str(MODULE.parent))
tables: Any = importlib.import_module("ipvs_table")
plans: Any = importlib.import_module("ipvs_plan")

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
    *((f"-a -t 10.0.0.9:80 -r {address} -m", "an address that one machine can have")
      for address in ("0.0.0.0", "0.1.2.3", "224.0.0.1", "239.1.1.1:8080", "255.255.255.255")),
    *((f"-a -t 10.0.0.9:80 -r [{address}] -i", "an address that one machine can have")
      for address in ("::", "ff02::1", "fe80::1")),
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
    parsed, problems = tables.parse_table([("line", line) for line in lines], strict)
    assert not problems, problems
    return parsed


class Lines(unittest.TestCase):
    def test_a_service_reads_as_the_kernel_prints_it(self) -> None:
        for written, printed in SERVICES:
            with self.subTest(written):
                self.assertEqual(table(written), table(printed, strict=False))
                if "-f -1" not in printed and "ffff" not in printed:
                    self.assertEqual(tables.table_lines(table(written)), {printed})

    def test_a_real_server_reads_as_the_kernel_prints_it(self) -> None:
        for service, written, printed in SERVERS:
            name = service.replace(" -p 60", "")
            with self.subTest(f"{service} {written}"):
                wanted = table(f"-A {service}", f"-a {name} {written}")
                self.assertEqual(wanted, table(f"-A {service}", f"-a {name} {printed}", strict=False))
                self.assertIn(f"-a {name} {printed}".replace(" --tun-type ipip", ""), tables.table_lines(wanted))

    def test_what_would_be_refused_or_changed_silently_is_a_bad_line(self) -> None:
        for line, reason in REFUSED:
            with self.subTest(line):
                _, problems = tables.parse_table([("a.rules:1", "-A -t 10.0.0.9:80"), ("a.rules:2", line)])
                self.assertEqual(len(problems), 1, problems)
                self.assertTrue(problems[0].startswith("a.rules:2: "), problems)
                self.assertTrue(problems[0].endswith(f": {line}"), problems)
                self.assertIn(reason, problems[0])

    def test_nothing_is_defined_twice_however_it_is_written(self) -> None:
        lines = ["-A -t [fd00::1]:80 -s rr", "-A -t [FD00:0::1]:80 -s wrr"]
        lines += ["-a -t [fd00::1]:80 -r [fd00::2] -m", "-a -t [fd00::1]:80 -r [fd00:0::2]:80 -m"]
        _, problems = tables.parse_table([(str(at), line) for at, line in enumerate(lines)])
        self.assertEqual([problem.split(":")[:2] for problem in problems], [
            ["1", " this virtual service is defined twice"], ["3", " this real server is listed twice"]])

    def test_other_tunnels_of_others_can_be_read_from_the_kernel(self) -> None:
        line = "-a -t 10.0.0.1:81 -r 10.0.1.6:81 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum"
        self.assertIn(line, tables.table_lines(table("-A -t 10.0.0.1:81 -s rr", line, strict=False)))

    def test_thresholds_and_connections_come_from_the_listing(self) -> None:
        kernel = table(
            "-A -f -1 -s rr", "-A -t 10.0.0.1:80 -s wlc", "-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 1",
            "-a -t 10.0.0.1:80 -r 10.0.1.2:8080 -m -w 5", "-A -f 1 -6 -s rr", "-a -f 1 -6 -r [fd00::11]:0 -m -w 1")
        active = tables.read_listing(LISTING, kernel)
        self.assertEqual(active, {
            "-t 10.0.0.1:80 -r 10.0.1.1:80": 2, "-t 10.0.0.1:80 -r 10.0.1.2:8080": 0, "-f 1 -6 -r [fd00::11]:0": 4})
        self.assertEqual(kernel["-t 10.0.0.1:80"].servers["10.0.1.2:8080"].text(), "-m -w 5 -x 100 -y 50")


def kernel_service(chance: random.Random) -> str:
    """A line as `ipvsadm -S -n` prints it, by what the kernel can hold, of any program."""
    name = chance.choice(["-t 10.0.0.1:80", "-t 0.0.0.0:0", "-u 10.0.0.1:53", "--sctp-service 10.0.0.1:9", "-f 7", "-f -1",
                          "-f 7 -6", "-t [fd00::1]:80", "-u [fe80::1]:0", "--sctp-service [::]:1", "-t 255.255.255.255:65535"])
    mask = chance.choice(["0", "64", "127"]) if "[" in name or "-6" in name else chance.choice(["0.0.0.0", "255.0.255.0"])
    return f"-A {name} -s " + chance.choice([*tables.SCHEDULERS, "none", "of-a-module"]) + "".join(chance.choice(words) for words in [
        ["", " -p 1", " -p 4294967295", f" -p 360 -M {mask}"], ["", " --pe sip", " --pe other"], ["", " -o"],
        ["", " -b ", " -b flag-1", " -b flag-1,flag-3", " -b sh-port", " -b mh-fallback,mh-port", " -b flag-9"],
        ["", "", " --new", " --new 1 2 -z"]])


def kernel_server(chance: random.Random, service: str) -> str:
    name = re.match(r"-A (\S+ \S+(?: -6)?)", service)
    assert name
    return f"-a {name[1]}" + "".join(chance.choice(words) for words in [
        [" -r 10.0.1.1:80", " -r 127.0.0.1:0", " -r 240.0.0.1:65535", " -r [fd00::2]:80", " -r [::1]:8080", " -r [ff02::1]:1"],
        [" -m", " -g", " -i"], [" -w 0", " -w 1", " -w 2147483647"],
        ["", "", " --tun-type ipip", " --tun-type gue --tun-port 6080 --tun-remcsum", " --tun-type gre --tun-csum",
         " --tun-type new --tun-key 5", " --colour blue"]])


class WhateverTheKernelHolds(unittest.TestCase):
    def test_it_can_be_read_and_taken_away(self) -> None:
        for seed in range(3000):
            chance = random.Random(seed)
            service = kernel_service(chance)
            server = kernel_server(chance, service)
            with self.subTest(seed=seed, service=service, server=server):
                held = table(service, server, strict=False)
                self.assertEqual(held, table(*tables.table_lines(held), strict=False))  # one way of saying it
                [(key, only)] = held.items()
                self.assertTrue(service.startswith(f"-A {key.replace('4294967295', '-1')} "))
                now = plans.Now(held, {}, {}, 100.0, 60.0)
                first = plans.plan_leaving({}, now, set())
                quieted = [step.command for step in first.steps]
                if not key.startswith("-u "):
                    self.assertTrue(all(f"-e {key} -r " in command and " -w 0" in command for command in quieted), quieted)
                later = plans.plan_leaving({}, now._replace(kernel=first.expected, drains=first.drains, seconds=160.0), set())
                commands = quieted if key.startswith("-u ") else [step.command for step in later.steps]
                self.assertEqual(commands, [f"-d {key} -r {next(iter(only.servers))}", f"-D {key}"])

    def test_another_port_than_the_services_is_edited_as_masquerading(self) -> None:
        for service, server, edit in [
            ("-t 10.0.0.1:80", "10.0.1.1:8080 -g", "-m -w 0"), ("-t [fd00::1]:80", "[fd00::2]:81 -i", "-m -w 0"),
            ("-t 10.0.0.1:80", "10.0.1.1:80 -i", "-i -w 0"), ("-f 1", "10.0.1.1:8080 -g", "-g -w 0"),
            ("-t 10.0.0.1:80", "[fd00::2]:81 -i", ""),
        ]:
            with self.subTest(server):
                held = table(f"-A {service} -s rr", f"-a {service} -r {server} -w 1", strict=False)
                steps = plans.plan_leaving({}, plans.Now(held, {}, {}, 100.0, 60.0), set()).steps
                self.assertEqual([step.command for step in steps],
                                 [f"-e {service} -r {server.split()[0]} {edit}"] if edit else [])


class Grammar(unittest.TestCase):
    def test_it_is_that_of_python_3_9(self) -> None:
        ast.parse(MODULE.read_text(), feature_version=(3, 9))


if __name__ == "__main__":
    unittest.main()
