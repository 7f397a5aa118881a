"""The images that the tests of requests to Glance use."""

from __future__ import annotations

from typing import Any

from fiwareglancesync.images.model import JOURNAL, Image, NewImage
from tests.support.scripted_server import ScriptedServer
from tests.unit.images.places.glance.conftest import PROJECT

IMAGES = "/burgos/v2/images"

ONE = f"{IMAGES}/i-1"

NEW = NewImage("i-1", "name", "qcow2", "bare", 1, 512, ("t",), {JOURNAL: "{}", "nid": "7"})

IMAGE = Image("i-1", "name", "Burgos", PROJECT, user_properties={"nid": "7"})


def stored(**fields: Any) -> dict[str, Any]:
    plain = {"id": "i-1", "name": "name", "owner": PROJECT, "status": "queued", JOURNAL: "{}", "nid": "7"}
    return {**plain, **fields}


def after_sign_in(cloud: ScriptedServer) -> list[str]:
    return [line for line in cloud.lines if "/auth/" not in line]
