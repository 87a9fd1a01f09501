"""What a bench runs on a machine of its lab: takes steps as lines of JSON, and measures their commands.

For each step it writes the files, runs `prepare`, says `ready`, waits for a line, runs `run`, and prints how many seconds that took
and what `run` printed.
"""
import json
import subprocess
import sys
import time
from pathlib import Path


def shell(text: str) -> str:
    done = subprocess.run(["sh", "-euc", text], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise RuntimeError(f"{text}: exit code {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def main() -> None:
    for line in sys.stdin:
        step = json.loads(line)
        try:
            for path, text in step["files"].items():
                Path(path).write_text(text)
            shell(step["prepare"])
            print("ready", flush=True)
            sys.stdin.readline()
            began = time.perf_counter()
            output = shell(step["run"])
            print(json.dumps({"seconds": time.perf_counter() - began, "output": output}), flush=True)
        except (OSError, RuntimeError) as problem:
            print(json.dumps({"error": str(problem)}), flush=True)


if __name__ == "__main__":
    main()
