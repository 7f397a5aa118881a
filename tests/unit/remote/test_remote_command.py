"""``glancesync remote``, called as from a shell: what it prints and how it ends."""

from __future__ import annotations

import json
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.units import MIB
from fiwareglancesync.events import Event, RegionFinished, RegionPlanned
from fiwareglancesync.main import main
from fiwareglancesync.remote import remote_command
from tests.support.scripted_server import Answer, ScriptedServer

from .conftest import GREETING, TOKENS, Call, refused, task_document

TASK = "/regions/Burgos/tasks/t-1"
STARTED = Answer(200, {"taskId": "t-1", "status": "syncing"})
EVIL = "evil\x1b[2J[red]"
ESCAPED = "evil\\x1b[2J[red]"


def image(name: str, status: str = "ok", message: str | None = None) -> dict[str, str | None]:
    """An image as the server returns it."""
    return {"id": None, "name": name, "status": status, "message": message}


def cells(line: str) -> list[str]:
    """A row of a table."""
    return line.split()


class TestRegions:
    REGIONS = (
        {"id": "Burgos", "checked": None, "task": None},
        {
            "id": EVIL,
            "checked": "2026-11-21T12:00:00.123+00:00",
            "counts": {"ok": 3, "ok_stalled_checksum": 1, "pending_upload": 2, "error_ami": 5},
            "task": {"taskId": "t-1", "status": "syncing"},
        },
    )

    def test_they_are_reported_as_a_table(self, server: ScriptedServer, remote: Call) -> None:
        server.on("GET", "/regions", Answer(200, {"regions": self.REGIONS}))
        code, out, err = remote("regions")
        assert (code, err) == (0, [])
        rows = [cells(line) for line in out if line.strip()]
        assert rows[0] == ["Region", "Checked", "OK", "Pending", "Errors", "Task", "Remarks"]
        assert rows[2:] == [["Burgos"], [ESCAPED, "2026-11-21T12:00:00+00:00", "4", "2", "5", "t-1"]]

    def test_csv_and_json_carry_names_as_they_are(self, server: ScriptedServer, remote: Call) -> None:
        server.on("GET", "/regions", Answer(200, {"regions": self.REGIONS}))
        assert remote("regions", "--format", "csv")[1][1] == f"{EVIL},2026-11-21T12:00:00+00:00,4,2,5,t-1,"
        reported = json.loads("".join(remote("regions", "--format", "json")[1]))
        assert [region["id"] for region in reported] == ["Burgos", EVIL]
        assert reported[1]["task"]["taskId"] == "t-1"

    def test_one_that_cannot_be_looked_at_is_a_failure(self, server: ScriptedServer, remote: Call) -> None:
        lost = {"id": "Burgos", "checked": None, "error": "Burgos: no answer", "task": None}
        server.on("GET", "/regions", Answer(200, {"regions": [lost]}))
        code, _, err = remote("regions", "--refresh")
        assert (code, err) == (1, ["ERROR:Burgos: no answer"])


