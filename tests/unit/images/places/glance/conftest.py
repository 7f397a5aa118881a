"""A scripted Keystone and Glance, and a federation that reaches them and is not patient."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from fiwareglancesync.images.places.glance import OpenStackFederation, Tuning
from fiwareglancesync.images.places.glance.glance_place import OpenStackPlace
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.openstack.credential import Credential
from tests.support.scripted_server import ScriptedServer, token_answer

PROJECT = "p" * 32
PASSWORD = "s3cret-Pa55"
HASTY = Tuning(
    connect=60.0,
    control=60.0,
    idle=60.0,
    upload_answer=60.0,
    grace=0.0,
    attempts=3,
    first_wait=0.001,
    retry_limit=60.0,
    wait_limit=0.05,
    page=2,
)


@pytest.fixture
def cloud() -> Iterator[ScriptedServer]:
    """A server whose Keystone signs in and whose catalog has the regions Spain and Burgos."""
    server = ScriptedServer()
    endpoints = {"Spain": f"{server.url}/spain/v2/", "Burgos": f"{server.url}/burgos"}
    server.on("POST", "/v3/auth/tokens", token_answer(endpoints, project=PROJECT))
    with server.running():
        yield server


@pytest.fixture
def credential(cloud: ScriptedServer) -> Credential:
    """A user's credential for the scripted Keystone."""
    return Credential(auth_url=f"{cloud.url}/v3", username="carla", password=PASSWORD, project_name="project")


@pytest.fixture
def target(credential: Credential) -> Target:
    """The target of the master."""
    return Target("master", credential, list_images_timeout=60)


Federate = Callable[..., OpenStackFederation]


@pytest.fixture
def federate(target: Target) -> Federate:
    """Makes a federation, with another tuning when one is given."""

    def make(tuning: Tuning = HASTY) -> OpenStackFederation:
        return OpenStackFederation(Settings("Spain", {"master": target}), tuning)

    return make


@pytest.fixture
def burgos(federate: Federate, target: Target) -> OpenStackPlace:
    """A region that is not the master."""
    return federate().place(target, "Burgos")
