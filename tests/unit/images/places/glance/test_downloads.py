"""Downloads: one request, read once; every early end is an error."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace

import pytest

from fiwareglancesync.base.errors import (
    CloudError,
    NotFound,
    Rejected,
    Scope,
    ServiceFailure,
    SourceBroke,
    TransferError,
)
from fiwareglancesync.images.places.glance.glance_place import OpenStackPlace
from fiwareglancesync.images.settings import Target
from tests.support.glance_files import FILE, MANY, PIECE, Source
from tests.support.scripted_server import Act, Answer, ScriptedServer

from .conftest import HASTY, Federate


class TestDownloading:
    def test_the_content_comes_in_pieces_with_its_size_first(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        content = PIECE * 2 + b"end"
        cloud.on("GET", FILE, Answer(200, content=content))
        with burgos.download("i-1") as body:
            assert body.size == len(content)
            pieces = list(body.pieces())
        assert b"".join(pieces) == content
        assert max(map(len, pieces)) <= len(PIECE)
        (request,) = cloud.of("GET", FILE)
        assert request.headers["accept-encoding"] == "identity"

    def test_it_can_be_read_only_once(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("GET", FILE, Answer(200, content=b"x"))
        with burgos.download("i-1") as body:
            list(body.pieces())
            with pytest.raises(TransferError, match="only once"):
                body.pieces()

    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            (Answer(200, content=PIECE, length=len(PIECE) + 1, close=True), "broke off"),
            (Answer(200, content=b"", length=5, close=True), "broke off"),
        ],
    )
    def test_fewer_bytes_than_promised_are_an_error(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, answer: Answer, says: str
    ) -> None:
        cloud.on("GET", FILE, answer)
        with burgos.download("i-1") as body, pytest.raises(SourceBroke, match=says):
            list(body.pieces())

    def test_without_a_length_the_image_reports_it(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("GET", FILE, Answer(200, content=b"12345", length="", close=True))
        cloud.on("GET", "/burgos/v2/images/i-1", Answer(200, {"id": "i-1", "size": 5}))
        with burgos.download("i-1") as body:
            assert body.size == 5
            assert b"".join(body.pieces()) == b"12345"

    def test_without_a_length_too_few_bytes_are_noticed_by_the_images_size(
        self, cloud: ScriptedServer, burgos: OpenStackPlace
    ) -> None:
        cloud.on("GET", FILE, Answer(200, content=b"123", length="", close=True))
        cloud.on("GET", "/burgos/v2/images/i-1", Answer(200, {"id": "i-1", "size": 5}))
        with burgos.download("i-1") as body, pytest.raises(SourceBroke, match="sent 3 of 5 bytes"):
            list(body.pieces())

    def test_a_stall_is_an_error_of_the_source(self, cloud: ScriptedServer, federate: Federate, target: Target) -> None:
        cloud.on("GET", FILE, Answer(200, content=b"123", length=10, keep_open=True))
        place = federate(replace(HASTY, idle=1.0)).place(target, "Burgos")
        with place.download("i-1") as body, pytest.raises(SourceBroke, match="did not answer in time"):
            list(body.pieces())

    @pytest.mark.parametrize(
        ("answer", "kind", "scope"),
        [
            (Answer(204), NotFound, Scope.IMAGE),
            (Answer(404), NotFound, Scope.IMAGE),
            (Answer(403), CloudError, Scope.IMAGE),
            (Answer(503), ServiceFailure, Scope.REGION),
            (Answer(200, content=b"x", headers={"Content-Encoding": "gzip"}), Rejected, Scope.IMAGE),
        ],
    )
    def test_what_cannot_be_opened_is_reported_at_opening(
        self,
        cloud: ScriptedServer,
        burgos: OpenStackPlace,
        answer: Answer,
        kind: type[CloudError],
        scope: Scope,
    ) -> None:
        cloud.on("GET", FILE, answer)
        with pytest.raises(kind) as caught, burgos.download("i-1"):
            pass
        assert caught.value.scope is scope

    def test_opening_is_tried_again_and_renews_a_token(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("GET", FILE, Answer(503), Answer(401), Answer(200, content=b"x"))
        with burgos.download("i-1") as body:
            assert b"".join(body.pieces()) == b"x"

    def test_what_is_not_read_to_the_end_is_dropped(self, cloud: ScriptedServer, burgos: OpenStackPlace) -> None:
        cloud.on("GET", FILE, Answer(200, content=PIECE * MANY), Answer(200, content=b"x"))
        with burgos.download("i-1") as body:
            next(body.pieces())
        with burgos.download("i-1") as body:
            assert b"".join(body.pieces()) == b"x"
        first, second = cloud.of("GET", FILE)
        assert first.connection != second.connection

    def test_from_one_place_to_another(self, cloud: ScriptedServer, federate: Federate, target: Target) -> None:
        cloud.on("GET", "/spain/v2/images/m/file", Answer(200, content=PIECE * 5))
        cloud.on("PUT", FILE, Answer(204))
        federation = federate()
        with federation.place(target, "Spain").download("m") as body:
            federation.place(target, "Burgos").upload("i-1", body)
        (request,) = cloud.of("PUT", FILE)
        assert hashlib.sha256(request.body).digest() == hashlib.sha256(PIECE * 5).digest()

    @pytest.mark.parametrize("act", [Answer(200, content=PIECE, length=2 * len(PIECE), close=True)])
    def test_a_master_that_breaks_off_leaves_no_whole_upload(
        self, cloud: ScriptedServer, federate: Federate, target: Target, act: Act
    ) -> None:
        cloud.on("GET", "/spain/v2/images/m/file", act)
        cloud.on("PUT", FILE, Answer(204))
        federation = federate()
        with (
            federation.place(target, "Spain").download("m") as body,
            pytest.raises(TransferError, match=f"after {len(PIECE)} of {2 * len(PIECE)} bytes"),
        ):
            federation.place(target, "Burgos").upload("i-1", body)


class TestLogging:
    def test_each_request_is_one_line_without_token(
        self, cloud: ScriptedServer, burgos: OpenStackPlace, caplog: pytest.LogCaptureFixture
    ) -> None:
        cloud.on("PUT", FILE, Answer(204, headers={"X-Openstack-Request-Id": "req-1"}))
        with caplog.at_level(logging.DEBUG):
            burgos.upload("i-1", Source().body)
        (line,) = [record.getMessage() for record in caplog.records if record.name == "glancesync.http"]
        assert line.startswith(f"PUT {cloud.url}{FILE}: 204 req-1 in ")
        assert "token-1" not in caplog.text
