"""Suggestions for words that are probably not meant as regions, but as a command or an option (sync 1.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..base.text import nearest
from .command_names import COMMAND_HELP

LIKENESS = 0.8
"""How similar a misspelt word must be to one of these, from 0 to 1."""

_OPTIONS: Mapping[str, str] = {
    **dict.fromkeys(("status", "show-status", "show", "check", "diff"), "--show-status"),
    "pending": "--show-status --pending",
    "matrix": "--show-status --format matrix",
    **dict.fromkeys(("regions", "show-regions", "list", "ls"), "--show-regions"),
    **dict.fromkeys(("plan", "dry-run", "dryrun"), "--dry-run"),
    **dict.fromkeys(("backup", "backups", "make-backup", "make-backups"), "--make-backups"),
    **dict.fromkeys(("help", "usage"), "--help"),
    **dict.fromkeys(("tasks", "watch", "cancel"), "the command remote"),
    "version": "--version",
    "all": "master:",
}

_ADVICE: Mapping[str, str] = {
    **{word: f"did you mean {meant}?" for word, meant in _OPTIONS.items()},
    **dict.fromkeys(
        ("sync", "synchronise", "synchronize", "run", "start"),
        "a synchronisation needs no word: name the regions alone, or none for all regions of master",
    ),
    **{word: f"the command {word} has to be the first word" for word in COMMAND_HELP},
}


def advice(word: str, targets: Iterable[str]) -> str | None:
    """What a word that names no region was meant to be; None when it may be the name of a region.

    :param word: the word
    :param targets: the names of the targets
    """
    if word in targets:
        return f"it is a target; did you mean {word}:, all regions of it?"
    if "," in word:
        return "several regions are separated by spaces, without commas"
    return _ADVICE.get(word.casefold())


def is_probably_no_region(word: str) -> bool:
    """Whether a word that names no known region was probably meant as a command, an option or ``all``.

    :param word: the word
    """
    return advice(word, ()) is not None


def misspelt_command(word: str) -> str | None:
    """The command whose name a word is nearly; None when it is similar to none."""
    meant = nearest(word, COMMAND_HELP, cutoff=LIKENESS)
    return f"did you mean the command {meant}?" if meant else None


def hint(word: str) -> str | None:
    """What a word may have been meant to be that is similar to one of a command; None when it is similar to none.

    :param word: a word that names no region
    """
    meant = nearest(word, _ADVICE, cutoff=LIKENESS)
    if meant in COMMAND_HELP:
        return misspelt_command(word)
    return _ADVICE[meant] if meant else None
