"""The list of servers in a file: a line for each (snapshots 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.snapshots.schedule.server_list import ListedServer, read_servers, write_servers

ONE, TWO = "aaaaaaaa-0000-4000-8000-000000000000", "bbbbbbbb-0000-4000-8000-000000000000"

texts = st.text(max_size=12)
servers = st.builds(
    ListedServer,
    st.uuids().map(str),
    texts,
    texts,
    st.lists(st.uuids().map(str), max_size=3).map(tuple),
)


def test_a_line_for_each_sorted() -> None:
    found = write_servers([ListedServer(TWO, "p", "two"), ListedServer(ONE, "p q", "o\tne\n", ("v", "w"))])
    assert found == f"{ONE}\tp q\to\\x09ne\\x0a\tv,w\n{TWO}\tp\ttwo\t\n"


@given(st.lists(servers, max_size=5, unique_by=lambda server: server.id))
def test_what_was_written_is_read(some: list[ListedServer]) -> None:
    text = write_servers(some)
    assert text.count("\n") == len(some)
    assert read_servers(text) == sorted(some)


def test_a_uuid_in_upper_case_is_the_same() -> None:
    assert read_servers(f"{ONE.upper()}\tp\tn\t\n") == [ListedServer(ONE, "p", "n")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{ONE}\tp\tn\t\n{TWO}\tp\tn\n", "line 2 has 3 columns instead of UUID, project, name and volumes"),
        ("web\tp\tn\t\n", "line 1 begins with web, which is no UUID"),
        (f"\ufeff{ONE}\tp\tn\t\n", "line 1 begins with .*, which is no UUID"),
        (f"{ONE}\tp\tn\tv1\r\n", r"line 1 has the character \\x0d; lines end with a line feed alone"),
        (f"{ONE}\tp\tn\u202e\t\n", r"line 1 has the character \\u202e"),
        (f"{ONE}\tp\tn\tv1\n{TWO}\tp\tm\t\n{ONE.upper()}\tp\tn\tv2\n", "line 3 has the server of line 1 again"),
    ],
)
def test_a_line_of_another_form_is_named(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_servers(text)
