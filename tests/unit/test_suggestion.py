"""What a user probably meant with a word that is not known."""

from __future__ import annotations

import pytest

from fiwareglancesync.suggestion import did_you_mean, nearest


@pytest.mark.parametrize(
    ("word", "near"),
    [("Burgso", "Burgos"), ("BURGOS", "Burgos"), ("madrid", "Madrid"), ("Lisbon", None), ("", None)],
)
def test_the_nearest_word_is_found_whatever_its_case(word: str, near: str | None) -> None:
    assert nearest(word, ["Madrid", "Burgos"]) == near


def test_the_likeness_may_be_set() -> None:
    assert nearest("Brgs", ["Burgos"], 0.9) is None


def test_it_is_suggested_in_the_same_words_everywhere() -> None:
    assert did_you_mean("Burgos") == "; did you mean Burgos?"
    assert did_you_mean(None) == ""
