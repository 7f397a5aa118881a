"""What a schedule file means, and what is wrong with it (snapshots 2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.snapshots.schedule.schedule_file import Schedule, read_schedule
from fiwareglancesync.snapshots.schedule.snapshot_spec import Spec
from tests.snapshot_strategies import specs

ID = "6f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c"


def read(text: str) -> Schedule:
    return read_schedule(text.encode())


def meaning(schedule: Schedule) -> dict[str, list[str]]:
    return {server: [str(placed.spec) for placed in entry.specs] for server, entry in schedule.entries.items()}


def mistakes(text: str) -> list[str]:
    found = read(text)
    assert not found.entries or not found.mistakes
    return [f"{finding.position} {finding.text}" for finding in found.mistakes]


def test_the_three_forms_of_a_line() -> None:
    schedule = read("7@mon-fri@2,4: [web, db]\nmail: 3\ndb: [5@sun, '2@-']\n'acme/web-*':\n- 1@3,5\n- 2@sun\n")
    assert schedule.mistakes == []
    assert meaning(schedule) == {
        "web": ["7@mon-fri@2,4"],
        "db": ["7@mon-fri@2,4", "5@sun", "2@-"],
        "mail": ["3"],
        "acme/web-*": ["1@3,5", "2@sun"],
    }


def test_one_server_may_stand_without_a_list() -> None:
    assert meaning(read("7@2: web\n")) == {"web": ["7@2"]}


def test_digits_are_a_spec_as_a_key_and_a_server_in_the_list_of_a_spec() -> None:
    assert meaning(read("7: ['7', web]\n")) == {"7": ["7"], "web": ["7"]}


def test_a_uuid_is_compared_in_lower_case() -> None:
    assert list(read(f"{ID.upper()}: 7\n").entries) == [ID]
    assert mistakes(f"{ID.upper()}: 7\n{ID}: 5@sun\n") == [f"2:1 the key {ID} is there twice, also at 1:1"]


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("a: 7\nb: 7\na: 5@sun\n", "3:1", "the key a is there twice, also at 1:1"),
        ("7: [a]\n7: [b]\n", "2:1", "the key 7 is there twice, also at 1:1"),
        ("web: [7@mon-fri@2,4]\n", "1:19", "the item 4 has digits only; if it belongs to the item before, write that"),
        ("web: [7@mon, fri@2]\n", "1:14", "expected a count"),
        ("web: []\n", "1:1", "web has no spec; write 0 for a server without snapshots"),
        ("web: ~\n", "1:6", "not '~'"),
        ("7@8-17: [web]\n", "1:3", "hours have no ranges"),
        ("web: ' 7@mon,monday'\n", "1:14", "no day: 'monday'"),
        ("web: [7@2, 5@3]\n", "1:12", "web has two daily specs, 5@3 and 7@2 at 1:7; write one"),
        ("7@2: [a, b]\n5@3: [b]\n", "2:7", "b has two daily specs, 5@3 and 7@2 at 1:10; write one"),
        ("7@2: [a, a]\n", "1:10", "a has two daily specs, 7@2 and 7@2 at 1:7; write one"),
        ("7@2: [a, '']\n", "1:10", "the server's name is empty"),
        ("'': 7\n", "1:1", "the server's name is empty"),
        ("web: monday\n", "1:6", "not 'monday'"),
    ],
)
def test_a_mistake_has_its_position(text: str, position: str, says: str) -> None:
    [found] = mistakes(text)
    assert found.startswith(f"{position} ")
    assert says in found


def test_every_mistake_is_found_at_once() -> None:
    found = mistakes("a: 7@24\nb: [x, 7@mon@tue]\nc: {d: 7}\ne: 7\ne: 8\n7@: [f]\ng: @\n")
    assert [text.split()[0] for text in found] == ["1:6", "2:5", "2:14", "3:4", "5:1", "6:3", "7:4"]


@pytest.mark.parametrize("text", ["web: [7@sun, '5']\n", "web:\n- 7@sun\n- 5\n", "web: [5]\n"])
def test_digits_only_are_a_spec_where_no_comma_can_have_cut_it(text: str) -> None:
    assert mistakes(text) == []


def test_a_count_of_0_is_said_loudly() -> None:
    schedule = read("web: 0@2,4\n")
    assert [f"{finding.position} {finding.text}" for finding in schedule.warnings] == [
        "1:6 web: the count is 0, so no hourly copies are created, and none are removed"
    ]


def test_a_spec_without_servers_is_odd() -> None:
    assert [finding.text for finding in read("7@2: []\n").warnings] == ["no server has the spec 7@2"]


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(
    lambda name: name == name.strip() and bool(name)
)


@st.composite
def files(draw: st.DrawFn) -> dict[str, list[Spec]]:
    """Servers with specs of different sets."""
    servers = draw(st.lists(names, max_size=5, unique_by=str.lower))
    unique = st.lists(specs(), min_size=1, max_size=3, unique_by=lambda spec: spec.set_name)
    return {server: draw(unique) for server in servers}


@given(files())
def test_specs_in_their_canonical_form_are_read_as_they_were_written(file: dict[str, list[Spec]]) -> None:
    expected = {server: sorted(map(str, found)) for server, found in file.items()}
    text = _by_spec(expected)
    schedule = read(text)
    assert schedule.mistakes == []
    assert {server: sorted(found) for server, found in meaning(schedule).items()} == expected
    assert sorted(_by_spec(meaning(schedule)).splitlines()) == sorted(text.splitlines())


@given(st.integers(0, 999), st.sampled_from(["'", '"', ""]), st.integers(0, 3), st.integers(1, 3))
def test_a_mistake_in_a_spec_is_found_in_its_line_and_column(count: int, quote: str, line: int, blanks: int) -> None:
    before = "".join(f"s{number}: 7@{number}\n" for number in range(line))
    start = f"web:{' ' * blanks}{quote}{count}@2,"
    assert [text.split()[0] for text in mistakes(f"{before}{start}monday{quote}\n")] == [f"{line + 1}:{len(start) + 1}"]


def _by_spec(servers: Mapping[str, Iterable[str]]) -> str:
    """A schedule file with a line for each spec, in its canonical form."""
    found: dict[str, list[str]] = {}
    for server, specs_of_it in servers.items():
        for spec in specs_of_it:
            found.setdefault(spec, []).append(_quoted(server))
    return "".join(f'"{spec}": [{", ".join(sorted(names))}]\n' for spec, names in found.items()) or "{}\n"


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'
