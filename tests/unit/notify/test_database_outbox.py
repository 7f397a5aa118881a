"""Mails in the database until they are sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine

from fiwareglancesync.base.database import open_engine
from fiwareglancesync.base.errors import DatabaseUnavailable
from fiwareglancesync.notify.database_outbox import DatabaseOutbox
from fiwareglancesync.notify.delivery import send_due
from fiwareglancesync.notify.outbox import MembersOf, OutgoingMail, new_mail
from tests.support.mail_server import mail_server
from tests.support.outboxes import no_members

NOW = datetime(2026, 11, 28, 6, 0, 0, 123457, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
ODD = "odd \ud800 \x00 'name'; DROP TABLE mails; --"


@pytest.fixture
def outbox(engine: Engine) -> DatabaseOutbox:
    """An empty one."""
    return DatabaseOutbox(engine)


def mail(name: str = "a", text: str = "text") -> OutgoingMail:
    """A mail that is due at once."""
    return new_mail(f"<{name}@example.org>", ("a@example.org", "b@example.org"), ODD, text, "<p>html</p>", NOW)


def test_a_mail_comes_back_exactly(outbox: DatabaseOutbox) -> None:
    large = mail(text=ODD * 100_000)
    outbox.add(large)
    assert list(outbox.due(NOW)) == [large]
    assert list(outbox.due(NOW - HOUR)) == []


def test_mails_come_the_earliest_first(outbox: DatabaseOutbox) -> None:
    for name, hours in (("a", 0), ("b", -2), ("c", -1), ("d", 1)):
        outbox.add(replace(mail(name), next_attempt=NOW + hours * HOUR))
    assert [each.message_id[1] for each in outbox.due(NOW)] == ["b", "c", "a"]


def test_a_mail_that_was_kept_by_a_wrong_clock_is_due(outbox: DatabaseOutbox) -> None:
    for days in (0.9, 365):
        outbox.add(replace(mail(f"{days}"), next_attempt=NOW + days * 24 * HOUR))
    assert [each.message_id for each in outbox.due(NOW)] == ["<365@example.org>"]


def test_one_that_is_changed_meanwhile_comes_as_it_is_then(outbox: DatabaseOutbox) -> None:
    outbox.add(mail("a"))
    outbox.add(mail("b"))
    coming = outbox.due(NOW)
    first = next(coming)
    outbox.replace(replace(first, receivers=("b@example.org",), attempts=3, problem=ODD, next_attempt=NOW + HOUR))
    outbox.remove_sent(mail("b"))
    assert list(coming) == []
    (kept,) = outbox.due(NOW + HOUR)
    assert (kept.receivers, kept.attempts, kept.problem) == (("b@example.org",), 3, ODD)
    assert (kept.text, kept.html, kept.created) == (first.text, first.html, NOW)


def test_a_mail_for_the_members_of_a_project_comes_back(outbox: DatabaseOutbox) -> None:
    wanted = new_mail("<a@example.org>", MembersOf("1", ODD), "subject", "text", "", NOW)
    outbox.add(wanted)
    (kept,) = outbox.due(NOW)
    assert (kept.members_of, kept.receivers) == (MembersOf("1", ODD), ())


def test_a_mail_that_waits_is_not_added_twice(outbox: DatabaseOutbox) -> None:
    outbox.add(replace(mail(), attempts=2))
    outbox.add(mail())
    (kept,) = outbox.due(NOW)
    assert kept.attempts == 2


def test_a_mail_that_is_given_up_is_forgotten(outbox: DatabaseOutbox) -> None:
    outbox.add(mail())
    outbox.remove_given_up(replace(mail(), problem="refused"))
    assert list(outbox.due(NOW)) == []


def test_mails_go_from_the_database_to_a_server(outbox: DatabaseOutbox) -> None:
    with mail_server() as server:
        server.answers["b@example.org"] = ["451 Greylisted"]
        outbox.add(mail())
        send_due(outbox, server.settings(), no_members, NOW)
        (waiting,) = outbox.due(NOW + timedelta(minutes=1))
        assert waiting.receivers == ("b@example.org",)
        send_due(outbox, server.settings(), no_members, waiting.next_attempt)
        assert server.receivers == ["a@example.org", "b@example.org"]
    assert list(outbox.due(NOW + timedelta(days=30))) == []


def test_a_database_that_is_away_is_reported_in_one_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('disk')}/no/such.db")
    with pytest.raises(DatabaseUnavailable, match=r"^the database cannot be used: .*; see database in \[main\]$"):
        list(DatabaseOutbox(engine).due(NOW))
