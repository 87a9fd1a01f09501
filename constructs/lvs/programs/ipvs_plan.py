"""What has to be done to make an IPVS table as wanted. Nothing here reads or changes a machine.

Additions come first. Removals are planned once the result is known: a real server or a virtual service is never removed
while its replacement is missing.
"""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Set, Tuple

from ipvs_table import Server, Service, Table, is_ipv6, port_of

# A handshake in progress counts as an inactive connection; it becomes active well within this time.
SETTLE_SECONDS = 2.0


class Drain(NamedTuple):
    """Seconds since the machine started: setting the clock can't end a drain early."""
    since: float
    deadline: float


Drains = Dict[str, Drain]  # by "SERVICE -r SERVER"


class Step(NamedTuple):
    service: str
    command: str  # ipvsadm's words


class Leaving(NamedTuple):
    steps: List[Step]
    expected: Table  # what the kernel must hold afterwards
    drains: Drains


class Now(NamedTuple):
    """What the kernel holds, and what an earlier run has begun."""
    kernel: Table
    active: Dict[str, int]  # connections by "SERVICE -r SERVER"
    drains: Drains
    seconds: float  # since the machine started
    patience: float  # seconds that a real server may drain


def plan_coming(wanted: Table, kernel: Table) -> List[Step]:
    """New services, edits, new real servers."""
    added, edited, servers = [], [], []
    for key, service in wanted.items():
        if key not in kernel:
            added.append(Step(key, f"-A {key} {service.options}"))
        elif kernel[key].options != service.options:
            edited.append(Step(key, f"-E {key} {service.options}"))
        current = kernel[key].servers if key in kernel else {}
        for address, server in service.servers.items():
            if address not in current:
                servers.append(Step(key, f"-a {key} -r {address} {server.text()}"))
            elif current[address] != server:
                edited.append(Step(key, f"-e {key} -r {address} {server.text()}"))
    return added + edited + servers


def is_done(command: str, kernel: Table) -> bool:
    """Whether the kernel is as the command leaves it."""
    act, key, rest = split_command(command)
    service = kernel.get(key)
    if act == "-D":
        return service is None
    if service is None:
        return act == "-d"
    if act in ("-A", "-E"):
        return service.options == rest
    address, _, text = rest[len("-r "):].partition(" ")
    server = service.servers.get(address)
    return server is None if act == "-d" else server is not None and server.text() == text


def held_back(failed: List[Step], wanted: Table, kernel: Table) -> Set[str]:
    """Services of which nothing is removed, because a replacement could not be added. A new service may replace any service
    that is to be removed. A service's own options (-E) replace nothing."""
    held = {step.service for step in failed if not step.command.startswith("-E")}
    if any(key not in kernel for key in held):
        held |= {key for key in kernel if key not in wanted}
    return held


def plan_leaving(wanted: Table, now: Now, held: Set[str]) -> Leaving:
    """Removes what is in the kernel only: weight 0 now, deleted later; a service is deleted with its last real server."""
    steps: List[Step] = []
    expected = {key: Service(service.options, dict(service.servers)) for key, service in wanted.items()}
    kept: Drains = {}
    for key, service in now.kernel.items():
        for address, server in service.servers.items():
            if key in wanted and address in wanted[key].servers:
                continue
            name = f"{key} -r {address}"
            stays = server
            if key in held:
                if name in now.drains:
                    kept[name] = now.drains[name]
            else:
                drain = now.drains.get(name) or Drain(now.seconds, now.seconds + now.patience)
                if may_go(key, drain, now.active.get(name, 0), now.seconds):
                    steps.append(Step(key, f"-d {name}"))
                    continue
                kept[name] = drain
                stays = quiet(key, address, server)
                if stays != server:
                    steps.append(Step(key, f"-e {name} {stays.text()}"))
            expected.setdefault(key, Service(service.options, {})).servers[address] = stays
        if key not in expected and key in held:
            expected[key] = Service(service.options, {})
        if key not in expected:
            steps.append(Step(key, f"-D {key}"))
    return Leaving(steps, expected, kept)


def split_command(command: str) -> Tuple[str, str, str]:
    """`-a`, `-f 1 -6`, `-r 10.0.0.1:80 -m -w 1`"""
    act, kind, name, *rest = command.split(" ")
    key = f"{kind} {name}"
    if rest[:1] == ["-6"]:
        key, rest = f"{key} -6", rest[1:]
    return act, key, " ".join(rest)


def may_go(key: str, drain: Drain, active: int, now: float) -> bool:
    """Whether a draining server may be deleted. Only active connections are waited for. The inactive ones are closing, and
    most stay for two minutes after their last byte: waiting for them would make every drain last until its deadline. With
    expire_nodest_conn=1 the kernel ends the rest when the server is deleted. A UDP "connection" never closes; by the same
    setting its next packet goes to another server."""
    settled = now >= drain.since + SETTLE_SECONDS
    return key.startswith("-u ") or now >= drain.deadline or (active == 0 and settled)


def quiet(key: str, address: str, server: Server) -> Server:
    """The server with weight 0. With tunneling or direct routing a server may have another port than its service: the kernel
    allows it, but ipvsadm edits such a server only as a masquerading one. Connections keep the method that they began with.
    Where not even that is possible, the server stays as it is until it is deleted."""
    if server.method == "-m" or port_of(key) in ("", port_of(address)):
        return server._replace(weight=0)
    if is_ipv6(key) != is_ipv6(address):
        return server
    return server._replace(weight=0, method="-m", tunnel="")
