"""Only the most exact entry counts for a server (snapshots 2.3)."""

from __future__ import annotations

from fiwareglancesync.snapshots.schedule.schedule_file import read_schedule
from fiwareglancesync.snapshots.schedule.server_list import ListedServer
from fiwareglancesync.snapshots.schedule.server_match import MatchedServers, match_servers

ID, OTHER = "6f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c", "7f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c"
WEB, SECOND = ListedServer(ID, "acme", "web-1"), ListedServer(OTHER, "other", "web-1")


def match(text: str, *servers: ListedServer) -> MatchedServers:
    schedule = read_schedule(text.encode())
    assert schedule.mistakes == []
    return match_servers(schedule.entries, servers)


def chosen(text: str, *servers: ListedServer) -> dict[str, str]:
    return {id: entry.server for id, entry in match(text, *servers).entries.items()}


def test_the_most_exact_entry_counts() -> None:
    lines = [f"{ID}: 1", "acme/web-1: 2", "web-1: 3", "web-*: 4"]
    expected = [ID, "acme/web-1", "web-1", "web-*"]
    for number, entry in enumerate(expected):
        assert chosen("\n".join(reversed(lines[number:])), WEB) == {ID: entry}


def test_a_server_that_no_entry_names_has_none() -> None:
    assert chosen("db: 7\nweb: 5\n'WEB-*': 3\n", WEB) == {}


def test_a_name_of_several_servers_counts_for_all_with_a_warning() -> None:
    found = match("web-1: 7\n", WEB, SECOND)
    assert set(found.entries) == {ID, OTHER}
    [warning] = found.warnings
    assert (str(warning.position), warning.text) == (
        "1:1",
        f"2 servers are called web-1, and all count: {ID}, {OTHER}",
    )


def test_an_entry_for_nobody_is_a_warning() -> None:
    found = match(f"a: 7\n'b*': 7\n{OTHER}: 7\n", WEB)
    assert [finding.text for finding in found.warnings] == [
        "no server is called a",
        "no server fits b*",
        f"no server has the id {OTHER}",
    ]


def test_two_patterns_for_one_server_are_a_mistake_unless_something_names_it() -> None:
    [mistake] = match("web-?: 7\n'*-1': 5\n", WEB).mistakes
    assert str(mistake.position) == "2:2"
    assert mistake.text == (
        f"two patterns are for the server web-1 ({ID}), *-1 and web-? at 1:1; "
        "name the server itself, or change a pattern"
    )
    assert match("web-?: 7\n'*-1': 5\nweb-1: 3\n", WEB).mistakes == []


def test_a_pattern_with_a_slash_is_compared_with_project_and_name() -> None:
    assert chosen("'acme/*': 7\n", WEB, SECOND) == {ID: "acme/*"}
    assert chosen("'w*1': 7\n", WEB, SECOND) == {ID: "w*1", OTHER: "w*1"}


def test_brackets_and_dots_are_ordinary_signs() -> None:
    assert chosen("'w[e]b.*': 7\n", ListedServer("1", "p", "web-1"), ListedServer("2", "p", "w[e]b.x")) == {
        "2": "w[e]b.*"
    }
