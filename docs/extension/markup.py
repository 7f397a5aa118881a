"""Small pieces of reStructuredText."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence


def escaped(text: str) -> str:
    """Text that means nothing to reStructuredText; addresses in it are no links."""
    return re.sub(r"([\\*`_|@]|:(?=//))", r"\\\1", text)


def indented(text: str) -> str:
    """The content of a directive."""
    return textwrap.indent(text, "   ")


def directive(
    name: str,
    argument: str = "",
    content: str = "",
    options: Iterable[tuple[str, str]] = (),
    flags: Iterable[str] = (),
) -> str:
    """A directive.

    :param options: names and values; those without a value are left out
    :param flags: names of options that have no value
    """
    head = [f".. {name}:: {argument}".rstrip(), *(f"   :{key}: {value}" for key, value in options if value)]
    head += [f"   :{flag}:" for flag in flags]
    return "\n".join(head) + "\n\n" + (f"{indented(content)}\n\n" if content else "")


def heading(text: str, line: str) -> str:
    """A section's title.

    :param line: the character that underlines it
    """
    return f"{text}\n{line * len(text)}\n\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the columns are as wide as they need."""
    lines = []
    for row in (head, *rows):
        lines += [f"{'* -' if number == 0 else '  -'} {cell}" for number, cell in enumerate(row)]
    return directive("list-table", content="\n".join(lines), options=[("header-rows", "1"), ("widths", "auto")])
