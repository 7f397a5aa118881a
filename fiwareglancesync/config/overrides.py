"""The words after ``--config``, laid over what the file says (sync 1.1)."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.errors import UsageError
from .ini import Document, Entry, Section
from .option import DEFAULT, MAIN
from .options import BY_MAIN_KEY, BY_TARGET_KEY

ORIGIN = "--config"


def apply(words: Sequence[str], document: Document) -> None:
    """Lay the words over a document, in which they replace what the file says in the same section.

    ``section.key=value`` goes to that section, made when it is missing; a bare ``key=value`` goes to
    ``[DEFAULT]``, so a target's own section wins over it as it does over ``[DEFAULT]`` in the file; a bare
    key that only ``[main]`` knows goes to ``[main]``. Of two words for one key the last wins.

    :param words: as they stand on the command line
    :param document: changed in place
    :raises UsageError: a word is not ``KEY=VALUE``
    """
    for word in words:
        name, equals, value = word.partition("=")
        section_name, dot, key = name.rpartition(".")
        section_name, key = section_name.strip(), key.strip().lower()
        if not equals or not key or (dot and not section_name):
            raise UsageError(f"{word} is not KEY=VALUE; put regions before --config or after --")
        if not dot:
            section_name = MAIN if key in BY_MAIN_KEY and key not in BY_TARGET_KEY else DEFAULT
        section = document.sections.setdefault(section_name, Section(section_name, ORIGIN))
        earlier = section.entries.get(key)
        replaced = earlier.replaced if earlier is not None and earlier.origin == ORIGIN else earlier
        section.entries[key] = Entry(value.strip(), ORIGIN, replaced)
