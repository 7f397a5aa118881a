"""The README as tests read it: its commands, its tables, and the tables as they should be; the tutorial too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst.roles import register_generic_role

from fiwareglancesync.config.option_tables import Option
from fiwareglancesync.kinds import option_tables

README = Path(__file__).resolve().parents[2] / "README.rst"
TUTORIAL = README.parent / "docs" / "tutorial.rst"
CONTRIBUTING = README.parent / "docs" / "contributing.rst"
TABLES = option_tables()
MARK = re.compile(r"run: (?P<where>[a-z]+)(, exit (?P<code>\d+))?")
PROMPT = "$ "

KEY_TABLES: dict[str, Sequence[Option]] = {
    "Keys of [main]": TABLES.main,
    "Keys of a target: the rules": TABLES.rules,
    "Keys of a target: the credential": TABLES.credential,
}
"""Sections of the README and the options that the table there is about."""

for role in ("confval", "doc", "file", "ref"):  # those of Sphinx
    register_generic_role(role, nodes.literal)


@dataclass(frozen=True)
class Block:
    """A block of commands, with what they print.

    :param line: where it is in the README
    :param where: what its commands need: the word of the comment ``.. run: WORD`` before it
    :param code: the exit code of the last command
    :param steps: commands, each with the lines shown below it
    """

    line: int
    where: str
    code: int
    steps: tuple[tuple[str, tuple[str, ...]], ...]


def document(path: Path = README) -> nodes.document:
    """The README, or another page, parsed; a warning of docutils is an error."""
    parsed: nodes.document = publish_doctree(
        path.read_text(encoding="utf-8"),
        source_path=path.name,
        settings_overrides={"halt_level": 2, "report_level": 2},
    )
    return parsed


def blocks(path: Path = README) -> list[Block]:
    """Every block of commands in the README, or in another page."""
    return [_block(node) for node in literals("console", path)]


def literals(language: str, path: Path = README) -> Iterator[nodes.literal_block]:
    """The code blocks of a language.

    :param language: as the page names it
    """
    for node in document(path).findall(nodes.literal_block):
        if language in node["classes"]:
            yield node


def mark(node: nodes.literal_block) -> re.Match[str] | None:
    """The comment ``.. run: …`` right before a code block, None when there is none."""
    before = node.previous_sibling()
    return MARK.fullmatch(before.astext().strip()) if isinstance(before, nodes.comment) else None


def _block(node: nodes.literal_block) -> Block:
    found = mark(node)
    steps: list[tuple[str, list[str]]] = []
    for line in node.astext().splitlines():
        if line.startswith(PROMPT):
            steps.append((line.removeprefix(PROMPT), []))
        elif steps:
            steps[-1][1].append(line)
        else:
            steps.append(("", [line]))
    return Block(
        node.line or 0,
        found["where"] if found else "",
        int(found["code"] or 0) if found else 0,
        tuple((command, tuple(shown)) for command, shown in steps),
    )


def section(title: str, path: Path = README) -> nodes.section:
    """A section of the README, or of another page.

    :param title: its title
    """
    for node in document(path).findall(nodes.section):
        heading = node[0]
        if heading.astext() == title:
            return node
    raise AssertionError(f"{path.name} has no section {title}")


def rows(title: str, path: Path = README) -> list[tuple[str, ...]]:
    """The rows of the first table of a section, its head left out.

    :param title: the section's title
    """
    table = next(iter(section(title, path).findall(nodes.table)))
    body = next(iter(table.findall(nodes.tbody)))
    return [tuple(" ".join(cell.astext().split()) for cell in row.children) for row in body.children]


def key_table(options: Sequence[Option]) -> str:
    """The table of configuration keys as the README should have it.

    :param options: the options, in their order
    """
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 22 18 60", ""]
    lines += ["   * - Key", "     - Default", "     - Meaning"]
    for option in options:
        lines += [f"   * - ``{option.key}``", f"     - {TABLES.default_text(option)}", f"     - {option.help}"]
    return "\n".join(lines) + "\n"


def key_rows(options: Sequence[Option]) -> list[tuple[str, ...]]:
    """The rows of :func:`key_table`."""
    return [(option.key, " ".join(TABLES.default_text(option).split()), option.help) for option in options]
