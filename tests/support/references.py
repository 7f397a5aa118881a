"""References to the numbered sections of the contract and of the design, such as ``sync 3.4``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FOLDERS = ("fiwareglancesync", "tests", "docs", "scripts", "examples", "benchmarks", "docker")
"""Where references are."""

SUFFIXES = frozenset({"", ".py", ".rst", ".md", ".feature", ".ini", ".conf", ".cfg", ".sh", ".yaml", ".example"})
SKIPPED = frozenset({"__pycache__", ".devcloud"})

NUMBER = r"[0-9]+(?:\.[0-9]+)*"
GAP = r"\s+(?:\#\s*)?"
"""White space, also over the end of a line of a docstring or a comment."""

OLD = re.compile(
    rf"\b(?:contract{GAP}[0-9]|contract,{GAP}preamble|design{GAP}4,?{GAP}(?:invariant\b|[0-9]))", re.IGNORECASE
)
"""References to documents that are not in the repository, and the former way to name a guarantee of the executor."""

HEADING = re.compile(
    rf"^\.\. _(?P<page>[a-z]+)-(?P<anchor>{NUMBER}):\n\n(?P<number>{NUMBER}) [^\n]+\n(?P<line>[=\-~])(?P=line)+$",
    re.MULTILINE,
)
NUMBERED = re.compile(rf"^(?P<number>{NUMBER}) [^\n]+\n[=\-~]{{3,}}$", re.MULTILINE)


@dataclass(frozen=True)
class Reference:
    """A reference to one section.

    :param page: name of the page
    :param section: the section's number
    :param line: of the text, where it begins
    """

    page: str
    section: str
    line: int


def pages() -> dict[str, Path]:
    """The pages that references name: the design, and those of the contract."""
    docs = ROOT / "docs"
    contract = {path.stem: path for path in sorted((docs / "contract").glob("*.rst")) if path.stem != "index"}
    return {**contract, "design": docs / "design.rst"}


def numbered(text: str) -> list[str]:
    """The numbers of the headings of a page, in their order."""
    return [match["number"] for match in NUMBERED.finditer(text)]


def anchored(text: str, page: str) -> list[str]:
    """The numbers of the headings that have the anchor of their number before them.

    :param text: the page
    :param page: its name
    """
    found = HEADING.finditer(text)
    return [match["number"] for match in found if match["page"] == page and match["anchor"] == match["number"]]


def sections() -> dict[str, frozenset[str]]:
    """The numbered sections of each page."""
    return {page: frozenset(numbered(path.read_text(encoding="utf-8"))) for page, path in pages().items()}


def references(text: str, names: Mapping[str, object]) -> Iterator[Reference]:
    """The references of a text; of a list or a range (``1.1, 1.3``, ``3.5 to 3.8``) each number.

    :param text: any text
    :param names: the names of the pages
    """
    pattern = rf"\b(?P<page>{'|'.join(names)}){GAP}(?P<numbers>{NUMBER}(?:(?:,|,? and| to| or){GAP}{NUMBER})*)(?![\w])"
    for match in re.finditer(pattern, text, re.IGNORECASE):
        line = text.count("\n", 0, match.start()) + 1
        for number in re.findall(NUMBER, match["numbers"]):
            yield Reference(match["page"].lower(), number, line)


def unresolved(text: str, known: Mapping[str, frozenset[str]]) -> list[str]:
    """What is wrong with the references of a text, a line each.

    :param text: any text
    :param known: the sections of each page
    """
    wrong = [
        f"{reference.line}: there is no section {reference.section} in {reference.page}"
        for reference in references(text, known)
        if reference.section not in known[reference.page]
    ]
    old = [f"{text.count(chr(10), 0, match.start()) + 1}: {match[0]!r} names no page" for match in OLD.finditer(text)]
    return wrong + old


def texts() -> Iterator[tuple[Path, str]]:
    """Every file that may refer to a section, with its content."""
    files = [ROOT / "README.rst", ROOT / "pyproject.toml", ROOT / "setup.py"]
    files += [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.is_file()]
    for path in files:
        relative = path.relative_to(ROOT)
        if path.suffix not in SUFFIXES | {".toml"} or SKIPPED.intersection(relative.parts):
            continue
        try:
            yield relative, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # data of tests
