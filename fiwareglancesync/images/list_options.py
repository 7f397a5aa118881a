"""Options that are lists of words: whether anything can match a word, and the targets that it holds for (sync 3.4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from ..base.text import nearest, show
from ..config.option_tables import DEFAULT
from ..config.sections import Findings, Values
from .model import is_uuid
from .settings import ANY, ListEntry, Target, own_region

DIGESTS = (32, 40, 56, 64, 96, 128)
"""Hexadecimal digits that an MD5 or one of the usual multihashes has."""

NO_PROPERTIES = frozenset(
    ("checksum", "container_format", "created_at", "direct_url", "disk_format", "id", "locations", "min_disk",
     "min_ram", "name", "owner", "protected", "size", "status", "stores", "tags", "updated_at", "virtual_size",
     "visibility")
)  # fmt: skip
"""Attributes of an image that are no user properties."""

REGIONS = "ignore_regions"

CONFIRMED_BY_CLOUD = (REGIONS, "forcesyncs", "metadata_set", "metadata_exclude", "obsolete_syncprops")
"""Lists whose words name something in a cloud; that ``preferable_order`` names what is not there is no mistake."""

Check = Callable[[str], str | None]
"""Takes a word, and returns what is wrong with it."""


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


def list_entries(
    read: Mapping[str, Values], targets: Mapping[str, Target], findings: Findings
) -> tuple[ListEntry, ...]:
    """Collect the words that only a cloud can confirm.

    :param read: the sections by name
    :param targets: the targets by name
    :param findings: a word in the section of another target than its prefix names is reported here
    """
    entries: list[ListEntry] = []
    for section, values in read.items():
        for key in CONFIRMED_BY_CLOUD:
            names = tuple(name for name in targets if _section_of(name, key, read) == section)
            for word in sorted(values.rules.get(key) or ()) if names else ():
                entry = ListEntry(values.where(key), key, word, names)
                if key == REGIONS and not _concerned(word, names, targets):
                    prefix = word.partition(":")[0]
                    findings.warnings.append(
                        f"{entry.where}: '{show(word)}' is a region of another target and has no effect here; "
                        f"write it in [{show(prefix)}]"
                    )
                else:
                    entries.append(entry)
    return tuple(entries)


def own_regions(target: Target, targets: Collection[str]) -> Target:
    """A target whose ``ignore_regions`` are names of its own regions, without prefix.

    :param target: a target
    :param targets: names of all targets
    """
    own = [own_region(word, target.name, targets) for word in target.ignore_regions]
    return replace(target, ignore_regions=tuple(region for region in own if region is not None))


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


def _section_of(target: str, key: str, read: Mapping[str, Values]) -> str:
    """The section that a target's list comes from."""
    own = read.get(target)
    return target if own is not None and key in own.rules else DEFAULT


def _concerned(word: str, names: Collection[str], targets: Collection[str]) -> bool:
    return any(own_region(word, name, targets) is not None for name in names)


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
