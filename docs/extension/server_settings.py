"""The keys of the server's file, from the table that reads them."""

from __future__ import annotations

from fiwareglancesync.api.server_options import SECTIONS
from fiwareglancesync.config.option_tables import Option

from .markup import directive


def keys(section: str) -> str:
    """Write the keys of a section.

    :param section: its name in the file
    """
    return "".join(map(_key, SECTIONS[section]))


def _key(option: Option) -> str:
    named = option.variable not in ("", option.key)
    note = f" The environment variable ``{option.variable}`` is used if the file has no such key." if named else ""
    return directive("confval", option.key, option.help + note, [("default", option.default or "none")])
