"""Mails that wait in the database (volumes 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine

from fiwareglancesync.base.database import metadata
from fiwareglancesync.base.errors import DatabaseUnavailable
from fiwareglancesync.notify.delivery import send_due
from fiwareglancesync.notify.outbox import Outbox, OutgoingMail, new_mail
from fiwareglancesync.volumes.mail_outbox import MailOutbox
from tests.support.mail_server import mail_server

NOW = datetime(2026, 11, 28, 6, 0, 0, 250000, tzinfo=timezone.utc)
ODD = "größe \ud800 \x00 'name'; DROP TABLE mails; -- 📦"


@pytest.fixture
def outbox(engine: Engine) -> MailOutbox:
    """An empty outbox."""
    return MailOutbox(engine)


def mail(number: int, *, later: float = 0) -> OutgoingMail:
    made = new_mail(f"<{number}@example.org>", ("a@example.org", "b@example.org"), ODD, ODD, ODD, NOW)
    return replace(made, next_attempt=NOW + timedelta(seconds=later))


def test_a_mail_is_kept_as_it_is(outbox: MailOutbox) -> None:
    usable: Outbox = outbox
    usable.add(mail(1))
    assert list(usable.due(NOW)) == [mail(1)]


def test_a_mail_of_the_same_id_changes_nothing(outbox: MailOutbox) -> None:
    outbox.add(mail(1))
    outbox.add(replace(mail(1), subject="other"))
    assert list(outbox.due(NOW)) == [mail(1)]


def test_the_earliest_comes_first_and_what_is_not_due_waits(outbox: MailOutbox) -> None:
    for number, later in ((1, 5), (2, -5), (3, 0), (4, 0.5)):
        outbox.add(mail(number, later=later))
    assert [each.message_id for each in outbox.due(NOW)] == ["<2@example.org>", "<3@example.org>"]
    assert [each.message_id[1] for each in outbox.due(NOW + timedelta(seconds=5))] == ["2", "3", "4", "1"]


def test_what_an_attempt_changes_is_kept(outbox: MailOutbox) -> None:
    outbox.add(mail(1))
    changed = replace(
        mail(1), receivers=("b@example.org",), attempts=3, next_attempt=NOW + timedelta(hours=1), problem=ODD
    )
    outbox.replace(changed)
    assert list(outbox.due(NOW)) == []
    assert list(outbox.due(NOW + timedelta(hours=1))) == [changed]


@pytest.mark.parametrize("remove", [MailOutbox.remove_sent, MailOutbox.remove_given_up])
def test_what_is_removed_is_gone(outbox: MailOutbox, remove: object) -> None:
    outbox.add(mail(1))
    outbox.add(mail(2))
    remove(outbox, mail(1))  # type: ignore[operator]
    assert [each.message_id for each in outbox.due(NOW)] == ["<2@example.org>"]


def test_each_may_be_changed_before_the_next_one_is_read(outbox: MailOutbox) -> None:
    for number in (1, 2, 3):
        outbox.add(mail(number, later=-number))
    seen = []
    due: Iterator[OutgoingMail] = outbox.due(NOW)
    for each in due:
        seen.append(each.message_id[1])
        outbox.remove_sent(each)
        if len(seen) == 1:
            outbox.remove_sent(mail(2))  # another process was first
    assert seen == ["3", "1"]


def test_a_large_mail_is_kept(outbox: MailOutbox) -> None:
    large = replace(mail(1), html="".join(f"<p>{number * 7919 % 1000003}</p>" for number in range(60_000)))
    outbox.add(large)
    assert list(outbox.due(NOW)) == [large]


def test_a_database_that_is_away_is_one_line(outbox: MailOutbox, engine: Engine) -> None:
    metadata.drop_all(engine)
    with pytest.raises(DatabaseUnavailable, match="the database cannot be used"):
        outbox.add(mail(1))


def test_mails_go_from_the_database_to_a_server(outbox: MailOutbox) -> None:
    with mail_server() as server:
        server.answers["b@example.org"] = ["451 Greylisted"]
        outbox.add(mail(1))
        send_due(outbox, server.settings(), NOW)
        (waiting,) = outbox.due(NOW + timedelta(minutes=1))
        assert waiting.receivers == ("b@example.org",)
        send_due(outbox, server.settings(), waiting.next_attempt)
        assert server.receivers == ["a@example.org", "b@example.org"]
    assert list(outbox.due(NOW + timedelta(days=30))) == []
