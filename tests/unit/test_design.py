"""The drawing of the house is that of the package, and its files keep the rules of docs/design.rst."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.support.references import ROOT

PAGE = ROOT / "docs" / "design.rst"
PACKAGE = "fiwareglancesync"
BEGIN, END = ".. house: begin", ".. house: end"
INDENTATION = 2
MAX_LINES = 400
FURTHER = ("tests", "scripts", "benchmarks", "docs/extension")
ROW = re.compile(r"(?P<indentation> *)(?P<name>[a-z0-9_]+(?:/|\.py)) {2,}(?P<sentence>[A-Z].*\.)")


def house() -> list[str]:
    """The lines of the drawing."""
    text = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    lines = [line.removeprefix("   ") for line in text.splitlines() if line.strip()]
    assert lines[:2] == [".. code-block:: text", f"{PACKAGE}/"]
    return lines[2:]


def drawn(lines: list[str]) -> list[str]:
    """The paths that a drawing shows, folders with a slash at the end.

    :raises ValueError: a line is no room with one sentence, or is indented as none can be
    """
    paths: list[str] = []
    above: list[str] = []
    for line in lines:
        row = ROW.fullmatch(line)
        level = len(row["indentation"]) // INDENTATION if row else 0
        if row is None or not 1 <= level <= len(above) + 1 or len(row["indentation"]) % INDENTATION:
            raise ValueError(f"expected a room and one sentence about it: {line!r}")
        del above[level - 1 :]
        paths.append("".join(above) + row["name"])
        if row["name"].endswith("/"):
            above.append(row["name"])
    return paths


def present(package: Path) -> set[str]:
    """The modules at the top of a package, and all its folders that hold Python."""
    modules = {path.name for path in package.glob("*.py") if path.name != "__init__.py"}
    folders = {path.parent for path in package.rglob("*.py")} - {package}
    return modules | {f"{folder.relative_to(package).as_posix()}/" for folder in folders}


def differences(lines: list[str], package: Path) -> dict[str, list[str]]:
    """What only one of the two has; a drawing may show modules below the top too."""
    shown, there = drawn(lines), present(package)
    return {
        "not drawn": sorted(there - set(shown)),
        "not there": sorted(path for path in shown if not (package / path).exists()),
        "drawn twice": sorted({path for path in shown if shown.count(path) > 1}),
    }


def test_the_drawing_is_that_of_the_package() -> None:
    assert differences(house(), ROOT / PACKAGE) == {"not drawn": [], "not there": [], "drawn twice": []}


def modules() -> list[Path]:
    """All modules of the package."""
    return sorted((ROOT / PACKAGE).rglob("*.py"))


def test_a_file_name_has_one_meaning() -> None:
    times = Counter(path.name for path in modules() if path.name != "__init__.py")
    assert [name for name, count in times.items() if count > 1] == []


def test_no_file_is_too_long_to_be_read_at_once() -> None:
    files = [*modules(), *(path for folder in FURTHER for path in (ROOT / folder).rglob("*.py"))]
    assert [path.name for path in files if len(path.read_text(encoding="utf-8").splitlines()) > MAX_LINES] == []


class TestDifferences:
    @pytest.fixture
    def package(self, tmp_path: Path) -> Path:
        for name in ("__init__.py", "top.py", "room/__init__.py", "room/inner/code.py", "room/data/table.csv"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    def test_a_drawing_that_is_right_has_none(self, package: Path) -> None:
        lines = ["  top.py    One.", "  room/     Two.", "    inner/  Three.", "      code.py  Four."]
        assert drawn(lines) == ["top.py", "room/", "room/inner/", "room/inner/code.py"]
        assert differences(lines, package) == {"not drawn": [], "not there": [], "drawn twice": []}

    def test_each_is_found(self, package: Path) -> None:
        lines = ["  room/     One.", "    other/  Two.", "  room/     Three."]
        assert differences(lines, package) == {
            "not drawn": ["room/inner/", "top.py"],
            "not there": ["room/other/"],
            "drawn twice": ["room/"],
        }

    @pytest.mark.parametrize(
        "line", ["  room/", "  room/  no sentence", "  room  A room.", "   room/  A.", "      room/  A.", "room/  A."]
    )
    def test_a_line_that_is_no_room_is_refused(self, line: str) -> None:
        with pytest.raises(ValueError, match="expected a room"):
            drawn([line])
