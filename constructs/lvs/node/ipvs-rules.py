#!/usr/bin/python3 -IS
"""ipvs-rules [apply|check]: make the kernel's IPVS table equal to a folder of rules, by difference.

The folder holds files NAME.rules with the lines that `ipvsadm -S -n` prints (comments and blank lines allowed),
read in name order. The whole table belongs to the folder: what is in the kernel and in no file leaves.
Nothing is ever flushed. A real server that leaves gets weight 0 and goes when it has no active connection
or its deadline has passed; each later `apply` (a timer calls it) takes that further. UDP leaves at once.
`check` prints what `apply` would do now and changes nothing.

Exit code: 0 the table is as the folder wants it (servers that drain in time included), 1 it is not,
2 the folder is wrong and nothing was changed, 3 this machine has no IPVS.
"""
from __future__ import annotations

import argparse
import fcntl
import ipaddress
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Set, Tuple

PROTOCOLS = {"TCP": "-t", "UDP": "-u", "SCTP": "--sctp-service", "FWM": "-f"}
SCHEDULERS = "rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh twos".split()
WITH_VALUE = {"-A": [*PROTOCOLS.values(), "-s", "-p", "-M", "-b", "--pe"],
              "-a": [*PROTOCOLS.values(), "-r", "-w", "-x", "-y", "--tun-type", "--tun-port"]}
SWITCHES = {"-A": ["-6", "-o"],
            "-a": ["-6", "-m", "-g", "-i", "--tun-csum", "--tun-nocsum", "--tun-remcsum"]}
SIGNS = {"-A": "+", "-a": "+", "-E": "~", "-e": "~", "-D": "-", "-d": "-"}
MAX_INT = 2**31 - 1
# A handshake in progress counts as an inactive connection; it becomes active well within this time.
SETTLE_SECONDS = 2.0


class Server(NamedTuple):
    """A real server as one service sees it; `tunnel` holds the options of another encapsulation than ipip."""
    method: str
    weight: int
    tunnel: str = ""
    upper: int = 0
    lower: int = 0

    def text(self) -> str:
        thresholds = f" -x {self.upper} -y {self.lower}" if self.upper else ""
        return f"{self.method} -w {self.weight}{self.tunnel}{thresholds}"


class Service(NamedTuple):
    options: str
    servers: Dict[str, Server]


class Drain(NamedTuple):
    """Seconds since the machine started: setting the clock can't end a drain early."""
    since: float
    deadline: float


class Plan(NamedTuple):
    commands: List[str]
    expected: Table  # what the kernel must hold afterwards
    drains: Drains


class Stop(Exception):
    """Ends the program with an exit code and a message."""


Table = Dict[str, Service]  # by the words that name a service: "-t 10.0.0.1:80", "-f 1 -6"
Drains = Dict[str, Drain]  # by "SERVICE -r SERVER"
Line = Tuple[str, str]  # where it stands, the line


# ---- lines: every function raises ValueError with the reason why a line can't be used

def parse_table(lines: List[Line], strict: bool = True) -> Tuple[Table, List[str]]:
    """The table in canonical words, and what is wrong. A server's service may stand in any file, before or after."""
    table: Table = {}
    problems = []
    for where, line in sorted(lines, key=lambda item: item[1].startswith("-a")):
        try:
            add_line(table, line.split(), strict)
        except ValueError as problem:
            problems.append(f"{where}: {problem}: {line}")
    return table, problems


def add_line(table: Table, words: List[str], strict: bool) -> None:
    """`strict` is for files: it also refuses what ipvsadm would refuse or silently change."""
    options = read_options(words)
    key = service_key(options)
    if words[0] == "-A":
        if key in table:
            raise ValueError("this virtual service is defined twice")
        table[key] = Service(service_options(options, key), {})
        if strict:
            check_service(key, options)
        return
    if key not in table:
        raise ValueError("its virtual service is defined nowhere")
    address = endpoint(options.get("-r", ""), default_port=port_of(key) or "0")
    if address in table[key].servers:
        raise ValueError("this real server is listed twice")
    server = read_server(options)
    if strict:
        check_server(key, address, server)
    table[key].servers[address] = server


def read_options(words: List[str]) -> Dict[str, str]:
    if words[0] not in SWITCHES:
        raise ValueError("a line starts with -A (virtual service) or -a (real server)")
    options: Dict[str, str] = {}
    rest = ["-o" if word == "--ops" else word for word in words[1:]]
    while rest:
        name = rest.pop(0)
        if name in options or name not in WITH_VALUE[words[0]] + SWITCHES[words[0]]:
            raise ValueError(f"unexpected {name}")
        if name in SWITCHES[words[0]]:
            options[name] = ""
        elif name == "-p" and (not rest or rest[0].startswith("-")):
            options[name] = "360"  # what ipvsadm takes for a bare -p
        elif rest:
            options[name] = rest.pop(0)
        else:
            raise ValueError(f"{name} needs a value")
    return options


