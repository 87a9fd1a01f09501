"""nat_flows: which flows are ended when rules change, and which never are. The lines are those of conntrack 1.4.7."""
import importlib
import sys
import unittest
from pathlib import Path
from typing import Any, List

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[3] / "constructs/packets/programs"))
flows: Any = importlib.import_module("nat_flows")
rules: Any = importlib.import_module("iptables_text")

OWN = {"127.0.0.1", "10.0.0.20", "10.0.0.100", "fd00::20", "fd00::100"}
NOTHING = rules.Table({}, [])


def nat(*lines: str) -> Any:
    chains = dict.fromkeys(line.split()[1] for line in lines)
    hooks = [f"-A {chain.replace('VIPSTACK-', '')} -j {chain}" for chain in chains if chain.isupper()]
    return rules.own_part("\n".join(["*nat", *(f":{chain} - [0:0]" for chain in chains), *hooks, *lines])).get("nat", NOTHING)


def service(server: str = "10.0.0.31:53", vip: str = "10.0.0.100/32", port: int = 5353, protocol: str = "udp",
            more: str = "") -> List[str]:
    servers = [f"-A VIPSTACK-dns -p {protocol} -m statistic --mode nth --every 2 --packet 0 -j DNAT --to-destination {each}"
               for each in server.split()]
    return [f"-A VIPSTACK-PREROUTING -d {vip} -p {protocol} -m {protocol} --dport {port}{more} -j VIPSTACK-dns", *servers]


def snat(to: str, how: str = "-m conntrack --ctstate DNAT --ctorigdst 10.0.0.100 --ctorigdstport 5353") -> str:
    return f"-A VIPSTACK-POSTROUTING -d 10.0.0.31/32 -p udp -m udp --dport 53 {how} -j SNAT --to-source {to}"


def flow(to: str, server: str, answered: str = "10.0.0.10", protocol: str = "udp", state: str = "") -> str:
    (address, port), (source, source_port) = to.rsplit(":", 1), server.rsplit(":", 1)
    return (f"{protocol}      17 29 {state} src=10.0.0.10 dst={address} sport=4000 dport={port} [UNREPLIED] "
            f"src={source} dst={answered} sport={source_port} dport=4000 mark=0 use=1")


