"""Bodies: one request with a known length, never repeated, and every early or late ending reported truly."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import (
    CloudError,
    Conflict,
    NotFound,
    QuotaExceeded,
    Rejected,
    Scope,
    ServiceFailure,
    TimedOut,
    TransferError,
    Unauthorized,
    Unreachable,
)
from fiwareglancesync.images.places import Body, FileSlice
from fiwareglancesync.images.places.glance.glance_place import OpenStackPlace
from fiwareglancesync.images.settings import Target
from tests.support.glance_files import FILE, IMAGE, MANY, PIECE, Source
from tests.support.scripted_server import Act, Answer, HangUp, ScriptedServer, Silence, token_answer

from .conftest import HASTY, Federate


def uploads(cloud: ScriptedServer) -> int:
    return len(cloud.of("PUT", FILE))


class TestUploading:
    def test_one_request_with_length_and_no_chunks(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("PUT", FILE, Answer(204))
        source = Source()
        burgos.upload("i-1", source.body)
        (request,) = cloud.of("PUT", FILE)
        assert request.body == PIECE * 3
        assert request.headers["content-length"] == str(3 * len(PIECE))
        assert request.headers["content-type"] == "application/octet-stream"
        assert "transfer-encoding" not in request.headers
        assert "x-image-meta-store" not in request.headers
        assert source.opened == 1

    def test_what_lies_in_a_file_is_sent_from_there(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, tmp_path: Path
    ) -> None:
        cloud.on("PUT", FILE, Answer(204))
        (tmp_path / "content").write_bytes(b"head" + PIECE * 3)
        with (tmp_path / "content").open("rb") as file:
            slices = [FileSlice(file.fileno(), 4 + number * len(PIECE), len(PIECE)) for number in range(3)]
            burgos.upload("i-1", Body(3 * len(PIECE), lambda: iter(slices)))
        (request,) = cloud.of("PUT", FILE)
        assert request.body == PIECE * 3

    def test_a_file_that_cannot_be_read_is_the_sources_failure(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, tmp_path: Path
    ) -> None:
        cloud.on("PUT", FILE, Answer(204))
        with (tmp_path / "content").open("wb") as file:
            file.write(PIECE)
            file.flush()
            unreadable = FileSlice(file.fileno(), 0, len(PIECE))
            with pytest.raises(TransferError, match=r"the source cannot be read \(Bad file descriptor\)"):
                burgos.upload("i-1", Body(len(PIECE), lambda: iter([unreadable])))

    def test_a_file_that_becomes_shorter_is_the_sources_failure(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, tmp_path: Path
    ) -> None:
        cloud.on("PUT", FILE, Answer(204))
        (tmp_path / "content").write_bytes(PIECE[:10])
        with (tmp_path / "content").open("rb") as file:
            gone = FileSlice(file.fileno(), 0, len(PIECE))
            with pytest.raises(TransferError, match="became shorter"):
                burgos.upload("i-1", Body(len(PIECE), lambda: iter([gone])))

    def test_the_store_is_named_when_configured(
        self, cloud: ScriptedServer, federate: Federate, target: Target
    ) -> None:
        cloud.on("PUT", FILE, Answer(204))
        federate().place(replace(target, store="ceph"), "Burgos").upload("i-1", Source().body)
        (request,) = cloud.of("PUT", FILE)
        assert request.headers["x-image-meta-store"] == "ceph"

    def test_an_empty_body_is_sent_as_such(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("PUT", FILE, Answer(204))
        burgos.upload("i-1", Body(0, lambda: iter([])))
        (request,) = cloud.of("PUT", FILE)
        assert request.headers["content-length"] == "0"
        assert "transfer-encoding" not in request.headers

    @pytest.mark.parametrize("read", [None, 1000])
    @pytest.mark.parametrize(
        ("answer", "kind", "says"),
        [
            (Answer(401, {"message": "expired"}), Unauthorized, "expired"),
            (Answer(503, {"message": "later"}), ServiceFailure, "later"),
            (Answer(500, {"message": "boom"}), ServiceFailure, "boom"),
            (Answer(409, {"message": "not allowed"}), Conflict, "not allowed"),
            (
                Answer(413, {"message": "will exceed the limit. 5 bytes remaining."}),
                QuotaExceeded,
                "5 bytes rem",
            ),
            (Answer(413, {"message": "The provided image is too large."}), Rejected, "too large"),
            (
                Answer(415, {"message": "Image content does not match disk_format"}),
                Rejected,
                "does not match",
            ),
            (Answer(410, {"message": "may have been deleted during the upload"}), NotFound, "deleted during"),
            (Answer(301, headers={"Location": "http://192.0.2.1/"}), CloudError, "redirected"),
        ],
    )
    def test_an_answer_is_read_and_the_body_is_never_sent_again(
        self,
        cloud: ScriptedServer,
        burgos: OpenStackPlace,
        answer: Answer,
        kind: type[CloudError],
        says: str,
        read: int | None,
    ) -> None:
        cloud.on("PUT", FILE, replace(answer, read=read))
        source = Source(MANY)
        with pytest.raises(kind, match=says) as caught:
            burgos.upload("i-1", source.body)
        assert caught.value.status == answer.status
        assert uploads(cloud) == 1
        assert source.opened == 1

    def test_sending_ends_when_an_answer_is_there_though_nobody_hangs_up(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("PUT", FILE, Answer(413, {"message": "quota"}, read=1000, keep_open=True))
        source = Source(MANY)
        with pytest.raises(QuotaExceeded):
            burgos.upload("i-1", source.body)
        assert source.given < MANY

    def test_a_connection_with_half_a_body_is_not_used_again(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("PUT", FILE, Answer(415, {"message": "no"}, read=1000, keep_open=True), Answer(204))
        with pytest.raises(Rejected):
            burgos.upload("i-1", Source(MANY).body)
        burgos.upload("i-1", Source(1).body)
        first, second = cloud.of("PUT", FILE)
        assert first.connection != second.connection
        assert second.body == PIECE

    def test_a_success_before_all_was_sent_is_not_believed(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("PUT", FILE, Answer(204, read=1000, keep_open=True))
        with pytest.raises(CloudError, match=f"answered HTTP 204 after \\d+ of {MANY * len(PIECE)} bytes"):
            burgos.upload("i-1", Source(MANY).body)

    @pytest.mark.parametrize("read", [0, 1000, None])
    def test_a_connection_that_breaks_is_reported_and_not_made_again(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, read: int | None
    ) -> None:
        cloud.on("PUT", FILE, HangUp(read))
        cloud.on("GET", IMAGE, seen("queued", None))
        with pytest.raises(Unreachable, match=f"after \\d+ of {MANY * len(PIECE)} bytes") as caught:
            burgos.upload("i-1", Source(MANY).body)
        assert caught.value.retryable
        assert uploads(cloud) == 1

    @pytest.mark.parametrize("read", [0, None])
    def test_a_service_that_stalls_is_a_time_out(
        self, cloud: ScriptedServer, federate: Federate, target: Target, read: int | None
    ) -> None:
        cloud.on("PUT", FILE, Silence(read))
        cloud.on("GET", IMAGE, SAVING)
        hasty = replace(HASTY, idle=1.0, upload_answer=1.0)
        with pytest.raises(TimedOut, match=f"did not answer in time after \\d+ of {MANY * len(PIECE)} bytes"):
            federate(hasty).place(target, "Burgos").upload("i-1", Source(MANY).body)
        assert uploads(cloud) == 1

    def test_the_next_try_after_a_refused_token_has_a_new_one(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("PUT", FILE, Answer(401), Answer(204))
        cloud.on("POST", "/v3/auth/tokens", token_answer({"Burgos": cloud.url}, token="token-2"))
        with pytest.raises(Unauthorized):
            burgos.upload("i-1", Source().body)
        burgos.upload("i-1", Source().body)
        assert [request.headers["x-auth-token"] for request in cloud.of("PUT", FILE)] == [
            "token-1",
            "token-2",
        ]

    def test_a_token_that_may_end_meanwhile_is_renewed_first(
        self, cloud: ScriptedServer, federate: Federate, target: Target
    ) -> None:
        endpoints = {"Burgos": f"{cloud.url}/burgos"}
        hour = token_answer(endpoints, token="half an hour old", expires="2020-01-01T01:00:00.000000Z")
        cloud.on("POST", "/v3/auth/tokens", hour, token_answer(endpoints, token="young"))
        cloud.on("PUT", FILE, Answer(204))
        passed = [0.0]
        tuning = replace(HASTY, token_life=2000.0, clock=lambda: passed[0])
        place = federate(tuning).place(target, "Burgos")
        passed[0] += 1800.0
        place.upload("i-1", Source().body)
        (request,) = cloud.of("PUT", FILE)
        assert request.headers["x-auth-token"] == "young"


SIZE = 3 * len(PIECE)
"""Bytes of a usual source."""

SAVING = Answer(200, {"id": "i-1", "status": "saving"})
QUEUED = Answer(200, {"id": "i-1", "status": "queued"})


def seen(status: str, size: int | None = SIZE) -> Answer:
    """What the service returns about the image."""
    return Answer(200, {"id": "i-1", "status": status, "size": size})


class TestLostAnswers:
    """The answer to a body that was sent whole is lost: the image shows what became of it."""

    @pytest.fixture
    def hurried(self, federate: Federate, target: Target) -> OpenStackPlace:
        """A region that is looked at often, for a short time."""
        return federate(replace(HASTY, upload_answer=1.0, grace=0.1, poll_min=0.01)).place(target, "Burgos")

    @pytest.fixture
    def patient(self, federate: Federate, target: Target) -> OpenStackPlace:
        """A region that is looked at often, for longer than any test lasts."""
        return federate(replace(HASTY, upload_answer=3600.0, grace=3600.0, poll_min=0.01)).place(target, "Burgos")

    @pytest.mark.parametrize("lost", [HangUp(), Answer(502), Answer(504)], ids=["closed", "502", "504"])
    def test_an_image_that_becomes_active_is_uploaded(
        self, cloud: ScriptedServer, patient: OpenStackPlace, lost: Act
    ) -> None:
        cloud.on("PUT", FILE, lost)
        cloud.on("GET", IMAGE, SAVING, SAVING, seen("active"))
        patient.upload("i-1", Source().body)
        assert uploads(cloud) == 1

    def test_one_that_is_active_when_its_answer_is_late_is_uploaded(
        self, cloud: ScriptedServer, hurried: OpenStackPlace
    ) -> None:
        cloud.on("PUT", FILE, Silence())
        cloud.on("GET", IMAGE, seen("active"))
        hurried.upload("i-1", Source().body)
        assert uploads(cloud) == 1

    @pytest.mark.parametrize(
        "state",
        [seen("queued", None), seen("killed"), seen("active", SIZE - 1), Answer(404), Answer(500)],
        ids=["queued", "killed", "another size", "gone", "unknown"],
    )
    def test_an_image_that_does_not_is_none(
        self, cloud: ScriptedServer, patient: OpenStackPlace, state: Answer
    ) -> None:
        cloud.on("PUT", FILE, HangUp())
        cloud.on("GET", IMAGE, SAVING, state)
        with pytest.raises(Unreachable, match=f"after {SIZE} of {SIZE} bytes") as caught:
            patient.upload("i-1", Source().body)
        assert caught.value.retryable
        assert uploads(cloud) == 1

    @pytest.mark.parametrize("lost", [HangUp(), Answer(502), Answer(504)], ids=["closed", "502", "504"])
    def test_one_that_a_proxy_has_not_passed_on_yet_is_waited_for(
        self, cloud: ScriptedServer, patient: OpenStackPlace, lost: Act
    ) -> None:
        cloud.on("PUT", FILE, lost)
        cloud.on("GET", IMAGE, QUEUED, QUEUED, SAVING, seen("active"))
        patient.upload("i-1", Source().body)
        assert uploads(cloud) == 1
        assert len(cloud.of("GET", IMAGE)) == 4

    def test_one_that_is_queued_again_has_failed_at_once(
        self, cloud: ScriptedServer, federate: Federate, target: Target
    ) -> None:
        place = federate(replace(HASTY, upload_answer=3600.0, poll_min=0.01)).place(target, "Burgos")
        cloud.on("PUT", FILE, Answer(504, {"message": "Gateway Time-out"}))
        cloud.on("GET", IMAGE, QUEUED, SAVING, QUEUED)
        with pytest.raises(ServiceFailure, match=r"Gateway Time-out \(HTTP 504\)") as caught:
            place.upload("i-1", Source().body)
        assert caught.value.retryable

    @pytest.mark.parametrize("lost", [HangUp(), Answer(502, {"message": "Bad Gateway"})], ids=["closed", "502"])
    def test_one_that_nobody_passes_on_is_sent_again_soon(
        self, cloud: ScriptedServer, federate: Federate, target: Target, lost: Act
    ) -> None:
        place = federate(replace(HASTY, upload_answer=3600.0, grace=2.0, poll_min=0.01)).place(target, "Burgos")
        cloud.on("PUT", FILE, lost)
        cloud.on("GET", IMAGE, QUEUED)
        with pytest.raises((Unreachable, ServiceFailure)) as caught:
            place.upload("i-1", Source().body)
        assert caught.value.retryable
        assert len(cloud.of("GET", IMAGE)) > 1

    @pytest.mark.parametrize(
        ("lost", "state", "scope"),
        [
            (HangUp(), SAVING, Scope.REGION),
            (Silence(), SAVING, Scope.REGION),
            (Silence(), QUEUED, Scope.REGION),
            (Answer(502), SAVING, Scope.IMAGE),
            (Answer(504), SAVING, Scope.IMAGE),
            (Answer(504), QUEUED, Scope.IMAGE),
        ],
        ids=["closed", "late", "late and queued", "502", "504", "504 and queued"],
    )
    def test_one_that_is_never_done_is_waited_for_in_bounds_and_not_sent_again(
        self, cloud: ScriptedServer, hurried: OpenStackPlace, lost: Act, state: Answer, scope: Scope
    ) -> None:
        cloud.on("PUT", FILE, lost)
        cloud.on("GET", IMAGE, state)
        begun = time.monotonic()
        with pytest.raises(TimedOut, match=r"after the last byte the image is still .*upload_answer_timeout") as caught:
            hurried.upload("i-1", Source().body)
        assert time.monotonic() - begun > 1.0
        assert (caught.value.retryable, caught.value.scope) == (False, scope)

    def test_the_time_grows_with_the_size(
        self, cloud: ScriptedServer, federate: Federate, target: Target
    ) -> None:
        slow = replace(HASTY, upload_answer=0.0, grace=0.0, slowest_rate=SIZE / 1.0, poll_min=0.01)
        cloud.on("PUT", FILE, Silence())
        cloud.on("GET", IMAGE, seen("active"))
        begun = time.monotonic()
        federate(slow).place(target, "Burgos").upload("i-1", Source().body)
        assert 1.0 <= time.monotonic() - begun < 60.0

    def test_the_wait_ends_when_nobody_wants_it_any_more(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        def stop() -> None:
            raise KeyboardInterrupt

        cloud.on("PUT", FILE, HangUp())
        cloud.on("GET", IMAGE, SAVING)
        with pytest.raises(KeyboardInterrupt):
            burgos.upload("i-1", replace(Source().body, alive=stop))
        assert len(cloud.of("GET", IMAGE)) == 1

    @pytest.mark.parametrize("act", [HangUp(1000), Answer(504, read=1000), Answer(503), Answer(500)])
    def test_what_was_cut_or_answered_is_not_looked_for(
        self, cloud: ScriptedServer, hurried: OpenStackPlace, act: Act
    ) -> None:
        cloud.on("PUT", FILE, act)
        with pytest.raises(CloudError):
            hurried.upload("i-1", Source(MANY).body)
        assert cloud.of("GET", IMAGE) == []


class TestSources:
    """What the source of a body does wrong never reaches the region as content."""

    @pytest.mark.parametrize(
        ("source", "says"),
        [
            (Source(2, size=3 * len(PIECE)), f"ended after {2 * len(PIECE)} of {3 * len(PIECE)} bytes"),
            (Source(3, size=2 * len(PIECE)), f"more than the {2 * len(PIECE)} bytes"),
            (Source(1, size=0), "more than the 0 bytes"),
            (
                Source(1, size=2 * len(PIECE), fails=TransferError("the master broke off")),
                "the master broke off",
            ),
            (Source(1, size=2 * len(PIECE), fails=OSError(5, "Input/output error")), "Input/output error"),
            (Source(1, size=2 * len(PIECE), fails=BrokenPipeError(32, "Broken pipe")), "Broken pipe"),
            (Source(1, size=2 * len(PIECE), fails=ConnectionResetError(104, "reset")), "reset"),
            (Source(1, size=2 * len(PIECE), fails=TimeoutError()), "TimeoutError"),
            (Source(2, fails=TransferError("the content is another one")), "another one"),
        ],
    )
    def test_a_bad_source_breaks_the_upload_off(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, source: Source, says: str
    ) -> None:
        cloud.on("PUT", FILE, Answer(204))
        with pytest.raises(TransferError, match=says):
            burgos.upload("i-1", source.body)
        assert not [r for r in cloud.of("PUT", FILE) if len(r.body) == int(r.headers["content-length"])]

    def test_what_the_source_failed_for_is_not_lost(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("PUT", FILE, Answer(204))
        failure = TransferError("the master cannot be read")
        failure.__cause__ = cause = TimedOut("the master did not answer")
        with pytest.raises(TransferError) as caught:
            burgos.upload("i-1", Source(1, size=2 * len(PIECE), fails=failure).body)
        assert caught.value.__cause__ is cause

    def test_the_wish_to_stop_breaks_it_off_too(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("PUT", FILE, Answer(204))
        with pytest.raises(KeyboardInterrupt):
            burgos.upload("i-1", Source(1, size=2 * len(PIECE), fails=KeyboardInterrupt()).body)