def number(name: str, text: str, low: int, high: int) -> int:
    if not re.fullmatch("[0-9]{1,10}", text) or not low <= int(text) <= high:
        raise ValueError(f"{name} takes a number from {low} to {high}")
    return int(text)


def endpoint(text: str, default_port: str) -> str:
    """ADDRESS:PORT, or [ADDRESS]:PORT for IPv6, as the kernel prints it."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::([0-9]+))?", text)
    if not match:
        raise ValueError(f"'{text}' is no ADDRESS:PORT with a numeric address, IPv6 in brackets")
    address = ipaddress.ip_address(match[1] or match[2])
    port = number("the port", match[3] or default_port, 0, 65535)
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def port_of(name: str) -> str:
    return name.rpartition(":")[2] if ":" in name else ""


def is_ipv6(name: str) -> bool:
    return "[" in name or name.endswith(" -6")


def service_key(options: Dict[str, str]) -> str:
    kinds = [kind for kind in PROTOCOLS.values() if kind in options]
    if len(kinds) != 1 or ("-6" in options and kinds != ["-f"]):
        raise ValueError("one of -t, -u, --sctp-service and -f names the virtual service; -6 belongs to -f")
    value = options[kinds[0]]
    if kinds != ["-f"]:
        return f"{kinds[0]} {endpoint(value, default_port='')}"
    if re.fullmatch("-[0-9]+", value):  # so ipvsadm prints a mark above 2^31, but it doesn't read it back
        value = str(int(value) + 2**32)
    return f"-f {number('-f', value, 1, 2**32 - 1)}" + (" -6" if "-6" in options else "")


def service_options(options: Dict[str, str], key: str) -> str:
    scheduler = options.get("-s", "wlc")
    if scheduler not in SCHEDULERS:
        raise ValueError(f"-s takes one of {' '.join(SCHEDULERS)}")
    text = f"-s {scheduler}"
    if "-p" in options:
        text += f" -p {number('-p', options['-p'], 1, 31 * 24 * 3600)}"
    if "-M" in options:
        text += netmask(options["-M"], is_ipv6(key))
    if options.get("--pe", "sip") != "sip":
        raise ValueError("--pe takes sip")
    text += "".join(words for name, words in (("--pe", " --pe sip"), ("-o", " -o")) if name in options)
    return text + (f" -b {scheduler_flags(options['-b'], scheduler)}" if "-b" in options else "")


def netmask(mask: str, ipv6: bool) -> str:
    if ipv6:
        prefix = number("-M", mask, 1, 128)
        return "" if prefix == 128 else f" -M {prefix}"
    ipaddress.IPv4Address(mask)
    return "" if mask == "255.255.255.255" else f" -M {mask}"


def scheduler_flags(text: str, scheduler: str) -> str:
    names = ["flag-1", "flag-2", "flag-3"]
    if scheduler in ("sh", "mh"):
        names = [f"{scheduler}-fallback", f"{scheduler}-port"]
    flags = sorted(text.split(","))
    if not set(flags) <= set(names):
        raise ValueError(f"-b takes some of {','.join(names)} with -s {scheduler}")
    return ",".join(flags)


def read_server(options: Dict[str, str]) -> Server:
    methods = [method for method in ("-m", "-g", "-i") if method in options] or ["-g"]
    tunnel = "".join(f" {name} {value}".rstrip() for name, value in options.items() if name.startswith("--tun"))
    if len(methods) > 1 or (tunnel and methods != ["-i"]):
        raise ValueError("one of -m, -g and -i, and --tun-type with -i only")
    return Server(
        methods[0],
        number("-w", options.get("-w", "1"), 0, MAX_INT),
        "" if tunnel == " --tun-type ipip" else tunnel,  # the default: not every ipvsadm knows the word
        number("-x", options.get("-x", "0"), 0, MAX_INT),
        number("-y", options.get("-y", "0"), 0, MAX_INT),
    )


def check_service(key: str, options: Dict[str, str]) -> None:
    if port_of(key) == "0" and "-p" not in options:
        raise ValueError("port 0 (every port) needs -p")
    if "-M" in options and "-p" not in options:
        raise ValueError("-M needs -p")
    if "-o" in options and not key.startswith(("-u", "-f")):
        raise ValueError("-o is for UDP")


def check_server(key: str, address: str, server: Server) -> None:
    if address.startswith(("0.0.0.0:", "[::]:")):
        raise ValueError("a real server needs an address")
    if is_ipv6(key) != is_ipv6(address) and server.method != "-i":
        raise ValueError("IPv4 and IPv6 mix in tunneling (-i) only")
    if server.method != "-m" and port_of(key) not in ("", port_of(address)):
        raise ValueError(f"{server.method} can't change the port: use the service's port, or -m")
    if server.lower > server.upper:
        raise ValueError("-y is above -x")
    if server.tunnel:
        raise ValueError("the only tunnel is --tun-type ipip")


def differences(expected: Table, kernel: Table) -> List[str]:
    left, right = table_lines(expected), table_lines(kernel)
    missing, surplus = sorted(left - right), sorted(right - left)
    return [f"missing: {line}" for line in missing] + [f"too much: {line}" for line in surplus]


def table_lines(table: Table) -> Set[str]:
    lines = set()
    for key, service in table.items():
        lines.add(f"-A {key} {service.options}")
        lines.update(f"-a {key} -r {address} {server.text()}" for address, server in service.servers.items())
    return lines


# ---- plan

def make_plan(
    wanted: Table, kernel: Table, active: Dict[str, int], drains: Drains, now: float, patience: float
) -> Plan:
    """New services, edits, new real servers; only then what leaves, so that there is always someone to serve."""
    added, edited, servers = [], [], []
    for key, service in wanted.items():
        if key not in kernel:
            added.append(f"-A {key} {service.options}")
        elif kernel[key].options != service.options:
            edited.append(f"-E {key} {service.options}")
        current = kernel[key].servers if key in kernel else {}
        for address, server in service.servers.items():
            if address not in current:
                servers.append(f"-a {key} -r {address} {server.text()}")
            elif current[address] != server:
                edited.append(f"-e {key} -r {address} {server.text()}")
    leaving = plan_leaving(wanted, kernel, active, drains, now, patience)
    return leaving._replace(commands=added + edited + servers + leaving.commands)


def plan_leaving(
    wanted: Table, kernel: Table, active: Dict[str, int], drains: Drains, now: float, patience: float
) -> Plan:
    """What is in the kernel only: weight 0 now, gone later; a service goes with its last real server."""
    commands: List[str] = []
    expected = {key: Service(service.options, dict(service.servers)) for key, service in wanted.items()}
    kept: Drains = {}
    for key, service in kernel.items():
        for address, server in service.servers.items():
            if key in wanted and address in wanted[key].servers:
                continue
            name = f"{key} -r {address}"
            drain = drains.get(name) or Drain(now, now + patience)
            if may_go(key, drain, active.get(name, 0), now):
                commands.append(f"-d {name}")
                continue
            kept[name] = drain
            quiet = server._replace(weight=0)
            expected.setdefault(key, Service(service.options, {})).servers[address] = quiet
            if server != quiet:
                commands.append(f"-e {name} {quiet.text()}")
        if key not in expected:
            commands.append(f"-D {key}")
    return Plan(commands, expected, kept)


def may_go(key: str, drain: Drain, active: int, now: float) -> bool:
    """Only active connections are waited for. The inactive ones are closing, and most stay for two minutes after
    their last byte: waiting for them would turn every drain into its deadline. With expire_nodest_conn=1 the kernel
    cuts what is left of them when the server goes. A UDP "connection" never closes; its next packet is given to
    another server, by the same setting."""
    settled = now >= drain.since + SETTLE_SECONDS
    return key.startswith("-u ") or now >= drain.deadline or (active == 0 and settled)


# ---- this machine

def read_folder(folder: Path) -> Table:
    files = [path for path in sorted(folder.glob("*.rules")) if not path.name.startswith(".")]
    if not files:
        raise Stop(2, f"{folder}: no file *.rules; nothing was changed. An empty file says: no virtual services")
    lines: List[Line] = []
    for path in files:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as problem:
            raise Stop(2, f"{path}: {problem.strerror}; nothing was changed") from None
        numbered = enumerate((line.strip() for line in text.splitlines()), 1)
        lines += [(f"{path}:{at}", line) for at, line in numbered if line and not line.startswith("#")]
    table, problems = parse_table(lines)
    if problems:
        raise Stop(2, "\n".join([*problems, "nothing was changed"]))
    return table


def ipvsadm(arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["ipvsadm", *arguments.split()], capture_output=True, text=True)
    except FileNotFoundError:
        raise Stop(3, "ipvsadm is not installed: apt-get install ipvsadm") from None


def read_kernel() -> Tuple[Table, Dict[str, int]]:
    """The kernel's table, and the active connections by "SERVICE -r SERVER"."""
    saved, listed = ipvsadm("-S -n"), ipvsadm("-ln --thresholds")
    if saved.returncode or listed.returncode:
        raise Stop(1, (saved.stderr + listed.stderr).strip())
    table, problems = parse_table([("ipvsadm -S -n", line) for line in saved.stdout.splitlines()], strict=False)
    if problems:
        raise Stop(1, "\n".join(problems))
    return table, read_listing(listed.stdout, table)