class TestStatus:
    def test_it_is_that_of_the_command(self, server: ScriptedServer, remote: Call) -> None:
        listed = [image("one"), image(EVIL, "pending_upload")]
        server.on("GET", "/regions/Burgos", Answer(200, {"images": listed}))
        assert remote("status", "master:Burgos") == (0, ["ok,Burgos,one", f"pending_upload,Burgos,{EVIL}"], [])

    def test_a_table_escapes_whatever_a_server_says(self, server: ScriptedServer, remote: Call) -> None:
        listed = [image(EVIL, EVIL, EVIL)]
        server.on("GET", "/regions/Burgos", Answer(200, {"images": listed}))
        code, out, _ = remote("status", "Burgos", "--format", "table")
        assert code == 0
        assert cells([line for line in out if line.strip()][-1]) == [ESCAPED, "Burgos", ESCAPED, ESCAPED]

    def test_json_reports_what_to_do(self, server: ScriptedServer, remote: Call) -> None:
        server.on("GET", "/regions/Burgos", Answer(200, {"images": [image("one", "error_checksum", "decide")]}))
        _, out, _ = remote("status", "Burgos", "--format", "json")
        reported = {"status": "error_checksum", "region": "Burgos", "image": "one", "id": None, "message": "decide"}
        assert json.loads("".join(out)) == {"images": [reported], "left_out": []}

    def test_what_is_left_out_is_reported_apart(self, server: ScriptedServer, remote: Call) -> None:
        left = {"name": "two", "reason": "it has no size", "deliberate": False, "aNewField": 1}
        server.on("GET", "/regions/Burgos", Answer(200, {"images": [image("one")], "left_out": [left]}))
        assert remote("status", "Burgos")[1] == ["ok,Burgos,one"]
        _, out, _ = remote("status", "Burgos", "--format", "table")
        assert cells([line for line in out if line.strip()][-1]) == [
            *("left_out", "Burgos", "two", "it", "has", "no", "size")
        ]
        _, out, _ = remote("status", "Burgos", "--format", "json")
        reported = {"region": "Burgos", "image": "two", "reason": "it has no size", "deliberate": False}
        assert json.loads("".join(out))["left_out"] == [reported]
        assert remote("status", "Burgos", "--image", "two")[0] == 0

    def test_a_region_that_is_refused_leaves_the_others(self, server: ScriptedServer, remote: Call) -> None:
        server.on("GET", "/regions/Nowhere", refused(410, "Nowhere: unknown region"))
        server.on("GET", "/regions/Burgos", Answer(200, {"images": [image("one")]}))
        assert remote("status", "Nowhere", "Burgos") == (
            1,
            ["ok,Burgos,one"],
            ["ERROR:Nowhere: unknown region (HTTP 410)"],
        )

    def test_an_image_that_is_not_there_is_reported(self, server: ScriptedServer, remote: Call) -> None:
        server.on("GET", "/regions/Burgos", Answer(200, {"images": []}))
        assert remote("status", "Burgos", "--image", "nix") == (
            1,
            [],
            ["WARNING:no image to be synchronised is called nix"],
        )


