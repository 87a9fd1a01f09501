"""consul-rules: what instances become, what an empty or broken answer does, and that nothing else changes."""
import ast
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any, Dict, List, Optional

sys.dont_write_bytecode = True
PROGRAM = Path(__file__).parents[3] / "constructs/lvs/programs/consul-rules.py"
SAFELY = PROGRAM.parents[2] / "packets/programs/safely.py"
sys.path[:0] = [str(PROGRAM.parent), str(SAFELY.parent)]


def load_program() -> Any:
    spec = spec_from_loader("consul_rules", SourceFileLoader("consul_rules", str(PROGRAM)))
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


program = load_program()
ABOUT = "# Instances of hello in Consul; consul-rules writes this file.\n"


def entry(**changes: Any) -> Dict[str, Any]:
    return {"virtualService": "-t 10.0.0.100:80", "forwarding": "-m", "service": "hello", "family": 4,
            "graceSeconds": 30, "never": ["10.0.0.20", "10.0.0.100"], **changes}


def instance(address: Any = "10.0.0.31", port: Any = 23747, weight: Any = 1, **more: Any) -> Dict[str, Any]:
    return {"address": address, "port": port, "weight": weight, "node": "web1", "id": "hello-1", **more}


def instances(*found: Dict[str, Any], service: str = "hello", count: Optional[int] = None) -> str:
    end = {"instances": len(found) if count is None else count, "service": service}
    return "".join(json.dumps(line) + "\n" for line in [*found, end])


def server(at: str, weight: int = 1) -> str:
    return f"-a -t 10.0.0.100:80 -r {at} -m -w {weight}\n"


class Instances(unittest.TestCase):
    followed = program.read_entry("web", entry())

    def read(self, *found: Dict[str, Any]) -> Any:
        return program.read_instances(instances(*found), self.followed)

    def test_address_port_and_weight(self) -> None:
        self.assertEqual(self.read(instance(), instance("10.0.0.32", 20001, 5)),
                         ({"10.0.0.31:23747": 1, "10.0.0.32:20001": 5}, []))

    def test_one_server_registered_twice_is_one(self) -> None:
        self.assertEqual(self.read(instance(weight=2), instance(id="other"))[0], {"10.0.0.31:23747": 2})

    def test_where_the_port_is_kept_only_machines_that_are_set_up_count(self) -> None:
        followed = program.read_entry("web", entry(forwarding="-g", only=["10.0.0.31"], port=80))
        found, skipped = program.read_instances(
            instances(instance(port=9080), instance("10.0.0.99", 9080, id="stray")), followed)
        self.assertEqual(found, {"10.0.0.31:80": 1})
        self.assertEqual(skipped, ["instance 'stray' of hello on node 'web1' is left out: its address 10.0.0.99 is that "
                                   "of no machine that is set up for -g"])

    def test_a_weight_that_is_none_counts_one(self) -> None:
        for weight in (0, -1, 65536, None, "7", True, 1.5):
            self.assertEqual(self.read(instance(weight=weight))[0], {"10.0.0.31:23747": 1})

    def test_a_weight_in_the_meta_goes_before_the_registration_s(self) -> None:
        self.assertEqual(self.read(instance(weight=1, metaWeight="7"))[0], {"10.0.0.31:23747": 7})
        for said in ("", "0", "65536", "1.5", "-2", "x", "\u0667", 7, None):
            expected = 3 if said not in ("0", "65536") else 1
            self.assertEqual(self.read(instance(weight=3, metaWeight=said))[0], {"10.0.0.31:23747": expected})

    def test_unusable_ones_are_left_out_with_the_reason(self) -> None:
        for unusable, reason in [
            (instance(port=0), "its port 0 is none"),
            (instance(port=65536), "its port 65536 is none"),
            (instance(port="80"), "its port '80' is none"),
            (instance(port=True), "its port True is none"),
            (instance(""), "its address '' is none that packets can be sent to"),
            (instance("web.example"), "its address 'web.example' is none that packets can be sent to"),
            (instance("10.0.0.1 -w 9"), "its address '10.0.0.1 -w 9' is none that packets can be sent to"),
            (instance(167772161), "its address 167772161 is none that packets can be sent to"),
            (instance("fd00::1"), "its address fd00::1 is not IPv4, as the virtual service's is"),
            (instance("127.0.0.1"), "its address 127.0.0.1 is none that leads to another machine"),
            (instance("0.0.0.0"), "its address 0.0.0.0 is none that leads to another machine"),
            (instance("224.0.0.1"), "its address 224.0.0.1 is none that leads to another machine"),
            (instance("10.0.0.20"), "its address 10.0.0.20 is the director's own"),
        ]:
            with self.subTest(reason):
                usable, skipped = self.read(unusable, instance())
                self.assertEqual(usable, {"10.0.0.31:23747": 1})
                self.assertEqual(skipped, [f"instance 'hello-1' of hello on node 'web1' is left out: {reason}"])

    def test_ipv6(self) -> None:
        followed = program.read_entry("web", entry(virtualService="-t [fd00::100]:80", family=6))
        servers, _ = program.read_instances(instances(instance("FD00:0:0::31")), followed)
        self.assertEqual(program.render_rules(followed, servers),
                         f"{ABOUT}-a -t [fd00::100]:80 -r [fd00::31]:23747 -m -w 1\n")

    def test_what_it_writes_it_reads(self) -> None:
        servers = {"10.0.0.31:1": 7, "[fd00::1]:2": 1}
        for words in ("-t 10.0.0.1:80", "-f 1 -6", "-u [fd00::9]:53"):
            followed = program.read_entry("web", entry(virtualService=words))
            self.assertEqual(program.read_rules(program.render_rules(followed, servers)), servers)