def read_listing(listing: str, table: Table) -> Dict[str, int]:
    """Thresholds (into the table) and connections: ipvsadm -S prints neither."""
    active: Dict[str, int] = {}
    key = ""
    for words in (line.split() for line in listing.splitlines()):
        if words and words[0] in PROTOCOLS:
            key = service_key({PROTOCOLS[words[0]]: words[1], **({"-6": ""} if words[2] == "IPv6" else {})})
        elif len(words) == 6 and words[0] == "->" and key in table:
            address, servers = endpoint(words[1], default_port="0"), table[key].servers
            active[f"{key} -r {address}"] = int(words[4])
            if address in servers:
                servers[address] = servers[address]._replace(upper=int(words[2]), lower=int(words[3]))
    return active


def load_drains(state: Path) -> Drains:
    try:
        return {name: Drain(*map(float, times)) for name, times in json.loads(state.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError):
        print(f"ipvs-rules: {state} is damaged; drains in progress start again", file=sys.stderr)
        return {}


def save_drains(state: Path, drains: Drains) -> None:
    """No file when nothing drains: a unit's ConditionPathExists= can then spare starting this program."""
    if not drains:
        state.unlink(missing_ok=True)
        return
    fresh = state.with_name(state.name + ".new")
    fresh.write_text(json.dumps(drains, indent=1) + "\n")
    fresh.replace(state)


def carry_out(commands: List[str]) -> None:
    """One process a command: in a batch (ipvsadm -R) one refused line takes all lines after it along."""
    for command in commands:
        done = ipvsadm(command)
        if done.returncode:
            print(f"ipvs-rules: ipvsadm {command}: {done.stderr.strip()}", file=sys.stderr)


def work(options: argparse.Namespace) -> int:
    wanted = read_folder(options.rules)
    if not Path("/proc/net/ip_vs").exists():
        raise Stop(3, "this kernel has no IPVS (/proc/net/ip_vs is missing): modprobe ip_vs")
    kernel, active = read_kernel()
    drains, now = load_drains(options.state), time.monotonic()
    plan = make_plan(wanted, kernel, active, drains, now, options.drain_seconds)
    started = {name: drain for name, drain in plan.drains.items() if name not in drains}
    report(plan, started, wanted, now, options.quiet)
    if options.command == "check":
        return 1 if plan.commands or started else 0
    save_drains(options.state, plan.drains)  # first: a crash after it must not lose a deadline
    if plan.commands:
        carry_out(plan.commands)
        # The exit code of ipvsadm says little; what the kernel holds now is the answer.
        wrong = differences(plan.expected, read_kernel()[0])
        if wrong:
            raise Stop(1, "\n".join(wrong))
    return 0


def report(plan: Plan, started: Drains, wanted: Table, now: float, quiet: bool) -> None:
    for name, drain in started.items():
        until = time.strftime("%H:%M:%S", time.localtime(time.time() + drain.deadline - now))
        print(f"drain {name} until {until}")
    for command in plan.commands:
        print(f"{SIGNS[command[:2]]} {command}")
    if not plan.commands and not started and not quiet:
        servers = sum(len(service.servers) for service in wanted.values())
        draining = f", {len(plan.drains)} draining" if plan.drains else ""
        print(f"{len(wanted)} virtual services, {servers} real servers{draining}: nothing to change")
    sys.stdout.flush()  # so that the journal has it before what ipvsadm may complain about


def main() -> int:
    parser = argparse.ArgumentParser(prog="ipvs-rules", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("command", nargs="?", choices=["apply", "check"], default="apply")
    parser.add_argument("--rules", type=Path, default=Path("/etc/vipstack/ipvs.d"))
    parser.add_argument("--state", type=Path, default=Path("/run/vipstack/ipvs-drain.json"))
    parser.add_argument("--drain-seconds", type=int, default=os.environ.get("DRAIN_SECONDS", "60"))
    parser.add_argument("--quiet", action="store_true", help="print nothing when nothing changes (for the timer)")
    options = parser.parse_args()
    try:
        options.state.parent.mkdir(parents=True, exist_ok=True)
        # The timer and a reload must not interleave. The folder is read under the lock, so the newest one wins.
        with open(options.state.with_name("ipvs-rules.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return work(options)
    except Stop as stop:
        code, message = stop.args
    except OSError as problem:
        code, message = 1, str(problem)
    print(f"ipvs-rules: {message}", file=sys.stderr)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
