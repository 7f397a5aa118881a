"""The keys of the configuration, from the table that reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fiwareglancesync.config.option_tables import Option
from fiwareglancesync.images.configuration import TABLES

from .markup import directive, escaped

PARTS: Mapping[str, Sequence[Option]] = {
    "main": TABLES.main,
    "rules": TABLES.rules,
    "credential": TABLES.credential,
}


def keys(part: str) -> str:
    """Write the keys of a part.

    :param part: a key of ``PARTS``
    """
    return "".join(map(_key, PARTS[part]))


def _key(option: Option) -> str:
    sample = f"\n\nFor example ``{option.key} = {option.sample}``." if option.sample else ""
    return directive(
        "confval",
        option.key,
        escaped(option.help) + sample,
        [("type", escaped(option.kind.expected)), ("default", escaped(TABLES.default_text(option)))],
    )
