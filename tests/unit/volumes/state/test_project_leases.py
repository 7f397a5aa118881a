"""Leases of projects: their times fit together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from fiwareglancesync.base.errors import LeaseLost
from fiwareglancesync.locks.lease import USUAL_TIMING
from fiwareglancesync.volumes.execution.conductor import TAKE_OVER_SECONDS
from fiwareglancesync.volumes.state.project_leases import ProjectLeases
from fiwareglancesync.volumes.state.volume_store import VolumeStore
from fiwareglancesync.volumes.volume_region import TUNING
from tests.support.volume_records import NEVER, PROJECT, REGION, taken


def test_a_conductor_that_was_killed_is_replaced_within_90_seconds() -> None:
    assert USUAL_TIMING.lease + TAKE_OVER_SECONDS <= 90


def test_a_request_may_be_sent_just_before_a_renewal_and_when_one_has_failed() -> None:
    assert TUNING.connect + TUNING.control < USUAL_TIMING.lease - 2 * USUAL_TIMING.renewal


def test_a_project_of_each_region_has_a_lease_of_its_own(engine: Engine) -> None:
    ours, theirs = taken(engine), taken(engine, region="Burgos")
    assert (ours.region, theirs.region, ours.project_id) == ("Spain", "Burgos", PROJECT)
    assert ProjectLeases(engine, REGION, "theirs", NEVER).take(PROJECT) is None


def test_when_a_lease_was_taken_is_known_by_the_databases_clock(engine: Engine) -> None:
    store = VolumeStore(engine, REGION)
    before = store.now()
    lease = taken(engine)
    assert before - timedelta(milliseconds=2) <= lease.taken <= store.now() + timedelta(milliseconds=2)


def test_all_leases_of_a_conductor_are_given_back_in_the_end(engine: Engine) -> None:
    with ProjectLeases(engine, REGION, "ours", NEVER) as leases:
        project, listing, digest = leases.take(PROJECT), leases.take_listing(), leases.take_digest()
        assert project is not None
        assert listing is not None
        assert digest is not None
        assert project.outlives(30)
    assert (project.is_lost, project.outlives(0)) == (True, False)
    with pytest.raises(LeaseLost), engine.begin() as connection:
        project.guard(connection)
    others = ProjectLeases(engine, REGION, "theirs", NEVER)
    assert None not in (others.take(PROJECT), others.take_listing(), others.take_digest())