class Flows(unittest.TestCase):
    def ended(self, before: Any, now: Any, *lines: str) -> List[bool]:
        ways = flows.ways_of(before), flows.ways_of(now)
        each = [flows.endings(flows.read_flows(line), *ways, OWN) for line in lines]
        return [bool(words) for words in each]

    def test_of_a_server_that_left_and_no_other(self) -> None:
        before, now = nat(*service("10.0.0.31:53 10.0.0.32:53")), nat(*service("10.0.0.32:53"))
        self.assertEqual(self.ended(before, now,
                                    flow("10.0.0.100:5353", "10.0.0.31:53"), flow("10.0.0.100:5353", "10.0.0.32:53"),
                                    flow("10.0.0.100:5354", "10.0.0.31:53"), flow("10.0.0.101:5353", "10.0.0.31:53"),
                                    flow("10.0.0.31:53", "10.0.0.31:53"), flow("10.0.0.100:5353", "10.9.9.9:53")),
                         [True, False, False, False, False, False])

    def test_of_a_server_whose_port_changed(self) -> None:
        self.assertEqual(self.ended(nat(*service("10.0.0.31:53")), nat(*service("10.0.0.31:54")),
                                    flow("10.0.0.100:5353", "10.0.0.31:53"), flow("10.0.0.100:5353", "10.0.0.31:54")),
                         [True, False])

    def test_of_a_service_that_left(self) -> None:
        self.assertEqual(self.ended(nat(*service()), NOTHING, flow("10.0.0.100:5353", "10.0.0.31:53"),
                                    flow("10.0.0.100:5353", "10.0.0.100:5353"), flow("10.0.0.9:53", "10.0.0.31:53")),
                         [True, False, False])

    def test_of_a_service_that_came_to_an_address_that_was_local(self) -> None:
        lines = [flow("10.0.0.100:5353", "10.0.0.100:5353"), flow("10.0.0.20:5353", "10.0.0.20:5353")]
        self.assertEqual(self.ended(NOTHING, nat(*service()), *lines), [True, False])
        # Others' conditions: whether the rule means this flow is not known.
        self.assertEqual(self.ended(NOTHING, nat(*service(more=" -m mark --mark 0x1")), *lines), [False, False])
        self.assertEqual(self.ended(NOTHING, nat(*service(vip="10.0.0.100/32 ! -s 10.1.0.0/16")), *lines), [False, False])

    def test_of_a_redirect(self) -> None:
        def redirect(ports: str) -> Any:
            return nat(f"-A VIPSTACK-PREROUTING -p udp -m udp --dport 7000 -m addrtype --dst-type LOCAL -j REDIRECT --to-ports {ports}")
        lines = [flow("10.0.0.20:7000", "10.0.0.20:8001"), flow("10.0.0.20:7000", "10.0.0.20:8002"),
                 flow("10.0.0.20:7000", "10.0.0.20:7000"), flow("10.0.0.77:7000", "10.0.0.77:7000"),
                 flow("10.0.0.20:7000", "10.0.0.77:8001")]
        self.assertEqual(self.ended(redirect("8001-8002"), redirect("8002-8003"), *lines), [True, False, True, False, False])
        self.assertEqual(self.ended(redirect("8001"), NOTHING, *lines), [True, False, False, False, False])

    def test_ipv6(self) -> None:
        before, now = (nat(*service(f"[fd00::{server}]:53", "fd00::100/128")) for server in (31, 32))
        lines = [flow("fd00::100:5353", f"fd00::{server}:53", "fd00::10") for server in (31, 32)]
        self.assertEqual(self.ended(before, now, *lines), [True, False])

    def test_without_the_source_address_that_they_should_have(self) -> None:
        plain, rewritten = flow("10.0.0.100:5353", "10.0.0.31:53"), flow("10.0.0.100:5353", "10.0.0.31:53", "10.0.0.20")
        with_snat = nat(*service(), snat("10.0.0.20"))
        self.assertEqual(self.ended(nat(*service()), with_snat, plain, rewritten), [True, False])
        self.assertEqual(self.ended(with_snat, nat(*service()), plain, rewritten), [False, True])
        self.assertEqual(self.ended(with_snat, nat(*service(), snat("10.0.0.21")), plain, rewritten), [True, True])

    def test_ipvs_leads_its_flows_itself(self) -> None:
        ipvs = nat(snat("10.0.0.20", "-m ipvs --vproto 17 --vaddr 10.0.0.100 --vport 5353"))
        lines = [flow("10.0.0.100:5353", "10.0.0.31:53"), flow("10.0.0.100:5353", "10.0.0.31:53", "10.0.0.20"),
                 flow("10.0.0.100:5353", "10.0.0.32:53"), flow("10.0.0.100:5353", "10.0.0.100:5353")]
        self.assertEqual(self.ended(NOTHING, ipvs, *lines), [True, False, False, False])
        self.assertEqual(self.ended(ipvs, NOTHING, *lines), [False] * 4)

    def test_of_tcp_only_what_waits_for_its_first_answer(self) -> None:
        before, now = nat(*service(protocol="tcp")), nat(*service("10.0.0.32:53", protocol="tcp"))
        lines = [flow("10.0.0.100:5353", "10.0.0.31:53", protocol="tcp", state=state)
                 for state in ("SYN_SENT", "SYN_RECV", "ESTABLISHED", "TIME_WAIT")]
        self.assertEqual(self.ended(before, now, *lines), [True, False, False, False])
        [words] = flows.endings(flows.read_flows(lines[0]), flows.ways_of(before), flows.ways_of(now), OWN)
        self.assertEqual(" ".join(words), "-p tcp --orig-dst 10.0.0.100 --orig-port-dst 5353 --reply-src 10.0.0.31 "
                                          "--reply-port-src 53 --reply-dst 10.0.0.10 --state SYN_SENT")

    def test_words_in_a_comment_are_no_condition(self) -> None:
        options = flows.options_of('-A VIPSTACK-dns -p udp -m comment --comment "-d 10.9.9.9 ! -j X" -m comment --comment -s -j DNAT')
        self.assertEqual(sorted(options), ["--comment", "-A", "-j", "-m", "-p"])


if __name__ == "__main__":
    unittest.main()
