"""What ``scripts/devcloud`` prints when nobody reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from devcloud_lib import cli
cli._status = lambda options: print("keystone-a up") or 0
sys.exit(cli.main(["status"]))
"""


def test_an_output_that_is_closed_ends_a_command_without_a_traceback(root: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=root / "scripts", stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
