"""A child process keeps its parent's token and leaves its connections alone."""

from __future__ import annotations

import os

from fiwareglancesync.images.settings import Target
from tests.support.scripted_server import Answer, ScriptedServer

from .conftest import Federate

ONE = "/burgos/v2/images/i-1"


def test_a_child_uses_the_token_and_connections_of_its_own(
    cloud: ScriptedServer, federate: Federate, target: Target
) -> None:
    cloud.on("GET", ONE, Answer(200, {"id": "i-1"}))
    federation = federate()
    place = federation.place(target, "Burgos")
    place.get("i-1")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            federation.forked()
            place.get("i-1")
            federation.place(target, "Spain")
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    place.get("i-1")
    first, second, third = (request.connection for request in cloud.of("GET", ONE))
    assert first == third
    assert second != first
    assert len(cloud.of("POST", "/v3/auth/tokens")) == 1
