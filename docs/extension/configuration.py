"""The keys of the configuration, from the table that reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fiwareglancesync.config.option_tables import Option
from fiwareglancesync.kinds import option_tables

from .markup import directive, escaped

TABLES = option_tables()
OTHERS = {name: load() for name, load in TABLES.others.items()}

PARTS: Mapping[str, tuple[Sequence[Option], Callable[[Option], str]]] = {
    "main": (TABLES.main, TABLES.default_text),
    "rules": (TABLES.rules, TABLES.default_text),
    "credential": (TABLES.credential, TABLES.default_text),
    **{name: (table.options, table.default_text) for name, table in OTHERS.items() if table.options},
}
"""The options that a directive lists, and what returns their defaults in words; further sections by their names."""


def keys(part: str) -> str:
    """Write the keys of a part.

    :param part: a key of ``PARTS``
    """
    options, default_text = PARTS[part]
    earlier = list(PARTS)[: list(PARTS).index(part)]
    indexed = {option.key for name in earlier for option in PARTS[name][0]}
    return "".join(_key(option, default_text(option), is_indexed=option.key in indexed) for option in options)


def _key(option: Option, default: str, *, is_indexed: bool) -> str:
    """Write a key.

    :param is_indexed: whether a key of the same name in another section is the one that references lead to
    """
    sample = f"\n\nFor example ``{option.key} = {option.sample}``." if option.sample else ""
    return directive(
        "confval",
        option.key,
        escaped(option.help) + sample,
        [("type", escaped(option.kind.expected)), ("default", escaped(default))],
        ["no-index"] if is_indexed else [],
    )
