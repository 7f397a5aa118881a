"""An import that goes on: watched by its newest task, given up when it is stuck, found again by a later run."""

from __future__ import annotations

import signal
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from fiwareglancesync.base.errors import Cancelled, ServiceFailure, TransferError
from fiwareglancesync.base.units import MIB
from fiwareglancesync.images.places.glance import Tuning
from fiwareglancesync.images.places.glance.glance_place import OpenStackPlace
from fiwareglancesync.images.settings import Target
from tests.support.glance_imports import (
    FILLED,
    INFO,
    ONE,
    QUICK,
    TASKS,
    after_sign_in,
    fetch,
    offered,
    task,
    tasks,
)
from tests.support.scripted_server import Answer, ScriptedServer
from tests.unit.images.places.glance.conftest import Federate

BUSY = {**FILLED, "status": "queued", "os_glance_import_task": "t-1"}


class TestWatching:
    def test_the_status_of_the_image_is_not_believed(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        """It says ``active`` from the beginning here; only the task ends the waiting."""
        running = [tasks(task(status)) for status in ("pending", "processing", "processing", "success")]
        willing.on("GET", TASKS, tasks(), *running)
        fetch(burgos, spain)
        assert after_sign_in(willing)[2:] == [*[f"GET {TASKS}"] * 4, f"GET {ONE}"]

    def test_a_failure_reports_its_reason_in_one_line_without_secrets(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        said = "cannot\nopen http://carla:s3cret@host/x with token-1\x1b[31m"
        willing.on("GET", TASKS, tasks(), tasks(task("failure", message=said)))
        with pytest.raises(TransferError) as caught:
            fetch(burgos, spain)
        assert str(caught.value) == "the region failed to fetch it: cannot open http://host/x with … [31m"

    @pytest.mark.parametrize("message", [None, "", 7, {"a": 1}])
    def test_a_failure_without_reason_says_so(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace, message: Any
    ) -> None:
        willing.on("GET", TASKS, tasks(), tasks(task("failure", message=message)))
        with pytest.raises(TransferError, match="its task says no reason"):
            fetch(burgos, spain)

    def test_a_failed_import_is_no_reason_against_the_next_one(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        willing.on("GET", INFO, offered("glance-download"))
        willing.on("GET", TASKS, tasks(), tasks(task("failure", message="lost")))
        with pytest.raises(TransferError, match="lost"):
            fetch(burgos, spain)
        assert burgos.why_unable_to_import(spain) is None

    @pytest.mark.parametrize(
        "before", [[task("failure", 1)], [task("success", 3)], [task("failure", 1), task("success", 2)]]
    )
    def test_tasks_that_were_there_before_say_nothing(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace, before: list[dict[str, Any]]
    ) -> None:
        stale = tasks(*before)
        willing.on(
            "GET",
            TASKS,
            stale,
            stale,
            tasks(task("processing", 5), *before),
            tasks(task("failure", 5, message="ours"), *before),
        )
        with pytest.raises(TransferError, match="ours"):
            fetch(burgos, spain)

    @pytest.mark.parametrize("reverse", [False, True])
    def test_of_several_new_tasks_the_newest_reports(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace, reverse: bool
    ) -> None:
        listed = [task("failure", 1, message="an earlier try"), task("success", 2)]
        willing.on("GET", TASKS, tasks(), tasks(*(reversed(listed) if reverse else listed)))
        assert fetch(burgos, spain).is_active

    @pytest.mark.parametrize(
        "garbage",
        [
            Answer(200, None),
            Answer(200, []),
            Answer(200, {"tasks": None}),
            Answer(200, {"tasks": {"id": "t-1", "status": "success"}}),
            tasks(None, 7, "success", [], {}, {"status": "success"}, {"id": 7, "status": "success"}),
            tasks({"id": "t-1"}),
            tasks({"id": "t-1", "status": ["success"], "created_at": 7}),
            tasks(task("on holiday")),
        ],
    )
    def test_garbage_is_neither_a_success_nor_a_failure(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace, garbage: Answer
    ) -> None:
        willing.on("GET", TASKS, tasks(), garbage, garbage, tasks(task("success")))
        assert fetch(burgos, spain).is_active
        assert len(willing.of("GET", TASKS)) == 4

    def test_whoever_waits_is_reported_that_it_goes_on_and_no_more(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        running = [tasks(task("processing", message=f"Copied {number} MiB")) for number in range(3)]
        willing.on("GET", TASKS, tasks(), *running, tasks(task("success")))
        reported: list[int] = []
        fetch(burgos, spain, reported.append)
        assert len(reported) >= 4
        assert set(reported) == {0}

    def test_whoever_waits_can_end_it(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        willing.on("GET", TASKS, tasks(), tasks(task("processing")))

        def enough(done: int) -> None:
            if len(willing.of("GET", TASKS)) > 3:
                raise Cancelled(signal.SIGINT)

        with pytest.raises(Cancelled):
            fetch(burgos, spain, enough)

    def test_an_answer_that_is_no_json_is_the_ways_failure(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        willing.on("GET", TASKS, tasks(), Answer(200, content=b"<html>"))
        with pytest.raises(TransferError, match="not JSON"):
            fetch(burgos, spain)

    def test_an_image_that_somebody_removed_is_the_ways_failure(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        willing.on("GET", TASKS, tasks(), tasks(task("processing")), Answer(404, {"message": "gone"}))
        with pytest.raises(TransferError, match="gone"):
            fetch(burgos, spain)

    @pytest.mark.parametrize(
        ("last", "words"),
        [
            (tasks(task("processing")), "its task is processing"),
            (tasks(task("processing", message="Copied 3 MiB")), "its task is processing: Copied 3 MiB"),
            (tasks(), "it shows no task for it"),
        ],
    )
    def test_a_stuck_import_is_given_up_and_so_is_the_way(
        self, willing: ScriptedServer, federate: Federate, target: Target, last: Answer, words: str
    ) -> None:
        federation = federate(replace(QUICK, fetch=0.05))
        spain, burgos = federation.place(target, "Spain"), federation.place(target, "Burgos")
        willing.on("GET", TASKS, tasks(), last)
        with pytest.raises(TransferError) as caught:
            fetch(burgos, spain)
        assert str(caught.value) == f"the region is stuck: it had not fetched an image after 0 s ({words})"
        reason = burgos.why_unable_to_import(spain)
        assert reason == "the region's imports are stuck: it had not fetched an image after 0 s"


class TestTheEnd:
    def test_the_image_is_waited_for_until_its_import_lets_go_of_it(
        self, willing: ScriptedServer, burgos: OpenStackPlace, spain: OpenStackPlace
    ) -> None:
        willing.on("GET", TASKS, tasks(), tasks(task("success")))
        held = {**FILLED, "os_glance_import_task": "t-1"}
        willing.on("GET", ONE, Answer(200, BUSY), Answer(200, held), Answer(200, FILLED))
        assert fetch(burgos, spain).is_active
        assert len(willing.of("GET", ONE)) == 3

    def test_a_lock_that_nobody_removes_does_not_matter(
        self, willing: ScriptedServer, federate: Federate, target: Target
    ) -> None:
        federation = federate(replace(QUICK, activation=0.02))
        spain, burgos = federation.place(target, "Spain"), federation.place(target, "Burgos")
        willing.on("GET", TASKS, tasks(), tasks(task("success")))
        willing.on("GET", ONE, Answer(200, {**FILLED, "os_glance_import_task": "t-1"}))
        assert fetch(burgos, spain).is_active

    def test_a_success_that_left_no_active_image_is_a_failure(
        self, willing: ScriptedServer, federate: Federate, target: Target
    ) -> None:
        federation = federate(replace(QUICK, activation=0.02))
        spain, burgos = federation.place(target, "Spain"), federation.place(target, "Burgos")
        willing.on("GET", TASKS, tasks(), tasks(task("success")))
        willing.on("GET", ONE, Answer(200, {**FILLED, "status": "queued"}))
        with pytest.raises(TransferError, match="says that it has fetched it, but the image is queued"):
            fetch(burgos, spain)


class TestPatience:
    def test_it_grows_with_the_image(self) -> None:
        tuning = Tuning(fetch=10.0, slowest_rate=2.0 * MIB)
        assert tuning.time_to_fetch(0) == 10.0
        assert tuning.time_to_fetch(100 * MIB) == 60.0

    def test_the_looks_become_rarer_within_bounds(self) -> None:
        tuning = Tuning()
        assert [tuning.next_poll(waited) for waited in (0.0, 0.5, 10.0, 50.0, 4000.0)] == [0.1, 0.1, 2.0, 5.0, 5.0]

    def test_nobody_looks_before_an_image_can_be_there(self) -> None:
        tuning = Tuning(fetch_fastest=100.0 * MIB)
        assert tuning.next_poll(0.0, 300 * MIB) == 3.0
        assert tuning.next_poll(2.5, 300 * MIB) == 0.5
        assert tuning.next_poll(0.0, 10**6 * MIB) == 5.0


def ago(seconds: float) -> str:
    """A time as Glance writes it."""
    return (datetime.now(timezone.utc) - timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


def news(status: str, begun: float = 1.0, last: float = 0.0) -> dict[str, Any]:
    """A task of which something was heard a while ago."""
    return {"id": "t-1", "status": status, "created_at": ago(begun), "updated_at": ago(last)}


class TestWhatIsUnderWay:
    @pytest.mark.parametrize(
        ("answer", "busy"),
        [
            (tasks(news("processing")), True),
            (tasks(news("pending")), True),
            (tasks({"id": "t-1", "status": "processing"}), True),
            (tasks({**news("processing"), "updated_at": "soon"}), True),
            (tasks({**news("processing"), "updated_at": ago(60) + "Z"}), True),
            (tasks(news("success")), False),
            (tasks(news("failure")), False),
            (tasks(news("failure"), {**news("processing", begun=0.0), "id": "t-2"}), True),
            (tasks(news("processing", begun=9000.0, last=7300.0)), False),
            (tasks(), False),
            (Answer(404), False),
            (Answer(403), False),
        ],
    )
    def test_the_newest_task_reports(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, answer: Answer, busy: bool
    ) -> None:
        cloud.on("GET", TASKS, answer)
        assert burgos.is_importing("i-1") is busy

    @pytest.mark.parametrize(("begun", "busy"), [(60.0, True), (7300.0, False)])
    @pytest.mark.parametrize("behind", [3 * 3600.0, -3 * 3600.0], ids=["behind", "ahead"])
    def test_how_long_ago_is_counted_by_the_regions_own_clock(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, behind: float, begun: float, busy: bool
    ) -> None:
        there = datetime.now(timezone.utc) - timedelta(seconds=behind)
        answer = tasks(news("processing", begun=behind + begun, last=behind + begun))
        cloud.on("GET", TASKS, replace(answer, headers={"Date": format_datetime(there, usegmt=True)}))
        assert burgos.is_importing("i-1") is busy

    def test_a_region_that_does_not_report_is_not_taken_to_have_ended(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("GET", TASKS, Answer(500))
        with pytest.raises(ServiceFailure):
            burgos.is_importing("i-1")

    def test_the_end_is_waited_for(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("GET", TASKS, tasks(news("processing")), tasks(news("processing")), tasks(news("success")))
        assert burgos.await_import("i-1", MIB, lambda: None)
        assert len(cloud.of("GET", TASKS)) == 3

    def test_what_has_taken_too_long_already_is_not_waited_for(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("GET", TASKS, tasks(news("processing", begun=QUICK.fetch + 1)))
        assert not burgos.await_import("i-1", 0, lambda: None)
        assert len(cloud.of("GET", TASKS)) == 1

    def test_the_wait_is_bounded_when_no_task_reports_when_it_was_begun(
        self, cloud: ScriptedServer, federate: Federate, target: Target
    ) -> None:
        place = federate(replace(QUICK, fetch=0.02)).place(target, "Burgos")
        cloud.on("GET", TASKS, tasks({"id": "t-1", "status": "processing"}))
        assert not place.await_import("i-1", 0, lambda: None)

    def test_a_wait_that_nobody_wants_any_more_ends(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        def stop() -> None:
            raise Cancelled(signal.SIGTERM)

        cloud.on("GET", TASKS, tasks(news("processing")))
        with pytest.raises(Cancelled):
            burgos.await_import("i-1", 0, stop)