class TestSync:
    @pytest.mark.parametrize("word", ["master:", "other:"])
    @pytest.mark.parametrize("command", ["sync", "status", "tasks", "watch"])
    def test_all_regions_of_a_target_are_not_asked_for_at_once(
        self, server: ScriptedServer, remote: Call, command: str, word: str
    ) -> None:
        why = f"ERROR:{word}: it stands for all regions of a target; name them one by one"
        assert remote(command, word) == (2, [], [why])
        assert server.lines == []

    def test_a_task_is_started_and_named(self, server: ScriptedServer, remote: Call) -> None:
        server.on("POST", "/regions/Burgos", STARTED)
        words = ["sync", "Burgos", "--dry-run", "--image", "a*", "--decide", "a=x:rename", "--replace-lists"]
        words += ["--config", "replace=any"]
        reported = ["INFO:Dry run: nothing is changed.", "INFO:Burgos: Task t-1 is syncing"]
        assert remote(*words) == (0, reported, [])
        (request,) = server.of("POST", "/regions/Burgos")
        assert request.document == {
            "dryRun": True,
            "images": ["a*"],
            "config": {"replace": "any"},
            "replaceLists": True,
            "decisions": {"a": {"checksum": "x", "action": "rename"}},
        }

    @pytest.mark.usefixtures("account")
    def test_it_is_asked_with_a_token(self, server: ScriptedServer, remote: Call) -> None:
        server.on("POST", "/regions/Burgos", STARTED)
        assert remote("sync", "Burgos")[0] == 0
        assert server.lines == ["GET /", TOKENS, "POST /regions/Burgos"]
        assert server.requests[-1].headers["x-auth-token"] == "token-1"

    def test_several_are_followed_together_and_a_failure_is_reported(
        self, server: ScriptedServer, remote: Call
    ) -> None:
        other = Answer(200, {"taskId": "t-2", "status": "syncing"})
        server.on("POST", "/regions/Burgos", STARTED)
        server.on("POST", "/regions/Lab", refused(409, "Another task is running: t-9"))
        server.on("POST", "/regions/Caceres", other)
        server.on("GET", TASK, Answer(200, task_document("syncing")), Answer(200, task_document()))
        for region in ("Burgos", "Lab", "Caceres"):
            server.on("GET", f"/regions/{region}/tasks", Answer(200, {"tasks": []}))
        failed = task_document("failed", taskId="t-2", reason=f"no {EVIL}", warnings=["careful"])
        server.on("GET", "/regions/Caceres/tasks/t-2", Answer(200, failed))
        code, out, err = remote("sync", "Burgos", "Lab", "Caceres", "--wait")
        assert code == 1
        assert out == [
            "INFO:Burgos: Task t-1 is syncing",
            "INFO:Caceres: Task t-2 is syncing",
            "INFO:Burgos: Task t-1 is synced",
        ]
        assert err == [
            "ERROR:Lab: Another task is running: t-9 (HTTP 409)",
            "WARNING:careful",
            f"ERROR:Caceres: Task t-2 has failed: no {ESCAPED}",
        ]

    def test_the_names_of_several_are_checked_before_any_is_started(self, server: ScriptedServer, remote: Call) -> None:
        server.on("POST", "/regions/Burgos", STARTED)
        server.on("GET", "/regions/Burgos/tasks", Answer(200, {"tasks": []}))
        server.on("GET", "/regions/Nowhere/tasks", refused(410, "Nowhere: unknown region"))
        code, out, err = remote("sync", "Burgos", "Nowhere", "Burgos")
        assert (code, out) == (1, ["INFO:Burgos: Task t-1 is syncing"])
        assert err == ["ERROR:Nowhere: unknown region (HTTP 410)"]
        asked = ["GET /regions/Burgos/tasks", "GET /regions/Nowhere/tasks", "POST /regions/Burgos"]
        assert server.lines[-3:] == asked

    def test_a_request_that_makes_no_sense_is_wrong_usage(self, server: ScriptedServer, remote: Call) -> None:
        server.on("POST", "/regions/Burgos", refused(400, "config.rplace: unknown key"))
        reported = "ERROR:Burgos: config.rplace: unknown key (HTTP 400)"
        assert remote("sync", "Burgos", "--config", "rplace=any") == (2, [], [reported])

    @pytest.mark.parametrize("command", ["sync", "status"])
    def test_a_word_that_is_no_region_but_a_command_is_wrong_usage(
        self, server: ScriptedServer, remote: Call, command: str
    ) -> None:
        path = "/regions/status/tasks" if command == "sync" else "/regions/status"
        server.on("GET", path, refused(410, "status: unknown region"))
        server.on("GET", path.replace("status", "Burgos"), Answer(200, {"tasks": [], "images": []}))
        help_ = "the command comes first: see glancesync remote --help"
        assert remote(command, "Burgos", "status") == (2, [], [f"ERROR:status: no region has this name; {help_}"])

    def test_an_unknown_target_is_wrong_usage_and_nothing_is_started(
        self, server: ScriptedServer, remote: Call
    ) -> None:
        answer = {"error": {"code": 410, "description": "otehr:Madrid: unknown target otehr"}, "unknown": "target"}
        server.on("GET", "/regions/Burgos/tasks", Answer(200, {"tasks": []}))
        server.on("GET", "/regions/otehr%3AMadrid/tasks", Answer(410, answer))
        reported = "ERROR:otehr:Madrid: unknown target otehr (HTTP 410)"
        assert remote("sync", "Burgos", "otehr:Madrid") == (2, [], [reported])

    def test_followed_step_by_step_it_is_reported_like_a_run(self, server: ScriptedServer, remote: Call) -> None:
        moved = {"name": EVIL, "action": "upload", "size": 5 * MIB, "bytesDone": 5 * MIB, "error": None}
        sums: dict[str, Any] = {"imagesTotal": 1, "bytesTotal": 5 * MIB}
        running = task_document("syncing", images=[{**moved, "state": "running", "bytesDone": 1}], **sums)
        ended = task_document(images=[{**moved, "state": "done"}], bytesDone=5 * MIB, **sums)
        server.on("POST", "/regions/Burgos", STARTED)
        server.on("GET", TASK, Answer(200, running), Answer(200, ended))
        assert remote("sync", "Burgos", "--watch")[1:] == (
            [
                "INFO:Burgos: Task t-1 is syncing",
                f"INFO:Burgos: Uploading image {ESCAPED} (5 MB)",
                "INFO:Burgos: Image uploaded.",
                "INFO:Burgos:   Total uploaded to region: 5 (MB)",
                "INFO:Burgos: Task t-1 is synced",
            ],
            [],
        )

    def test_on_a_terminal_there_are_bars(
        self, server: ScriptedServer, remote: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shown: list[type[Event]] = []

        class Bars:
            hidden = staticmethod(nullcontext)

            def __call__(self, event: Event) -> None:
                shown.append(type(event))

        monkeypatch.setattr(remote_command, "progress_bars", lambda regions, redraw_seconds: nullcontext(Bars()))
        monkeypatch.setattr(remote_command, "shows_bars", lambda: True)
        server.on("POST", "/regions/Burgos", STARTED)
        server.on("GET", TASK, Answer(200, task_document(bytesTotal=MIB)))
        assert remote("sync", "Burgos", "--wait")[0] == 0
        assert shown == []
        assert remote("sync", "Burgos", "--watch")[0] == 0
        assert shown == [RegionPlanned, RegionFinished]


class TestTasks:
    def test_they_are_listed(self, server: ScriptedServer, remote: Call) -> None:
        sums: dict[str, Any] = {"imagesTotal": 4, "imagesDone": 1, "bytesTotal": 9 * MIB, "bytesDone": 2 * MIB}
        listed = [task_document("failed", reason="why", **sums)]
        server.on("GET", "/regions/Burgos/tasks", Answer(200, {"tasks": listed}))
        row = "t-1,failed,,2026-11-21T12:00:00+00:00,,1/4,2/9,why"
        assert remote("tasks", "Burgos", "--format", "csv") == (0, [row], [])
        assert cells([line for line in remote("tasks", "Burgos")[1] if line.strip()][-1]) == list(
            filter(None, row.split(","))
        )
        (reported,) = json.loads("".join(remote("tasks", "Burgos", "--format", "json")[1]))
        assert reported["bytesTotal"] == 9 * MIB

    def test_the_newest_is_watched_when_none_is_named(self, server: ScriptedServer, remote: Call) -> None:
        server.on("GET", "/regions/Burgos/tasks", Answer(200, {"tasks": [task_document(), task_document()]}))
        server.on("GET", TASK, Answer(200, task_document()))
        reported = ["INFO:Burgos: Region is synchronized.", "INFO:Burgos: Task t-1 is synced"]
        assert remote("watch", "Burgos") == (0, reported, [])

    def test_without_any_there_is_nothing_to_watch(self, server: ScriptedServer, remote: Call) -> None:
        server.on("GET", "/regions/Burgos/tasks", Answer(200, {"tasks": []}))
        said = "ERROR:Burgos: the server has no task of this region; start one: glancesync remote sync Burgos"
        assert remote("watch", "Burgos") == (1, [], [said])

    def test_one_that_is_forgotten_meanwhile_is_reported(self, server: ScriptedServer, remote: Call) -> None:
        server.on("GET", TASK, Answer(200, task_document("syncing")), refused(404, "The region has no such task."))
        assert remote("watch", "Burgos", "t-1") == (1, [], ["ERROR:Burgos: The region has no such task. (HTTP 404)"])

    @pytest.mark.parametrize(("status", "says"), [("syncing", "is being cancelled"), ("failed", "has ended: failed")])
    def test_one_is_cancelled(self, server: ScriptedServer, remote: Call, status: str, says: str) -> None:
        server.on("POST", f"{TASK}/cancel", Answer(200, {"taskId": "t-1", "status": status}))
        assert remote("cancel", "Burgos", "t-1") == (0, [f"INFO:Burgos: Task t-1 {says}"], [])


class TestEndings:
    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_who_stops_watching_is_reported_that_the_task_goes_on(
        self, server: ScriptedServer, remote: Call, number: signal.Signals, code: int
    ) -> None:
        def stop(_: str) -> Answer:
            os.kill(os.getpid(), number)
            return Answer(200, task_document("syncing"))

        server.on("POST", "/regions/Burgos", STARTED)
        server.decide("GET", TASK, stop)
        assert remote("sync", "Burgos", "--watch", "--server", f"{server.url}/") == (
            code,
            ["INFO:Burgos: Task t-1 is syncing"],
            [
                "WARNING:Burgos: Task t-1 goes on;"
                f" to follow it: glancesync remote watch --server {server.url}/ Burgos t-1;"
                f" to end it: glancesync remote cancel --server {server.url}/ Burgos t-1"
            ],
        )

    def test_who_stops_waiting_for_an_answer_is_told_what_that_leaves(
        self, server: ScriptedServer, remote: Call
    ) -> None:
        def stop(_: str) -> Answer:
            os.kill(os.getpid(), signal.SIGINT)
            return Answer(200, {"regions": []})

        server.decide("GET", "/regions", stop)
        assert remote("regions") == (130, [], ["ERROR:Interrupted; what runs on the server goes on."])

    def test_when_the_server_is_lost_the_task_may_be_running(self, server: ScriptedServer, remote: Call) -> None:
        server.on("GET", TASK, Answer(200, task_document("syncing")), Answer(500, content=b"oh"))
        code, _, err = remote("watch", "Burgos", "t-1")
        assert code == 1
        assert err[0].startswith("WARNING:Burgos: Task t-1 may be running still; to follow it: glancesync remote watch")
        assert err[1:] == [
            f"ERROR:GlanceSync server at {server.url} does not answer like one (HTTP 500); check the address"
        ]

    def test_a_server_that_has_no_place_for_us_ends_it_at_once(self, server: ScriptedServer, remote: Call) -> None:
        server.on("GET", "/regions/Burgos", refused(403, "only loopback"))
        said = f"ERROR:GlanceSync server at {server.url}: only loopback (HTTP 403)"
        assert remote("status", "Burgos", "Caceres") == (1, [], [said])

    @pytest.mark.parametrize(
        ("stated", "says"),
        [
            ("", "no server is named: give --server URL, or set GLANCESYNC_SERVER"),
            ("http://", "--server: found 'http://', expected an address such as http://127.0.0.1:8888"),
            ("localhost:8888", "--server: found 'localhost:8888', expected an address such as http://127.0.0.1:8888"),
            ("http://u:p@h", "--server: the address holds more than scheme, host, port and path"),
            ("http://h/?x", "--server: the address holds more than scheme, host, port and path"),
        ],
    )
    def test_an_address_that_is_none_is_wrong_usage(self, remote: Call, stated: str, says: str) -> None:
        assert remote("regions", "--server", stated) == (2, [], [f"ERROR:{says}"])

    def test_half_an_account_is_wrong_usage(self, remote: Call, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OS_USERNAME", "carla")
        code, out, err = remote("regions")
        assert (code, out) == (2, [])
        assert err[0] == "ERROR:environment: the Keystone URL is missing: set OS_AUTH_URL"
        assert all(line.startswith("ERROR:environment: ") for line in err)

    def test_mistakes_name_the_way_out(self, remote: Call) -> None:
        code, out, err = remote("watch")
        assert (code, out) == (2, [])
        assert err == ["ERROR:the following arguments are required: region; see glancesync remote watch --help"]

    @pytest.mark.usefixtures("account")
    def test_the_requests_are_reported_when_wanted_and_no_token_with_them(
        self, server: ScriptedServer, remote: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        logger = logging.getLogger("glancesync")
        monkeypatch.setattr(logger, "handlers", [])
        monkeypatch.setattr(logger, "level", logger.level)
        server.on("GET", "/regions", Answer(200, {"regions": []}))
        _, _, err = remote("regions", "--debug")
        assert any(f"GET {server.url}/regions: 200" in line for line in err)
        assert "token-1" not in "".join(err)


@pytest.fixture
def secure(certificate: Path) -> Iterator[ScriptedServer]:
    """A server with that certificate."""
    made = ScriptedServer(certificate)
    made.on("GET", "/", Answer(200, GREETING))
    made.on("GET", "/regions", Answer(200, {"regions": []}))
    with made.running():
        yield made


class TestTrust:
    def test_a_strangers_certificate_is_refused_with_advice(
        self, secure: ScriptedServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("sys.argv", ["glancesync"])
        assert main(["remote", "regions", "--server", secure.url]) == 1
        said = capsys.readouterr().err
        assert said.startswith(f"ERROR:GlanceSync server at {secure.url}: no trusted connection (self-signed cert")
        assert said.endswith("name the authority's file in cacert (OS_CACERT)\n")
        assert secure.lines == []

    def test_an_authority_of_the_environment_is_trusted(
        self, secure: ScriptedServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OS_CACERT", str(certificate))
        assert main(["remote", "regions", "--server", secure.url]) == 0
        assert secure.lines == ["GET /", "GET /regions"]
