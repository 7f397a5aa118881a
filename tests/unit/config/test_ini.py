"""The form of a configuration file: sections, keys, continuations, and every mistake with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.config import ini


def values(text: str) -> dict[str, dict[str, str]]:
    document = ini.parse(text, "f")
    assert document.problems == []
    return {name: {k: e.value for k, e in s.entries.items()} for name, s in document.sections.items()}


def test_keys_are_case_insensitive_and_sections_are_not() -> None:
    assert values("[Main]\nMaster_Region = X\n[main]\nuser: y\n") == {
        "Main": {"master_region": "X"},
        "main": {"user": "y"},
    }


def test_only_the_first_delimiter_splits() -> None:
    assert values("[a]\nmetadata_condition = image.name == 'x:y'\nurl = http://h:1/\n") == {
        "a": {"metadata_condition": "image.name == 'x:y'", "url": "http://h:1/"}
    }


@pytest.mark.parametrize(
    "text",
    [
        "[a]\nk = one\\\ntwo\n",
        "[a]\nk = one \\   \n   two\n",
        "[a]\nk = one\n  two\n",
        "[a]\n  k = one\n    two\n",
        "[a]\nk = one\n# comment\n  two\n",
        "[a]\nk =\n  one\n  two\n",
        "[a]\r\nk = one\\\r\ntwo\r\n",
    ],
)
def test_a_value_goes_on_after_a_backslash_or_indented(text: str) -> None:
    assert values(text) == {"a": {"k": "one two"}}


def test_keys_indented_alike_are_keys_of_their_own() -> None:
    assert values("[a]\n  k = 1\n  l = 2\n") == {"a": {"k": "1", "l": "2"}}


def test_percent_and_inline_hashes_are_ordinary() -> None:
    assert values("[a]\nk = 100%(x)s # y ; z\n") == {"a": {"k": "100%(x)s # y ; z"}}


def test_a_backslash_at_the_end_of_the_file_ends_the_value() -> None:
    assert values("[a]\nk = v\\") == {"a": {"k": "v"}}


def test_comments_and_spaces_around_sections() -> None:
    assert values("# c\n; d\n[ a ]  # e\nk=v\n") == {"a": {"k": "v"}}


def test_origins_name_file_and_line() -> None:
    assert ini.parse("[a]\n\nk = v\n", "f.conf").sections["a"].entries["k"].origin == "f.conf:3"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("k = v\n", "f:1: k stands before the first section; expected [main] or another above it"),
        ("[a]\nk = 1\nl = 2\nK = 3\n", "f:4: [a] k is given twice, first in line 2; keep one"),
        ("[a]\n[b]\n[a]\n", "f:3: [a] is given twice, first in line 1; join the two"),
        ("[a]\nword\n", "f:2: expected key = value, a [section], or a comment that starts with # or ;"),
        ("[a]\n= v\n", "f:2: expected key = value, a [section], or a comment that starts with # or ;"),
        ("[a\n", "f:1: found a line that starts with [, expected a section such as [main]"),
        ("[]\n", "f:1: found a line that starts with [, expected a section such as [main]"),
        (
            "[a]\nk = v\n\n  w\n",
            "f:4: an indented line goes on with a value only right below it; remove the blank line",
        ),
    ],
)
def test_every_mistake_is_located(text: str, problem: str) -> None:
    assert ini.parse(text, "f").problems == [problem]


def test_all_mistakes_are_found_at_once() -> None:
    assert len(ini.parse("x\n[a]\ny\nk=1\nk=2\n[a]\n[\n", "f").problems) == 5


def test_a_wrong_line_is_not_quoted_for_it_may_be_a_piece_of_a_password() -> None:
    document = ini.parse("[a]\nhunter2\npassword = s3cret\npassword = s3cret\n", "f")
    shown = "\n".join(document.problems) + repr(document)
    assert "hunter2" not in shown
    assert "s3cret" not in shown


def test_a_byte_order_mark_is_left_out() -> None:
    assert ini.decode("[a]\n".encode("utf-8-sig"), "f") == ("[a]\n", [])


def test_bytes_that_are_no_utf8_are_located() -> None:
    text, problems = ini.decode(b"[a]\nk = \xe9t\xe9\n", "f")
    assert text == ""
    assert problems == ["f:2: found the byte 0xe9, expected UTF-8 text; save the file as UTF-8"]


@given(st.text(alphabet=st.sampled_from("[]=:#;\\ \t\n\rab'\u2028\x00")) | st.text())
def test_the_parser_never_raises(text: str) -> None:
    document = ini.parse(text, "f")
    assert all(problem.startswith("f:") and "\n" not in problem for problem in document.problems)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.from_regex(r"[a-z0-9%$=:,#]{0,20}", fullmatch=True)
    )
)
def test_what_is_written_is_read(entries: dict[str, str]) -> None:
    text = "[s]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
    assert values(text) == {"s": entries}
