"""Words that are meant as a command or an option, and would be read as regions (sync 1.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..base.text import nearest
from .command_names import COMMAND_HELP

LIKENESS = 0.8
"""How like a misspelt word must be to one of these, from 0 to 1."""

_MEANT: Mapping[str, str] = {
    **dict.fromkeys(("status", "show-status", "show", "check", "diff"), "--show-status"),
    **dict.fromkeys(("regions", "show-regions", "list", "ls"), "--show-regions"),
    **dict.fromkeys(("plan", "dry-run", "dryrun"), "--dry-run"),
    **dict.fromkeys(("backup", "backups", "make-backup", "make-backups"), "--make-backups"),
    **dict.fromkeys(("help", "usage"), "--help"),
    **dict.fromkeys(("tasks", "watch", "cancel"), "the command remote"),
    "version": "--version",
    "all": "master:",
}

_ADVICE: Mapping[str, str] = {
    **{word: f"did you mean {meant}?" for word, meant in _MEANT.items()},
    **dict.fromkeys(
        ("sync", "synchronise", "synchronize", "run", "start"),
        "a synchronisation needs no word: name the regions alone, or none for all regions of master",
    ),
    **{word: f"the command {word} has to be the first word" for word in COMMAND_HELP},
}


def advice(word: str, targets: Iterable[str]) -> str | None:
    """What was meant with a word that names no region; None when it may well be a region's name.

    :param word: the word
    :param targets: the names of the targets
    """
    if word in targets:
        return f"it is a target; did you mean {word}:, all regions of it?"
    return _ADVICE.get(word.casefold())


def is_command_word(word: str) -> bool:
    """Whether a word is more likely to be meant as a command than as the name of a region that is not there.

    :param word: the word
    """
    return advice(word, ()) is not None


def hint(word: str) -> str | None:
    """What may have been meant with a word that is like one of a command; None when nothing comes to mind.

    :param word: a word that names no region
    """
    meant = nearest(word, _ADVICE, cutoff=LIKENESS)
    return _ADVICE[meant] if meant else None
