"""The results: a file for programs, which keeps a row until it is measured again, and the same for readers."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from workbench.debian import find

from .figures import Figure, Result
from .setting import CHECKOUT

FOLDER = CHECKOUT / "benchmarks"
DATA = FOLDER / "results.json"
PAGE = FOLDER / "RESULTS.md"
NOTES = FOLDER / "notes"

HEAD = """\
# Results of the benchmarks

Written by `benchmarks/run`; nothing here is a test. Every figure with a target comes from two things measured
alternately in the same run; it is the median of the pairs, beside it the smallest and the largest of them and their
number. Absolute times mean little. A row keeps its figures until it is measured again: its date and commit are its own.
The targets mean five pairs or more and, for `one-image` and `memory`, an image of 4096 MiB: a line with fewer pairs or
a smaller image is preliminary.
"""


def record(name: str, result: Result, *, quick: bool, load: float, versions: Mapping[str, str]) -> None:
    """Keep what a row came to.

    :param load: of the machine as the measurement began: what others did on it
    """
    data = _load()
    data[name] = {
        "date": datetime.now(timezone.utc).isoformat(timespec="minutes"),
        "commit": _commit(),
        "quick": quick,
        "load": round(load, 1),
        "machine": machine(),
        "versions": {"Python": platform.python_version(), "curl": _curl(), **versions},
        **result.as_json(),
    }
    DATA.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_page(names: Iterable[str]) -> None:
    """Write the page.

    :param names: the rows in their order
    """
    data = _load()
    known = [(name, data[name]) for name in names if name in data]
    lines = [HEAD, *_surroundings(row for _, row in known), "",
             "| benchmark | size | measured | target | figure | met | smallest … largest (pairs) |",
             "|---|---|---|---|---|---|---|"]
    for name, row in known:
        lines += _rows(name, Result.from_json(row))
    lines += ["", "## Details", ""]
    for name, row in known:
        kind = ", `--quick`" if row["quick"] else ""
        load = row.get("load", "not known")
        measured = f"Measured {row['date']}, commit {row['commit']}{kind}; load of the machine before: {load}."
        lines += [f"### {name}", "", measured, ""]
        for line in row["details"]:
            lines += [line] if line.startswith("|") else [line, ""]
        note = NOTES / f"{name}.md"
        if note.exists():
            lines += ["", note.read_text(encoding="utf-8").strip()]
        lines.append("")
    text = "\n".join(lines).rstrip() + "\n"
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    PAGE.write_text(text, encoding="utf-8")


def machine() -> str:
    """The machine in a line."""
    model = next((line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
                 platform.processor() or "unknown processor")
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return f"{model}, {os.cpu_count()} cores, {memory / 2**20:.0f} GiB, Linux {platform.release()}"


def line_of(figure: Figure) -> str:
    """A figure as a line for a terminal."""
    verdict = {True: "met", False: "MISSED", None: ""}[figure.met]
    return f"  {figure.what}: {figure.figure}  (target {figure.target or 'none'}) {verdict}  {figure.spread}"


def _rows(name: str, result: Result) -> list[str]:
    if result.skipped:
        return [f"| {name} | {result.size} | | | not measured: {result.skipped} | | |"]
    verdicts = {True: "yes", False: "**no**", None: ""}
    return [f"| {name} | {result.size} | {figure.what} | {figure.target} | {figure.figure} | {verdicts[figure.met]} "
            f"| {figure.spread} |" for figure in result.figures]


def _surroundings(rows: Iterable[dict[str, Any]]) -> list[str]:
    lines: dict[str, None] = {}
    for row in rows:
        lines[f"* {row['machine']}"] = None
    versions: dict[str, set[str]] = {}
    for row in _load().values():
        for name, version in row["versions"].items():
            versions.setdefault(name, set()).add(version)
    return [*lines, "* " + ", ".join(f"{name} {' / '.join(sorted(found))}" for name, found in versions.items())]


def _load() -> dict[str, Any]:
    if not DATA.exists():
        return {}
    found: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return found


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _commit() -> str:
    return _answer("git", "-C", str(CHECKOUT), "rev-parse", "--short", "HEAD").strip() or "unknown"


def _curl() -> str:
    return (_answer("curl", "--version").split()[1:] or ["not there"])[0]


def _answer(program: str, *words: str) -> str:
    """What a program of Debian's prints; nothing when it is missing."""
    path = find(program)
    return subprocess.run([path, *words], capture_output=True, text=True, check=False).stdout if path else ""
