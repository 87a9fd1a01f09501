#!/usr/bin/python3 -BESs
"""agent-snapshot ACTION AGENT KEEP KEYS COMMAND...

ACTION is
  save     saves the cluster's state as a file of /var/lib/vipstack/snapshots/AGENT, of which the newest KEEP stay
  fetch    saves it, and prints it as an archive, together with the keys of the folder KEYS
  restore  makes the state of such an archive that of the cluster; what was there before is saved first

COMMAND save FILE and COMMAND restore FILE are the agent's own. Its servers encrypt with the keys of the folder KEYS, which no snapshot
has; "none" where there are no such keys.

Exit code: 0 done, 1 not done.
"""
from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Dict, List, Optional

from agent_access import Api, Failed, say, until_done

FOLDER = Path("/var/lib/vipstack/snapshots")
STATE = "state.snap"
# A server that was started again needs a leader before it can save or restore.
LEADER_SECONDS = 180


def save(agent: str, keep: int, command: List[str]) -> Path:
    """Returns the file of the new snapshot."""
    folder = FOLDER / agent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = folder / "unfinished"
    fresh.unlink(missing_ok=True)
    run([*command, "save", str(fresh)])
    # A power cut right after this must not leave an empty file in the place of an older one.
    with open(fresh, "rb") as file:
        os.fsync(file.fileno())
    path = folder / time.strftime(f"{agent}-%Y%m%dT%H%M%SZ.snap", time.gmtime())
    fresh.rename(path)
    for old in sorted(folder.glob(f"{agent}-*.snap"))[:-keep]:
        old.unlink()
    return path


def run(words: List[str]) -> None:
    """What an agent's command line says goes to the journal, or to who restores: standard output is for the archive."""
    if subprocess.run(words, stdout=sys.stderr).returncode != 0:
        raise Failed(f"failed: {' '.join(words)}")


def print_archive(snapshot: Path, keys: Optional[Path]) -> None:
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
        archive.add(snapshot, STATE)
        for key in sorted(keys.iterdir()) if keys else []:
            archive.add(key, f"keys/{key.name}")


def read_archive(folder: Path) -> Dict[str, Path]:
    """Writes the files of the archive that comes on standard input into a folder. Returns them by their names."""
    files: Dict[str, Path] = {}
    try:
        with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as archive:
            for entry in archive:
                content = archive.extractfile(entry) if re.fullmatch(rf"{STATE}|keys/[\w-][\w.-]*", entry.name) else None
                if content is None:
                    raise Failed(f"the archive has {entry.name}, which 'fetch' does not write")
                files[entry.name] = folder / entry.name.replace("/", "-")
                with open(files[entry.name], "wb") as file:
                    shutil.copyfileobj(content, file)
    except tarfile.TarError as error:
        raise Failed(f"standard input is no archive of 'fetch': {error}") from None
    if STATE not in files:
        raise Failed(f"the archive has no {STATE}")
    return files


def add_keys(agent: str, keys: Path, files: Dict[str, Path]) -> None:
    """Gives this server the keys that it doesn't have. It reads them when it starts, and the others get them from it."""
    new = [(path, keys / Path(name).name) for name, path in files.items() if name != STATE and not (keys / Path(name).name).exists()]
    owner = keys.stat()
    for path, key in new:
        shutil.move(path, key)
        os.chown(key, owner.st_uid, owner.st_gid)
        key.chmod(0o600)
        say(f"+ key {key.name.partition('.')[0]}")
    if new:
        run(["systemctl", "restart", f"{agent}.service"])


def forget_former_machines() -> None:
    """A machine that was made anew has another id, and Consul registers no name that another id has."""
    token = Path(os.environ["CONSUL_HTTP_TOKEN_FILE"]).read_text().strip() if "CONSUL_HTTP_TOKEN_FILE" in os.environ else ""
    consul = Api("http://127.0.0.1:8500", "X-Consul-Token", token)
    members = {member["Name"]: member["Tags"].get("id") for member in consul.ask("GET", "agent/members")}
    for node in consul.ask("GET", "catalog/nodes"):
        if members.get(node["Node"], node["ID"]) != node["ID"]:
            consul.ask("PUT", "catalog/deregister", {"Node": node["Node"]})
            say(f"- {node['Node']} as it was before it was made anew")


def restore(agent: str, keep: int, keys: Optional[Path], command: List[str]) -> int:
    FOLDER.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        files = read_archive(Path(folder))
        if keys:
            add_keys(agent, keys, files)
        steps = [lambda: say(f"The state before is {save(agent, keep, command)}"),
                 lambda: run([*command, "restore", str(files[STATE])]),
                 *([forget_former_machines] if agent == "consul" else [])]
        # Each is tried again by itself: more saving would push older snapshots out.
        return next((1 for step in steps if until_done("agent-snapshot", step, LEADER_SECONDS)), 0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="agent-snapshot", description=(__doc__ or "").partition("\n\n")[2],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["save", "fetch", "restore"])
    parser.add_argument("agent")
    parser.add_argument("keep", type=int)
    parser.add_argument("keys")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    keys = None if options.keys == "none" else Path(options.keys)
    os.umask(0o077)
    try:
        if options.action == "restore":
            return restore(options.agent, options.keep, keys, options.command)
        if options.action == "fetch":
            return until_done("agent-snapshot", lambda: print_archive(save(options.agent, options.keep, options.command), keys))
        save(options.agent, options.keep, options.command)
    except (Failed, OSError) as error:
        print(f"agent-snapshot: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
