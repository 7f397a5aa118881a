"""What a terminal gets to see of names that strangers chose (sync 1.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.base.text import escaped, printable, show
from tests.strategies import LAW


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, \"quoted\" 'n' <b> [red] ñ € 😀", "plain, \"quoted\" 'n' <b> [red] ñ € 😀"),
        ("a\nb\r\t\0", "a\\x0ab\\x0d\\x09\\x00"),
        ("\x1b[31m\x7f\x9b", "\\x1b[31m\\x7f\\x9b"),
        ("\ud800\udfff", "\\ud800\\udfff"),
        ("\u202egpj.exe\u2028", "\\u202egpj.exe\\u2028"),
    ],
)
def test_control_characters_and_lone_surrogates_are_shown_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@LAW
@given(st.text(st.characters()))
def test_what_is_shown_is_one_line_that_can_be_written_and_shown_again(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert printable(shown) == shown
    shown.encode()


@LAW
@given(st.text(st.characters()))
def test_what_is_escaped_is_printable_and_stays_as_it_is(text: str) -> None:
    assert escaped(text).isprintable()
    assert escaped(escaped(text)) == escaped(text)


def test_joiners_and_what_has_no_width_are_escaped_too() -> None:
    assert escaped("a\u200db\u00ad\ufeff\U000e0041\xa0é") == "a\\u200db\\xad\\ufeff\\U000e0041\\xa0é"


def test_show_escapes_what_a_terminal_would_obey() -> None:
    assert show("a\x1b[1m\x85\u2028\ud800é") == "a\\x1b[1m\\x85\\u2028\\ud800é"
    assert show("x" * 100, 10) == "x" * 9 + "…"
