"""What a scripted Glance answers about imports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fiwareglancesync.images.model import Image
from fiwareglancesync.images.places.glance.glance_place import OpenStackPlace
from tests.support.scripted_server import Answer, ScriptedServer
from tests.unit.images.places.glance.conftest import HASTY, PROJECT

INFO = "/burgos/v2/info/import"

ONE = "/burgos/v2/images/i-1"

IMPORT = f"{ONE}/import"

TASKS = f"{ONE}/tasks"

QUICK = replace(HASTY, fetch=60.0, poll_min=0.001, poll_max=0.01, activation=60.0)

MASTER_IMAGE = Image("m-1", "name", "Spain", PROJECT, size=7, disk_format="raw", container_format="bare")

FILLED = {"id": "i-1", "name": "name", "owner": PROJECT, "status": "active", "size": 7}

ACCEPTED = Answer(202)


def offered(*methods: str) -> Answer:
    return Answer(200, {"import-methods": {"description": "", "type": "array", "value": list(methods)}})


def tasks(*listed: Any) -> Answer:
    return Answer(200, {"tasks": list(listed)})


def task(status: str, number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"id": f"t-{number}", "status": status, "created_at": f"2020-01-01T00:00:0{number}.000000", **fields}


def after_sign_in(cloud: ScriptedServer) -> list[str]:
    return [line for line in cloud.lines if "/auth/" not in line]


def fetch(burgos: OpenStackPlace, spain: OpenStackPlace, progress: Callable[[int], None] = lambda done: None) -> Image:
    return burgos.import_from("i-1", spain, MASTER_IMAGE, progress)
