"""TLS: whom to trust is configured, and an early answer is read there too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import CloudError, QuotaExceeded, TransferError
from fiwareglancesync.images.places import Body, FileSlice
from fiwareglancesync.images.places.glance import OpenStackFederation
from fiwareglancesync.images.places.glance.glance_place import OpenStackPlace
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.openstack.addresses import comparable
from fiwareglancesync.openstack.credential import Credential
from tests.support.certificates import self_signed
from tests.support.scripted_server import Answer, HangUp, ScriptedServer, token_answer

from .conftest import HASTY

FILE = "/v2/images/i-1/file"
PIECE = bytes(2**20)


@pytest.fixture
def secure(certificate: Path) -> Iterator[ScriptedServer]:
    server = ScriptedServer(certificate)
    server.on("POST", "/v3/auth/tokens", token_answer({"Burgos": server.url}))
    with server.running():
        yield server


def target(server: ScriptedServer, **trust: str) -> Target:
    given = Credential(auth_url=f"{server.url}/v3", username="u", password="p", project_name="project")
    return Target("master", replace(given, **trust))  # type: ignore[arg-type]


def place(server: ScriptedServer, certificate: Path) -> OpenStackPlace:
    trusting = target(server, cacert=str(certificate))
    return OpenStackFederation(Settings("Spain", {"master": trusting}), HASTY).place(trusting, "Burgos")


def test_a_strangers_certificate_is_refused_with_advice(secure: ScriptedServer) -> None:
    wary = target(secure)
    with pytest.raises(CloudError, match=r"no trusted connection \(.*certificate.*cacert") as caught:
        OpenStackFederation(Settings("Spain", {"master": wary}), HASTY).regions(wary)
    assert not caught.value.retryable
    assert secure.lines == []


def test_a_named_authority_is_trusted(secure: ScriptedServer, certificate: Path) -> None:
    assert place(secure, certificate).identity.address == comparable(secure.url)


def test_insecure_trusts_anybody(secure: ScriptedServer) -> None:
    careless = Target("master", replace(target(secure).credential, insecure=True))
    federation = OpenStackFederation(Settings("Spain", {"master": careless}), HASTY)
    assert federation.regions(careless) == ["Burgos"]


def test_a_file_goes_through_whole(secure: ScriptedServer, certificate: Path, tmp_path: Path) -> None:
    secure.on("PUT", FILE, Answer(204))
    content = b"head" + PIECE + b"tail"
    (tmp_path / "content").write_bytes(content)
    with (tmp_path / "content").open("rb") as file:
        slices = [FileSlice(file.fileno(), 0, 4), FileSlice(file.fileno(), 4, len(content) - 4)]
        place(secure, certificate).upload("i-1", Body(len(content), lambda: iter(slices)))
    (request,) = secure.of("PUT", FILE)
    assert request.body == content


def test_a_file_that_becomes_shorter_ends_the_upload_without_waiting_for_an_answer(
    secure: ScriptedServer, certificate: Path, tmp_path: Path
) -> None:
    # Whoever waited for an answer would end with a time-out instead, for the server waits for the rest.
    secure.on("PUT", FILE, Answer(204))
    (tmp_path / "content").write_bytes(PIECE)
    with (tmp_path / "content").open("rb") as file:
        slices = [FileSlice(file.fileno(), 0, len(PIECE) // 2), FileSlice(file.fileno(), len(PIECE) // 2, len(PIECE))]
        body = Body(len(PIECE) // 2 * 3, lambda: iter(slices))
        with pytest.raises(TransferError, match=r"^the file became shorter while it was sent$"):
            place(secure, certificate).upload("i-1", body)


def test_a_file_that_cannot_be_read_is_the_sources_failure(
    secure: ScriptedServer, certificate: Path, tmp_path: Path
) -> None:
    secure.on("PUT", FILE, Answer(204))
    with (tmp_path / "content").open("wb") as file:
        unreadable = FileSlice(file.fileno(), 0, 1)
        with pytest.raises(TransferError, match=r"^the source cannot be read \(Bad file descriptor\)$"):
            place(secure, certificate).upload("i-1", Body(1, lambda: iter([unreadable])))


def test_a_body_goes_through_whole(secure: ScriptedServer, certificate: Path) -> None:
    secure.on("PUT", FILE, Answer(204))
    place(secure, certificate).upload("i-1", Body(8 * len(PIECE), lambda: iter([PIECE] * 8)))
    (request,) = secure.of("PUT", FILE)
    assert request.body == PIECE * 8


def test_an_early_answer_is_read(secure: ScriptedServer, certificate: Path) -> None:
    secure.on("PUT", FILE, Answer(413, {"message": "exceeds the quota"}, read=1000))
    with pytest.raises(QuotaExceeded):
        place(secure, certificate).upload("i-1", Body(64 * len(PIECE), lambda: iter([PIECE] * 64)))
    assert len(secure.of("PUT", FILE)) == 1


def test_a_broken_connection_is_reported(secure: ScriptedServer, certificate: Path) -> None:
    secure.on("PUT", FILE, HangUp(1000))
    with pytest.raises(CloudError, match=r"of \d+ bytes"):
        place(secure, certificate).upload("i-1", Body(64 * len(PIECE), lambda: iter([PIECE] * 64)))
    assert len(secure.of("PUT", FILE)) == 1


class TestClientCertificates:
    @pytest.fixture
    def mutual(self, certificate: Path) -> Iterator[ScriptedServer]:
        """A server that serves those alone who show the certificate."""
        server = ScriptedServer(certificate, clients=certificate)
        server.on("POST", "/v3/auth/tokens", token_answer({"Burgos": server.url}))
        with server.running():
            yield server

    @pytest.fixture
    def apart(self, certificate: Path, tmp_path: Path) -> tuple[str, str]:
        """The certificate and its key, in two files."""
        text = certificate.read_text()
        begin = text.index("-----BEGIN CERTIFICATE")
        (tmp_path / "me.crt").write_text(text[begin:])
        (tmp_path / "me.key").write_text(text[:begin])
        return str(tmp_path / "me.crt"), str(tmp_path / "me.key")

    def regions(self, server: ScriptedServer, certificate: Path, **shown: str) -> list[str]:
        trusting = target(server, cacert=str(certificate), **shown)
        return list(OpenStackFederation(Settings("Spain", {"master": trusting}), HASTY).regions(trusting))

    def test_one_in_two_files_is_shown(
        self, mutual: ScriptedServer, certificate: Path, apart: tuple[str, str]
    ) -> None:
        assert self.regions(mutual, certificate, cert=apart[0], key=apart[1]) == ["Burgos"]

    def test_one_with_its_key_is_shown_to_glance_too(self, mutual: ScriptedServer, certificate: Path) -> None:
        mutual.on("DELETE", "/v2/images/i-1", Answer(204))
        trusting = target(mutual, cacert=str(certificate), cert=str(certificate))
        federation = OpenStackFederation(Settings("Spain", {"master": trusting}), HASTY)
        federation.place(trusting, "Burgos").delete("i-1")
        assert mutual.lines == ["POST /v3/auth/tokens", "DELETE /v2/images/i-1"]

    def test_without_one_nobody_is_served(self, mutual: ScriptedServer, certificate: Path) -> None:
        with pytest.raises(CloudError):
            self.regions(mutual, certificate)
        assert mutual.lines == []

    @pytest.mark.parametrize("key", ["cert", "key"])
    def test_a_file_that_is_not_there_is_named(
        self, mutual: ScriptedServer, certificate: Path, apart: tuple[str, str], key: str
    ) -> None:
        shown = {"cert": apart[0], "key": apart[1], key: "/no/such.pem"}
        with pytest.raises(CloudError, match=r"invalid path: /no/such\.pem") as caught:
            self.regions(mutual, certificate, **shown)
        assert not caught.value.retryable

    def test_a_key_of_another_certificate_is_reported(
        self, mutual: ScriptedServer, certificate: Path, apart: tuple[str, str], tmp_path: Path
    ) -> None:
        (tmp_path / "other").mkdir()
        other = self_signed(tmp_path / "other")
        with pytest.raises(CloudError, match=r"the client certificate cannot be used \(.*; see cert and key") as caught:
            self.regions(mutual, certificate, cert=apart[0], key=str(other))
        assert not caught.value.retryable
