"""Whether anything can match the words of a list, as far as that shows before a cloud is asked (sync 3.4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..base.text import nearest, show
from ..images.model import is_uuid
from ..images.settings import ANY

if TYPE_CHECKING:
    from .sections import Findings, Values

DIGESTS = (32, 40, 56, 64, 96, 128)
"""Hexadecimal digits that an MD5 or one of the usual multihashes has."""

NO_PROPERTIES = frozenset(
    ("checksum", "container_format", "created_at", "direct_url", "disk_format", "id", "locations", "min_disk",
     "min_ram", "name", "owner", "protected", "size", "status", "stores", "tags", "updated_at", "virtual_size",
     "visibility")
)  # fmt: skip
"""Attributes of an image that are no user properties."""

Check = Callable[[str], str | None]
"""Takes a word, and tells what is wrong with it."""


def check_lists(values: Values, findings: Findings, *, embedded: bool) -> None:
    """Warn about each word that nothing can match.

    :param values: a section
    :param findings: the warnings are added here
    :param embedded: whether the regions are those of the embedded federation, whose ids and digests may be anything
    """
    for key, check in _CHECKS.items():
        words = sorted(values.rules.get(key) or ())
        if embedded and key in _FORMS:
            words = [word for word in words if word == ANY]
        for word in words:
            if problem := check(word):
                findings.warnings.append(f"{values.where(key)}: {problem}")


def _uuid(word: str) -> str | None:
    return None if is_uuid(word) else f"'{show(word)}' is no UUID; it will match no image"


def _checksum(word: str) -> str | None:
    if word == ANY or (len(word) in DIGESTS and re.fullmatch("[0-9a-f]+", word)):
        return None
    if nearest(word, [ANY]):
        return f"'{show(word)}' is no checksum; it will match no image; did you mean {ANY}?"
    return f"'{show(word)}' is no MD5 nor multihash in hexadecimal; it will match no image"


def _kept(word: str) -> str | None:
    if word == ANY:
        return f"'{ANY}' has no meaning here; list checksums, or leave replace and rename empty"
    return _checksum(word)


def _property(word: str) -> str | None:
    if word == "is_public":
        return "is_public is no user property, leave it out; whether an image is public is always synchronised"
    if word in NO_PROPERTIES or word.startswith(("os_hash_", "os_glance_", "glancesync_", "cinder_encryption_key_")):
        return f"'{show(word)}' is no property that is synchronised; it will match nothing"
    if word[0] in "'\"" or word[-1] in "'\"":
        return f"'{show(word)}' will match no property; did you mean {show(word.strip(chr(39) + chr(34)))}?"
    return None


_CHECKS: dict[str, Check] = {
    "forcesyncs": _uuid,
    "dontupdate": _kept,
    "replace": _checksum,
    "rename": _checksum,
    "metadata_set": _property,
    "obsolete_syncprops": _property,
}
_FORMS = frozenset(("forcesyncs", "dontupdate", "replace", "rename"))
"""Lists whose words have a form in OpenStack that they need not have in the embedded federation."""
