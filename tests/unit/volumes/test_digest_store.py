"""Every moment is in one digest."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, update

from fiwareglancesync.base.errors import LeaseLost
from fiwareglancesync.locks.lease import leases
from fiwareglancesync.locks.lease_group import HeldLease
from fiwareglancesync.notify.database_outbox import DatabaseOutbox
from fiwareglancesync.notify.outbox import OutgoingMail, new_mail
from fiwareglancesync.volumes.digest_store import MARGIN_SECONDS, DigestStore, Period
from fiwareglancesync.volumes.project_leases import ProjectLeases
from fiwareglancesync.volumes.volume_changes import WrongState
from fiwareglancesync.volumes.volume_store import VolumeStore
from fiwareglancesync.volumes.volume_tables import regions
from tests.support.volume_records import NEVER, REGION

DAY = 86_400.0
SECOND = timedelta(seconds=1)


@pytest.fixture
def store(engine: Engine) -> DigestStore:
    """The digests of a region whose last one ended a day ago."""
    found = DigestStore(engine, REGION)
    assert found.period(DAY) is None
    with engine.begin() as connection:
        connection.execute(update(regions).values(reported_until=regions.c.reported_until - DAY - MARGIN_SECONDS))
    return found


@pytest.fixture
def lease(engine: Engine) -> HeldLease:
    """The right to make digests."""
    found = ProjectLeases(engine, REGION, "ours", NEVER).take_digest()
    assert found is not None
    return found


def due(store: DigestStore) -> Period:
    """The period of the digest that is due."""
    period = store.period(DAY)
    assert period is not None
    return period


def mail(name: str) -> OutgoingMail:
    """A mail that is due at once."""
    return new_mail(f"<{name}@example.org>", (), "subject", "text", "", datetime(2026, 1, 1, tzinfo=timezone.utc))


def test_a_digest_ends_before_what_is_being_written_now(engine: Engine, store: DigestStore, lease: HeldLease) -> None:
    period = due(store)
    assert timedelta(seconds=DAY) <= period.end - period.begin < timedelta(seconds=DAY + 60)
    assert timedelta(seconds=MARGIN_SECONDS) <= VolumeStore(engine, REGION).now() - period.end + SECOND
    store.save(lease, period, [mail("a"), mail("b")])
    assert store.period(DAY) is None
    following = store.period(-1)
    assert following is not None
    assert abs(following.begin - period.end) < timedelta(milliseconds=1)
    assert len(list(DatabaseOutbox(engine).due(period.end))) == 2


def test_a_period_is_in_one_digest(engine: Engine, store: DigestStore, lease: HeldLease) -> None:
    period = due(store)
    store.save(lease, period, [mail("a")])
    with pytest.raises(WrongState, match=r"^another conductor has made a digest of this period$"):
        store.save(lease, period, [mail("b")])
    assert [found.message_id for found in DatabaseOutbox(engine).due(period.end)] == ["<a@example.org>"]


def test_who_has_lost_the_lease_keeps_no_mail(engine: Engine, store: DigestStore, lease: HeldLease) -> None:
    period = due(store)
    with engine.begin() as connection:
        connection.execute(update(leases).values(expires=1.0))
    assert ProjectLeases(engine, REGION, "theirs", NEVER).take_digest() is not None
    with pytest.raises(LeaseLost):
        store.save(lease, period, [mail("a")])
    assert list(DatabaseOutbox(engine).due(period.end)) == []
    assert due(store).begin == period.begin


def test_regions_have_digests_of_their_own(engine: Engine, store: DigestStore) -> None:
    assert DigestStore(engine, "Burgos").period(DAY) is None
    assert due(store)
