"""What a user probably meant with a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable

LIKENESS = 0.6
"""How like two words must be, from 0 to 1, for one to be taken for the other misspelt."""


def nearest(word: str, known: Iterable[str], likeness: float = LIKENESS) -> str | None:
    """The known word that is most like the given one, whatever their case; None when none is like it.

    :param word: what the user wrote
    :param known: what could have been meant
    :param likeness: how like they must be
    """
    from difflib import get_close_matches

    by_form: dict[str, str] = {}
    for name in known:
        by_form.setdefault(name.casefold(), name)
    near = get_close_matches(word.casefold(), by_form, 1, likeness)
    return by_form[near[0]] if near else None


def did_you_mean(near: str | None) -> str:
    """The end of a sentence that suggests a word; nothing when there is none.

    :param near: what was probably meant
    """
    return f"; did you mean {near}?" if near else ""
