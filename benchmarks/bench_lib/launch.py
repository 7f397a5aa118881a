"""launch.py FILE PROGRAM …: run a program and write to FILE what it took, as JSON. Ends with the program's exit code.

A process of its own, and a small one: Linux counts what the parent needed as a child's peak of memory, too, because
the child begins in its parent's memory.
"""

import json
import os
import sys
import time


def main() -> int:
    """Run the program; the times are taken here, so that starting this file costs nothing."""
    record, words = sys.argv[1], sys.argv[2:]
    began = time.perf_counter()
    _, status, usage = os.wait4(os.posix_spawnp(words[0], words, os.environ), 0)
    seconds = time.perf_counter() - began
    spent = {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss * 1024}
    with open(record, "w", encoding="ascii") as file:
        json.dump(spent, file)
    return os.waitstatus_to_exitcode(status) & 0xFF


if __name__ == "__main__":
    sys.exit(main())
