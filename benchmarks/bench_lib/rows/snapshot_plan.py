"""`snapshot-plan`: which snapshots of many volumes are due, and which go, planned from records in memory."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..figures import Result, at_most, plain
from ..measure import MIB, Command, run
from ..setting import Setting

PLANNING = Path(__file__).resolve().parents[1] / "snapshot_planning.py"
OUTPUT = "planning.json"
COPIES = 10


def measure(setting: Setting) -> Result:
    """CPU of a look at what is due, of one at what goes, and the memory of both with records."""
    volumes = 1_000 if setting.quick else 10_000
    found = []
    for _ in range(setting.pairs):
        words = [setting.python, str(PLANNING), str(volumes), str(COPIES)]
        spent = run(Command(words, dict(os.environ), setting.work, OUTPUT))
        spoken = json.loads((setting.work / OUTPUT).read_text(encoding="ascii"))
        found.append((spoken["tick"], spoken["removal"], spoken["reading"], spent.peak / MIB))
    tick, removal, reading, peak = zip(*found, strict=True)
    return Result(
        f"{volumes} volumes, {COPIES} copies in each set",
        [
            at_most("what is due: CPU", 1, tick, unit=" s"),
            at_most("peak memory, with records", 200, peak, form=".0f", unit=" MiB"),
            plain("what goes: CPU", removal, unit=" s"),
            plain("schedule file and jobs: CPU", reading, unit=" s"),
        ],
    )
