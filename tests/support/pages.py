"""The README and the pages of the handbook as tests read them: their commands, code and tables."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives
from docutils.parsers.rst.roles import register_generic_role

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.rst"
DOCS = ROOT / "docs"
HANDBOOK = tuple(sorted(DOCS.glob("*.rst")))
TUTORIAL = DOCS / "tutorial.rst"
CONTRIBUTING = DOCS / "contributing.rst"
PAGES = (README, *HANDBOOK)
"""The pages whose commands are marked; the contract has none."""

MARK = re.compile(r"run: (?P<where>[a-z]+)(, exit (?P<code>\d+))?")
PROMPT = "$ "

ROLES = ("confval", "doc", "file", "ref")
DIRECTIVES = (
    "api-routes",
    "api-schemas",
    "argparse-options",
    "click-commands",
    "command-words",
    "configuration-keys",
    "literalinclude",
    "server-keys",
    "toctree",
)
"""What Sphinx and ``docs/extension`` add to docutils; their content is not read here."""


class LeftOut(Directive):
    """A directive without content."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = defaultdict(lambda: directives.unchanged, {"class": directives.unchanged})

    def run(self) -> list[nodes.Node]:
        """Write nothing."""
        return []


for role in ROLES:
    register_generic_role(role, nodes.literal)
for name in DIRECTIVES:
    directives.register_directive(name, LeftOut)


@dataclass(frozen=True)
class Block:
    """A block of commands, with what they print.

    :param page: where it is
    :param line: the line of the page
    :param where: what its commands need: the word of the comment ``.. run: WORD`` before it
    :param code: the exit code of the last command
    :param steps: commands, each with the lines shown below it
    """

    page: Path
    line: int
    where: str
    code: int
    steps: tuple[tuple[str, tuple[str, ...]], ...]


@cache
def document(page: Path) -> nodes.document:
    """A page, parsed; a warning of docutils is an error."""
    parsed: nodes.document = publish_doctree(
        page.read_text(encoding="utf-8"),
        source_path=str(page),
        settings_overrides={"halt_level": 2, "report_level": 2},
    )
    return parsed


def blocks(pages: Iterable[Path]) -> list[Block]:
    """Every block of commands in some pages."""
    return [_block(page, node) for page in pages for node in literals("console", page)]


def literals(language: str, page: Path) -> Iterator[nodes.literal_block]:
    """The code blocks of a language.

    :param language: as the page names it
    """
    for node in document(page).findall(nodes.literal_block):
        if language in node["classes"]:
            yield node


def mark(node: nodes.literal_block) -> re.Match[str] | None:
    """The comment ``.. run: …`` right before a code block, None when there is none."""
    before = node.previous_sibling()
    return MARK.fullmatch(before.astext().strip()) if isinstance(before, nodes.comment) else None


def marked(language: str, where: str) -> list[str]:
    """The code blocks of all pages that have a language and a mark.

    :param language: as the pages name it
    :param where: the word of the mark
    """
    found = ((node, mark(node)) for page in PAGES for node in literals(language, page))
    return [node.astext() for node, match in found if match and match["where"] == where]


def _block(page: Path, node: nodes.literal_block) -> Block:
    found = mark(node)
    steps: list[tuple[str, list[str]]] = []
    for line in node.astext().splitlines():
        if line.startswith(PROMPT):
            steps.append((line.removeprefix(PROMPT), []))
        elif steps:
            continued = steps[-1][0].endswith("\\") and not steps[-1][1]
            if continued:
                steps[-1] = (f"{steps[-1][0]}\n{line}", [])
            else:
                steps[-1][1].append(line)
        else:
            steps.append(("", [line]))
    return Block(
        page,
        node.line or 0,
        found["where"] if found else "",
        int(found["code"] or 0) if found else 0,
        tuple((command, tuple(shown)) for command, shown in steps),
    )


def section(title: str, page: Path) -> nodes.section:
    """A section of a page.

    :param title: its title
    """
    for node in document(page).findall(nodes.section):
        heading = node[0]
        if heading.astext() == title:
            return node
    raise AssertionError(f"{page.name} has no section {title}")


def words(title: str, page: Path) -> set[str]:
    """What a section prints as code.

    :param title: its title
    """
    return {node.astext() for node in section(title, page).findall(nodes.literal)}


def rows(title: str, page: Path) -> list[tuple[str, ...]]:
    """The rows of the first table of a section, its head left out.

    :param title: the section's title
    """
    table = next(iter(section(title, page).findall(nodes.table)))
    body = next(iter(table.findall(nodes.tbody)))
    return [tuple(" ".join(cell.astext().split()) for cell in row.children) for row in body.children]
