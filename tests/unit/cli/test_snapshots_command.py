"""``glancesync snapshots`` as a user calls it (snapshots 1)."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fiwareglancesync.cli.snapshots_command import VERBS, build_parser
from fiwareglancesync.main import main

ID, OTHER = "6f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c", "7f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c"
SERVERS = f"{ID}\tacme\tweb-1\tv1,v2\n{OTHER}\tacme\tother\tv3\n"

Call = Callable[..., int]


@pytest.fixture
def schedule(tmp_path: Path) -> Path:
    return tmp_path / "snap_sched.yml"


@pytest.fixture
def servers(tmp_path: Path) -> Path:
    return tmp_path / "server_list.txt"


@pytest.fixture
def call(tmp_path: Path, schedule: Path, servers: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls a verb with a configuration that names the files of the test."""
    for name in list(os.environ):
        if name.startswith(("OS_", "GLANCESYNC")):
            monkeypatch.delenv(name)
    conf = tmp_path / "glancesync.conf"
    conf.write_text(f"[snapshots]\nschedule_file = {schedule}\nserver_list = {servers}\ntimezone = Europe/Madrid\n")
    return lambda verb, *words: main(["snapshots", verb, "--conf", str(conf), *words])


def test_each_verb_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    help_text = build_parser("glancesync snapshots").format_help()
    for name, verb in VERBS.items():
        assert name in help_text
        with pytest.raises(SystemExit) as ended:
            main(["snapshots", name, "--help"])
        assert ended.value.code == 0
        assert " ".join(verb.description.split()) in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "the following arguments are required: VERB"),
        (["validat"], "invalid choice: 'validat'"),
        (["daemon", "--format", "json"], "--format"),
        (["next", "--count", "0"], "expected a whole number from 1 to 10000, not '0'"),
        (["next", "--count", "9999999999999"], "expected a whole number from 1 to 10000"),
        (["next", "--config", "snapshots.minute=60"], "expected a minute from 0 to 59"),
        (
            ["next", "--config", "snapshots.general=7@24"],
            "character 3: expected an hour from 0 to 23, not '24'",
        ),
        (["next", "--config", "snapshots.timezone=Mars"], "expected the name of a time zone such as Europe/Madrid"),
        (["validate", "/none/s.yml"], "the schedule file cannot be read: /none/s.yml: No such file or directory"),
        (["validate", "/"], "the schedule file cannot be read: /: Is a directory"),
    ],
)
def test_a_wrong_call_is_one_line(capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    assert main(["snapshots", *words]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.startswith("ERROR:")
    assert error.count("\n") == 1


class TestValidate:
    def test_every_mistake_is_a_line_with_file_line_and_column(
        self, call: Call, schedule: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        schedule.write_text("a: 7@24\nb: [7@mon@tue]\n")
        assert call("validate") == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err == (
            f"ERROR:{schedule}:1:6: expected an hour from 0 to 23, not '24'; midnight is 0\n"
            f"ERROR:{schedule}:2:11: a second list of days, 'tue'; write all days in one list\n"
        )

    def test_what_the_file_means_is_a_row_for_each_spec(
        self, call: Call, schedule: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        schedule.write_text("web: [7@04, '3@-']\n5@sun: [db]\n")
        assert call("validate", "--format", "json") == 2  # two daily specs
        schedule.write_text("web: [7@04, '3@2,4@-']\n5@sun: [db]\noff: 0\n")
        capsys.readouterr()
        assert call("validate", "--format", "json") == 0
        printed = capsys.readouterr()
        found = json.loads(printed.out)
        assert [(row["server"], row["set"], row["spec"], len(row["next"]), row["never"]) for row in found] == [
            ("web", "daily", "7@4", 3, ""),
            ("web", "hourly", "3@-@2,4", 0, "only by snapshots run"),
            ("db", "weekly", "5@sun", 3, ""),
            ("off", "daily", "0", 0, "the count is 0"),
            ("(all others)", "general", "5@mon-fri@6,11,15,19", 0, "general_snapshots is off"),
        ]
        assert all("T04:00+0" in time for time in found[0]["next"])
        assert printed.err.startswith(f"WARNING:{schedule}:3:6: off: the count is 0")

    def test_another_file_may_be_named(self, call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "other.yml").write_text("web: 7\n")
        assert call("validate", str(tmp_path / "other.yml"), "--config", "snapshots.general_snapshots=True") == 0
        text = capsys.readouterr().out
        assert " web " in text
        assert "never" not in text

    def test_servers_are_looked_up_in_the_list_of_servers(
        self, call: Call, schedule: Path, servers: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        schedule.write_text("web-*: 7\n'*-1': 5\nmail: 3\n")
        servers.write_text(SERVERS)
        assert call("validate") == 2
        assert capsys.readouterr().err == (
            f"WARNING:{schedule}:3:1: no server is called mail\n"
            f"ERROR:{schedule}:2:2: two patterns are for the server web-1 ({ID}), *-1 and web-* at 1:1; "
            "name the server itself, or change a pattern\n"
        )

    def test_a_list_of_servers_that_cannot_be_read_is_one_line(
        self, call: Call, schedule: Path, servers: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        schedule.write_text("web: 7\n")
        servers.write_text("one\ttwo\n")
        assert call("validate") == 2
        text = "line 1 has 2 columns instead of UUID, project, name and volumes"
        assert capsys.readouterr().err == f"ERROR:{servers}: the list of servers cannot be read: {text}\n"


class TestNext:
    def rows(self, text: str) -> list[tuple[str, str, str]]:
        return [(row["server"], row["set"], row["spec"]) for row in csv.DictReader(io.StringIO(text))]

    def test_the_earliest_times_of_all_come_first(
        self, call: Call, schedule: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        schedule.write_text("a: 7@6,18\n'b*': 3@6,18\n")
        assert call("next", "--count", "4", "--format", "json") == 0
        found = json.loads(capsys.readouterr().out)
        assert [row["server"] for row in found] == ["a", "b*"] * 2
        times = [row["time"] for row in found]
        assert times == sorted(times)
        assert times[0] == times[1] < times[2] == times[3]

    def test_without_a_list_the_names_are_those_of_the_file(
        self, call: Call, schedule: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        schedule.write_text("'b*': 3\na: 7\n")
        assert call("next", "b*", "--count", "2", "--format", "csv") == 0
        assert self.rows(capsys.readouterr().out) == [("b*", "daily", "3")] * 2
        assert call("next", "web") == 2
        assert capsys.readouterr().err == f"ERROR:{schedule} has no server web\n"

    def test_with_a_list_they_are_its_servers(
        self, call: Call, schedule: Path, servers: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        schedule.write_text("web-*: 7\n")
        servers.write_text(SERVERS)
        for word in (ID, ID.upper(), "acme/web-1", "web-1"):
            assert call("next", word, "--count", "1", "--format", "csv") == 0
            assert self.rows(capsys.readouterr().out) == [("web-1", "daily", "7")]
        assert call("next", "web-2") == 2
        assert f"the list of servers, {servers}, has no server web-2; did you mean web-1?" in capsys.readouterr().err

    def test_servers_that_the_file_does_not_name_have_the_general_spec_when_it_has_effect(
        self, call: Call, schedule: Path, servers: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        schedule.write_text("web-1: 0\n")
        servers.write_text(SERVERS)
        assert call("next", "--format", "csv") == 0
        nothing = capsys.readouterr()
        assert self.rows(nothing.out) == []
        assert nothing.err.endswith("INFO:no snapshot is due; glancesync snapshots validate prints why\n")
        assert call("next", "--count", "1", "--format", "csv", "--config", "snapshots.general_snapshots=yes") == 0
        assert self.rows(capsys.readouterr().out) == [("other", "general", "5@mon-fri@6,11,15,19")]
