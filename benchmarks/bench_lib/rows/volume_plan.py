"""`volume-plan`: what is done with many volumes and their backups, planned from listings and records in memory."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..figures import Result, at_most, plain
from ..measure import MIB, Command, run
from ..setting import Setting

PLANNING = Path(__file__).resolve().parents[1] / "volume_planning.py"
OUTPUT = "planning.json"


def measure(setting: Setting) -> Result:
    """CPU and memory of one plan of backups and removals; the memory with listings and records."""
    volumes, backups = (2_000, 10) if setting.quick else (20_000, 10)
    found = []
    for _ in range(setting.pairs):
        words = [setting.python, str(PLANNING), str(volumes), str(backups)]
        spent = run(Command(words, dict(os.environ), setting.work, OUTPUT))
        found.append((json.loads((setting.work / OUTPUT).read_text(encoding="ascii"))["cpu"], spent.peak / MIB))
    cpu, peak = zip(*found, strict=True)
    return Result(
        f"{volumes} × {backups}",
        [
            at_most("one plan: CPU", 5, cpu, unit=" s"),
            at_most("peak memory, with listings and records", 400, peak, form=".0f", unit=" MiB"),
            plain("CPU for 1,000 volumes", [each / volumes * 1000 for each in cpu], form=".3f", unit=" s"),
        ],
    )
