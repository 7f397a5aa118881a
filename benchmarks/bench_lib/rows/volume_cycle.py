"""`volume-cycle`: cycles of a conductor in a large cloud of stand-ins, which list in pages as Nova and Cinder do."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from ..figures import Result, at_most, plain
from ..measure import MIB, Command, run
from ..setting import Setting

CYCLES = Path(__file__).resolve().parents[1] / "volume_cycles.py"
OUTPUT = "cycles.json"
PAGE = 1000


def measure(setting: Setting) -> Result:
    """Requests, CPU and memory of the first cycle, which lists all backups, and of the next one."""
    volumes, backups = (2_000, 10) if setting.quick else (20_000, 10)
    first, later = zip(*(_cycles(setting, volumes, backups) for _ in range(setting.pairs)), strict=True)
    # Two volumes a server; one request more for each list.
    pages = volumes // 2 // PAGE + volumes // PAGE + 2
    all_pages = pages + volumes * backups // PAGE + 1
    return Result(
        f"{volumes} × {backups}",
        [
            at_most("first cycle: requests for servers, volumes, backups", all_pages, [*map(_lists, first)], ".0f"),
            at_most("later cycle: the same", pages, [*map(_lists, later)], ".0f"),
            at_most("later cycle: lists of a volume's backups ÷ backups", 1, [*map(_single_lists, later)]),
            plain("later cycle: all requests", [sum(each["requests"].values()) for each in later], form=".0f"),
            plain("first cycle: CPU", [each["cpu"] for each in first], form=".1f", unit=" s"),
            plain("later cycle: CPU", [each["cpu"] for each in later], form=".1f", unit=" s"),
            plain("peak memory", [each["peak"] / MIB for each in later], form=".0f", unit=" MiB"),
        ],
        [
            f"Half of the volumes are due, and {later[0]['good']} backups were made in two cycles of 60 seconds with a "
            "look every 5 seconds. The cloud is a process of its own.",
        ],
    )


def _cycles(setting: Setting, volumes: int, backups: int) -> list[dict[str, Any]]:
    folder = setting.work / "volume-cycle"
    folder.mkdir()
    words = [setting.python, str(CYCLES), str(folder), str(volumes), str(backups)]
    run(Command(words, dict(os.environ), setting.work, OUTPUT))
    shutil.rmtree(folder)
    found: list[dict[str, Any]] = json.loads((setting.work / OUTPUT).read_text(encoding="ascii"))
    return found


def _lists(cycle: dict[str, Any]) -> int:
    """Requests for pages of what is in the region."""
    requests: dict[str, int] = cycle["requests"]
    return sum(count for kind, count in requests.items() if kind.endswith("/detail"))


def _single_lists(cycle: dict[str, Any]) -> float:
    requests: dict[str, int] = cycle["requests"]
    return requests.get("GET /backups/detail of a volume", 0) / requests["POST /backups"]
