"""The words of lists that only a cloud can confirm, with the targets that each holds for (sync 3.4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from ..base.text import show
from ..images.settings import ListEntry, Target, own_region
from .option import DEFAULT
from .sections import Findings, Values

KEYS = ("ignore_regions", "forcesyncs", "metadata_set", "metadata_exclude", "obsolete_syncprops")
"""Lists whose words name something in a cloud; that ``preferable_order`` names what is not there is no mistake."""


def list_entries(
    read: Mapping[str, Values], targets: Mapping[str, Target], findings: Findings
) -> tuple[ListEntry, ...]:
    """Collect the words.

    :param read: the sections by name
    :param targets: the targets by name
    :param findings: a word in the section of another target than its prefix names is told here
    """
    entries: list[ListEntry] = []
    for section, values in read.items():
        for key in KEYS:
            names = tuple(name for name in targets if _section_of(name, key, read) == section)
            for word in sorted(values.rules.get(key) or ()) if names else ():
                entry = ListEntry(values.where(key), key, word, names)
                if key == "ignore_regions" and not _concerned(word, names, targets):
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


def _section_of(target: str, key: str, read: Mapping[str, Values]) -> str:
    """The section that a target's list comes from."""
    own = read.get(target)
    return target if own is not None and key in own.rules else DEFAULT


def _concerned(word: str, names: Collection[str], targets: Collection[str]) -> bool:
    return any(own_region(word, name, targets) is not None for name in names)
