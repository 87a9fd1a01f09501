"""Runs cloud-init's stages for their units, one after the other. A lab machine's Python needs seconds to read the modules of
cloud-init: here that happens once, and each stage is a copy of the process. From 24.3 on cloud-init does this itself (--all-stages).

A unit writes the words of its stage into the pipe ASK, and reads the exit code from ANSWER. After the last stage both are gone.
"""
import os
import sys

from cloudinit.cmd import main as cloud_init

ASK, ANSWER = sys.argv[1:3]
LAST = ["modules", "--mode=final"]


def run(words: "list[str]") -> int:
    stage = os.fork()
    if stage == 0:
        sys.argv = ["/usr/bin/cloud-init", *words]
        sys.exit(cloud_init.main())
    _, status = os.waitpid(stage, 0)
    return os.waitstatus_to_exitcode(status)


def main() -> None:
    words: "list[str]" = []
    while words != LAST:
        with open(ASK) as ask:
            words = ask.readline().split()
        code = run(words)
        with open(ANSWER, "w") as answer:
            print(code, file=answer)
    os.remove(ASK)
    os.remove(ANSWER)


if __name__ == "__main__":
    main()