class Files(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.rules, self.instances = self.folder / "rules", self.folder / "instances"
        self.installed = self.folder / "installed"
        for path in (self.rules, self.instances, self.installed):
            path.mkdir()
        for path in (PROGRAM, SAFELY):
            shutil.copy(path, self.installed)
        self.follow(web=entry())

    def follow(self, **entries: Dict[str, Any]) -> None:
        (self.folder / "followed.json").write_text(json.dumps(entries))

    def consul_says(self, text: str, name: str = "web") -> None:
        (self.instances / f"{name}.instances").write_text(text)

    def run_program(self, expect: int = 0) -> str:
        words: List[str] = []
        for option, name in [("followed", "followed.json"), ("instances", "instances"), ("rules", "rules"),
                             ("state", "state.json")]:
            words += [f"--{option}", str(self.folder / name)]
        done = subprocess.run([sys.executable, "-BESs", str(self.installed / PROGRAM.name), *words], capture_output=True, text=True)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def web(self) -> str:
        return (self.rules / "consul-web.rules").read_text()

    def time_passes(self, seconds: float) -> None:
        """Instead of waiting: what the state says happened that much earlier."""
        state = json.loads((self.folder / "state.json").read_text())
        state["web"]["since"] -= seconds
        (self.folder / "state.json").write_text(json.dumps(state))

    def test_instances_come_and_go(self) -> None:
        self.consul_says(instances(instance(), instance("10.0.0.32", 20001, 5)))
        self.assertEqual(self.run_program(), "web: + (weight 1) 10.0.0.31:23747\nweb: + (weight 5) 10.0.0.32:20001\n")
        self.assertEqual(self.web(), ABOUT + server("10.0.0.31:23747") + server("10.0.0.32:20001", 5))
        before = (self.rules / "consul-web.rules").stat()
        self.assertEqual(self.run_program(), "")
        self.assertEqual((self.rules / "consul-web.rules").stat(), before)
        self.consul_says(instances(instance(weight=3)))
        self.assertEqual(self.run_program(), "web: ~ (weight 1 to 3) 10.0.0.31:23747\nweb: - 10.0.0.32:20001\n")
        self.assertEqual(self.web(), ABOUT + server("10.0.0.31:23747", 3))
        self.assertEqual([path.name for path in self.rules.iterdir()], ["consul-web.rules"])

    def test_without_a_word_from_consul_nothing_changes(self) -> None:
        self.assertEqual(self.run_program(), "")
        self.assertEqual(list(self.rules.iterdir()), [])
        (self.rules / "consul-web.rules").write_text(ABOUT + server("10.0.0.31:1"))  # from before the boot
        self.assertEqual(self.run_program(), "")
        self.assertEqual(self.web(), ABOUT + server("10.0.0.31:1"))

    def test_torn_or_wrong_instances_change_nothing_and_are_said_once(self) -> None:
        self.consul_says(instances(instance()))
        self.run_program()
        for text, reason in [
            (instances(instance()).splitlines()[0] + "\n", "it is torn: 0 instances, its end says None"),
            (instances(instance(), count=2), "it is torn: 1 instances, its end says 2"),
            (instances(instance())[:20], "Unterminated string starting at: line 1 column 13 (char 12)"),
            ("\n", "it is no list of instances"),
            (instances(service="other"), "it is about the service 'other', not yet about 'hello'"),
            ("[1]\n", "it is no list of instances"),
        ]:
            with self.subTest(reason):
                self.consul_says(text)
                self.assertIn(f"web.instances: {reason}; the real servers stay as they are\n", self.run_program(expect=1))
                self.assertEqual(self.run_program(expect=1), "")
                self.assertEqual(self.web(), ABOUT + server("10.0.0.31:23747"))
        self.consul_says("")
        self.assertEqual(self.run_program(), "")
        self.assertEqual(self.web(), ABOUT + server("10.0.0.31:23747"))

    def test_without_a_healthy_instance_the_last_stay_for_the_grace_time_then_clients_are_refused(self) -> None:
        self.consul_says(instances(instance()))
        self.run_program()
        self.consul_says(instances())
        self.assertEqual(self.run_program(), "web: hello has no healthy instance: the last ones stay for 30 s\n")
        self.time_passes(15)  # the rest of the half minute is left to a machine that is busy meanwhile
        self.assertEqual(self.run_program(), "")
        self.assertEqual(self.web(), ABOUT + server("10.0.0.31:23747"))
        self.time_passes(15)
        self.assertEqual(self.run_program(),
                         "web: hello has no healthy instance: clients are refused\nweb: - 10.0.0.31:23747\n")
        self.assertEqual(self.web(), ABOUT)
        self.assertEqual(self.run_program(), "")
        self.consul_says(instances(instance()))
        self.assertEqual(self.run_program(), "web: + (weight 1) 10.0.0.31:23747\n")

    def test_a_grace_that_was_interrupted_starts_anew(self) -> None:
        for found in (instances(instance()), instances(), instances(instance())):
            self.consul_says(found)
            self.run_program()
        self.consul_says(instances())
        self.assertIn("the last ones stay for 30 s", self.run_program())

    def test_unusable_instances_alone_count_as_none(self) -> None:
        self.consul_says(instances(instance()))
        self.run_program()
        self.consul_says(instances(instance(port=0)))
        self.assertIn("the last ones stay for 30 s", self.run_program())
        self.assertEqual(self.run_program(), "")

    def test_keep_last_keeps_for_ever_and_no_grace_refuses_at_once(self) -> None:
        for grace, left in [(None, ABOUT + server("10.0.0.31:23747")), (0, ABOUT)]:
            with self.subTest(grace=grace):
                self.follow(web=entry(graceSeconds=grace))
                self.consul_says(instances(instance()))
                self.run_program()
                self.consul_says(instances())
                self.run_program()
                self.time_passes(1e6)
                self.run_program()
                self.assertEqual(self.web(), left)

    def test_a_service_without_any_instance_so_far_has_no_last_ones(self) -> None:
        self.consul_says(instances())
        self.assertEqual(self.run_program(), "web: hello has no healthy instance: clients are refused\n")
        self.assertEqual(self.web(), ABOUT)

    def test_a_new_address_of_the_virtual_service_counts_at_once_also_without_consul(self) -> None:
        (self.rules / "consul-web.rules").write_text(ABOUT + server("10.0.0.31:1", 4))
        self.follow(web=entry(virtualService="-t 10.0.0.101:8080"))
        self.assertEqual(self.run_program(), "")
        self.assertEqual(self.web(), f"{ABOUT}-a -t 10.0.0.101:8080 -r 10.0.0.31:1 -m -w 4\n")

    def test_who_is_no_longer_followed_leaves_no_file_and_others_files_stay(self) -> None:
        self.follow(web=entry(), old=entry(virtualService="-t 10.0.0.9:80"))
        for name in ("web", "old"):
            self.consul_says(instances(instance()), name)
        (self.rules / "static.rules").write_text("-A -t 10.0.0.100:80\n")
        self.run_program()
        self.follow(web=entry())
        self.assertEqual(self.run_program(), "consul-old.rules: removed, no longer followed\n")
        self.assertEqual(sorted(path.name for path in self.rules.iterdir()), ["consul-web.rules", "static.rules"])
        self.assertEqual([path.name for path in self.instances.iterdir()], ["web.instances"])

    def test_a_wrong_list_changes_nothing(self) -> None:
        self.consul_says(instances(instance()))
        self.run_program()
        wrong = entry()
        del wrong["family"]
        for text in ("", "{", "[]", json.dumps({"web": wrong}), json.dumps({"web": wrong, "../x": entry()}), '{"web": 1}'):
            with self.subTest(text):
                (self.folder / "followed.json").write_text(text)
                self.assertRegex(self.run_program(expect=2), "nothing was changed|stay as they are")
                self.assertEqual(self.web(), ABOUT + server("10.0.0.31:23747"))
        (self.folder / "followed.json").unlink()
        self.assertIn("No such file", self.run_program(expect=2))

    def test_a_wrong_entry_is_not_in_the_way_of_the_others(self) -> None:
        for name in ("old", "web"):
            self.consul_says(instances(instance()), name)
        (self.rules / "consul-old.rules").write_text(ABOUT + server("10.0.0.31:1"))
        self.follow(old={**entry(), "family": "six"}, web=entry())
        self.assertIn("old: unexpected or missing", self.run_program(expect=2))
        self.assertEqual(self.web(), ABOUT + server("10.0.0.31:23747"))
        self.assertEqual((self.rules / "consul-old.rules").read_text(), ABOUT + server("10.0.0.31:1"))

    def test_what_can_t_be_written_is_not_said_and_not_in_the_way_of_the_others(self) -> None:
        self.follow(old=entry(virtualService="-t 10.0.0.9:80"), web=entry())
        for name in ("old", "web"):
            self.consul_says(instances(instance()), name)
        (self.rules / "consul-old.rules.new").mkdir()
        said = self.run_program(expect=1)
        self.assertNotIn("old: +", said)
        self.assertIn("web: + (weight 1) 10.0.0.31:23747", said)
        (self.rules / "consul-old.rules.new").rmdir()
        self.assertIn("old: + (weight 1) 10.0.0.31:23747", self.run_program())

    def test_a_damaged_state_is_no_reason_to_stop(self) -> None:
        self.consul_says(instances(instance()))
        for text in ("{", "[]", '{"web": 1}'):
            (self.folder / "state.json").write_text(text)
            self.run_program()

    def test_its_grammar_is_that_of_python_3_9(self) -> None:
        ast.parse(PROGRAM.read_text(), feature_version=(3, 9))


if __name__ == "__main__":
    unittest.main()
