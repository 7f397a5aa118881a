"""From a cycle on a cloud of stand-ins to the mail about it (volumes 6)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from fiwareglancesync.notify.mail_settings import MailSettings
from fiwareglancesync.volumes.state.volume_tables import backups, projects, regions
from fiwareglancesync.volumes.volume_events import Problem
from fiwareglancesync.volumes.volume_model import VolumeSettings
from tests.support.mail_server import MailServer, mail_server
from tests.support.stand_ins.cloud_stand_in import CloudStandIn, cloud_stand_in
from tests.support.volume_cycles import CycleBench, new_database


@pytest.fixture
def cloud() -> Iterator[CloudStandIn]:
    """A cloud with a server that has two volumes, and one without a mark."""
    with cloud_stand_in() as found:
        skipped = found.add_volume("cache")
        found.state.volumes[skipped].metadata["skip-volume-backup"] = "yes"
        found.add_server("web", found.add_volume("root"), skipped, backup="true")
        found.add_server("bastion", found.add_volume("other"))
        yield found


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A mail server."""
    with mail_server() as running:
        yield running


@pytest.fixture
def bench(cloud: CloudStandIn, tmp_path: Path) -> CycleBench:
    """Cycles on the cloud."""
    return CycleBench(cloud, new_database(tmp_path), VolumeSettings())


def pass_a_day(bench: CycleBench) -> None:
    """Move what the database has into the past."""
    with bench.engine.begin() as connection:
        for column in (regions.c.reported_until, backups.c.recorded, projects.c.last_cycle):
            connection.execute(update(column.table).values({column: column - 86_500}))
        connection.execute(update(backups).values(finished=backups.c.finished - 86_500))


def report(bench: CycleBench, mail: MailSettings) -> None:
    """Report as a conductor does after a cycle."""
    with bench.region.reporter(mail, bench.events.append) as reporter:
        reporter(bench.region.store.now())


def test_what_a_cycle_did_and_found_is_in_the_mail(bench: CycleBench, server: MailServer) -> None:
    mail = server.settings(receivers=("ops@example.org",), project_receiver_domain="projects.example.org")
    report(bench, mail)
    bench.cycle()
    report(bench, mail)
    assert server.received == []
    pass_a_day(bench)
    bench.events.clear()
    report(bench, mail)
    assert [event.text for event in bench.events if isinstance(event, Problem)] == []
    whole, own = sorted(server.received, key=lambda each: each.receiver)
    assert whole.receiver == "ops@example.org"
    assert own.receiver.endswith("@projects.example.org")
    for each in (whole, own):
        assert each.message["Subject"].endswith(": 0 failed, 0 late, 1 skipped, 1 unprotected, 1 good, 0 expired")
        text = each.body("plain")
        assert "* root (server web)" in text
        assert "* cache (server web)" in text
        assert "* bastion" in text
        assert "Backups: " in text
