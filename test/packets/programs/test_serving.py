"""Rules of real servers that IPVS still has."""
import importlib
import sys
import unittest
from pathlib import Path
from typing import Any, Dict, List

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[3] / "constructs/packets/programs"))
program: Any = importlib.import_module("serving")
text: Any = importlib.import_module("iptables_text")

LISTING = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A5C0065:0050 rr
  -> 0A5C0020:1F90      Masq    1      0          2167
  -> 0A5C001F:1F90      Masq    0      3          2153
  -> 0A5C0022:0050      Route   1      0          0
TCP  [fd00:0000:0000:0000:0000:0000:0000:0001]:0050 rr
  -> [fd00:0000:0000:0000:0000:0000:0000:001f]:1F90      Masq    1      0          0
FWM  00000001 rr
  -> 0A5C0021:0000      Masq    1      0          0
"""


def snat(server: str, port: str, vip: str = "10.92.0.101", vport: str = "80") -> str:
    ports = f" -m tcp --dport {port}" if port else ""
    return (f"-A VIPSTACK-POSTROUTING -d {server}/32 -p tcp{ports} -m ipvs --vproto 6 --vaddr {vip} --vport {vport} "
            "-j SNAT --to-source 10.92.0.21")


def answer(server: str, port: str) -> str:
    return f"-A VIPSTACK-FORWARD -s {server} -p tcp -m tcp --sport {port} -j ACCEPT"


def tables(nat: List[str], forward: List[str]) -> Dict[str, Any]:
    return {"nat": text.Table({"VIPSTACK-POSTROUTING": nat} if nat else {}, ["-A POSTROUTING -j VIPSTACK-POSTROUTING"] if nat else []),
            "filter": text.Table({"VIPSTACK-FORWARD": forward, "VIPSTACK-INPUT": []}, ["-A FORWARD -j VIPSTACK-FORWARD"])}


class Rules(unittest.TestCase):
    def setUp(self) -> None:
        self.servers = program.serving(LISTING)

    def test_what_the_kernel_lists(self) -> None:
        self.assertEqual(self.servers, {
            ("10.92.0.101 80", "10.92.0.32 8080"), ("10.92.0.101 80", "10.92.0.31 8080"),
            ("fd00::1 80", "fd00::1f 8080"), ("", "10.92.0.33 0")})
        self.assertEqual(program.serving(""), set())

    def test_a_server_that_drains_keeps_its_rules_and_one_that_is_gone_does_not(self) -> None:
        kernel = tables([snat(f"10.92.0.{last}", "8080") for last in (31, 32, 35)],
                        [answer(f"10.92.0.{last}/32", "8080") for last in (31, 32, 35)])
        wanted = tables([snat("10.92.0.32", "8080")], [answer("10.92.0.32/32", "8080")])
        self.assertEqual(program.with_serving(wanted, kernel, self.servers), tables(
            [snat("10.92.0.31", "8080"), snat("10.92.0.32", "8080")],
            [answer("10.92.0.31/32", "8080"), answer("10.92.0.32/32", "8080")]))
        self.assertEqual(program.with_serving(wanted, kernel, set()), wanted)

    def test_what_is_wanted_is_not_kept_twice(self) -> None:
        same = tables([snat("10.92.0.32", "8080")], [answer("10.92.0.32/32", "8080")])
        self.assertEqual(program.with_serving(same, same, self.servers), same)

    def test_the_last_servers_chain_stays_with_its_jump(self) -> None:
        kernel = tables([snat("10.92.0.31", "8080")], [])
        self.assertEqual(program.with_serving(tables([], []), kernel, self.servers), kernel)

    def test_another_services_rule_goes(self) -> None:
        for rule in (snat("10.92.0.31", "8080", vport="443"), snat("10.92.0.31", "8081"), answer("10.92.0.34/32", "80"),
                     "-A VIPSTACK-FORWARD -p tcp -j ACCEPT", "-A VIPSTACK-FORWARD -s 10.92.0.31/32 -p tcp -m tcp --sport 8080 -j DROP"):
            self.assertFalse(program.needed(rule, self.servers), rule)

    def test_ipv6_and_a_firewall_marks_service(self) -> None:
        self.assertTrue(program.needed(answer("fd00::1f/128", "8080"), self.servers))
        self.assertTrue(program.needed(snat("10.92.0.33", "", vport="443"), self.servers))


if __name__ == "__main__":
    unittest.main()
