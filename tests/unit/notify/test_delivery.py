"""What is due in an outbox is sent; what fails stays there, and holds back nothing else (volumes 6)."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from itertools import count

import pytest

from fiwareglancesync.notify.delivery import ROUND_SECONDS, DeliveryReport, send_due
from fiwareglancesync.notify.mail_addresses import Mailbox
from fiwareglancesync.notify.mail_errors import ConnectionBroke, MailError, ReceiverRefused, ServerUnreachable
from fiwareglancesync.notify.mail_settings import MailSettings
from fiwareglancesync.notify.outbox import KEPT, OutgoingMail, new_mail
from tests.support.outboxes import MemoryOutbox

NOW = datetime(2026, 11, 28, 6, tzinfo=timezone.utc)
SETTINGS = MailSettings(sender=Mailbox("glancesync@example.org"))


class Session:
    """Takes every copy but those that are to fail."""

    def __init__(self, **failures: MailError) -> None:
        self.failures = failures
        self.taken: list[str] = []
        self.asked = 0
        self.is_closed = False

    def send(self, message: EmailMessage, sender: str, receiver: str) -> None:
        assert message["To"] == receiver
        self.asked += 1
        error = self.failures.get(receiver.partition("@")[0])
        if error is not None:
            raise error
        self.taken.append(receiver)

    def close(self) -> None:
        self.is_closed = True


def mail(number: int, *names: str, created: datetime = NOW) -> OutgoingMail:
    receivers = tuple(f"{name}@example.org" for name in names)
    return new_mail(f"<{number}@example.org>", receivers, f"Subject {number}", "text", "", created)


def deliver(outbox: MemoryOutbox, session: Session, now: datetime = NOW) -> DeliveryReport:
    return send_due(outbox, SETTINGS, now, connect=lambda _: session)


def test_what_is_due_is_sent_a_copy_to_each_receiver() -> None:
    outbox, session = MemoryOutbox(mail(1, "a", "b"), mail(2, "c")), Session()
    report = deliver(outbox, session)
    assert session.taken == ["a@example.org", "b@example.org", "c@example.org"]
    assert (report.sent, report.messages, outbox.waiting, session.is_closed) == (2, [], {}, True)


def test_what_is_not_due_waits() -> None:
    outbox, session = MemoryOutbox(mail(1, "a", created=NOW + timedelta(seconds=1))), Session()
    deliver(outbox, session)
    assert session.taken == []


def test_one_that_fails_holds_back_no_other_and_only_those_who_miss_it_get_it_again() -> None:
    outbox = MemoryOutbox(mail(1, "a", "b", "c"), mail(2, "d"))
    session = Session(b=ReceiverRefused("b is greylisted", 451))
    report = deliver(outbox, session)
    assert session.taken == ["a@example.org", "c@example.org", "d@example.org"]
    (kept,) = outbox.waiting.values()
    assert (kept.receivers, kept.attempts, kept.problem) == (("b@example.org",), 1, "b is greylisted")
    assert [message.text for message in report.messages] == [
        "Mail not sent, tried again after 2026-11-28 06:01 UTC: 'Subject 1': b is greylisted"
    ]
    session.failures.clear()
    assert deliver(outbox, session, kept.next_attempt).sent == 1
    assert session.taken[3:] == ["b@example.org"]


def test_a_server_that_is_away_is_asked_once_a_round() -> None:
    outbox = MemoryOutbox(*(mail(number, "a", "b") for number in range(20)))
    session = Session(a=ServerUnreachable("mail:25 cannot be reached"))
    report = deliver(outbox, session)
    assert session.asked == 1
    assert {(each.attempts, len(each.receivers)) for each in outbox.waiting.values()} == {(1, 2)}
    assert [message.text for message in report.messages] == ["No mail can be sent: mail:25 cannot be reached"]
    assert (report.sent, report.waiting, report.given_up) == (0, 20, 0)


def test_a_connection_that_breaks_holds_back_one_copy() -> None:
    outbox, session = MemoryOutbox(mail(1, "a", "b")), Session(a=ConnectionBroke("it broke"))
    deliver(outbox, session)
    assert session.taken == ["b@example.org"]


def test_one_reason_that_may_pass_is_enough_to_try_soon() -> None:
    session = Session(a=ReceiverRefused("no such user", 550), b=ReceiverRefused("greylisted", 451))
    outbox = MemoryOutbox(mail(1, "a", "b"))
    deliver(outbox, session)
    assert outbox.waiting["<1@example.org>"].next_attempt == NOW + timedelta(minutes=1)


def test_after_a_week_a_mail_is_given_up_and_reported() -> None:
    outbox, session = MemoryOutbox(mail(1, "a"), mail(2, "b")), Session(a=ReceiverRefused("no such user", 550))
    report = deliver(outbox, session, NOW + KEPT)
    assert (report.sent, report.given_up, outbox.waiting) == (1, 1, {})
    assert [each.problem for each in outbox.given_up] == ["no such user"]
    (message,) = report.messages
    assert message.level == logging.ERROR
    assert message.text == "Mail given up after 7 days: 'Subject 1' to a@example.org: no such user"


def test_a_mail_of_which_no_message_can_be_made_holds_back_no_other() -> None:
    broken = new_mail("<1@example.org>", ("größe@example.org",), "", "", "", NOW)
    outbox, session = MemoryOutbox(broken, mail(2, "b")), Session()
    report = deliver(outbox, session)
    assert (session.taken, report.waiting) == (["b@example.org"], 1)


def test_a_slow_server_keeps_the_caller_ten_minutes_and_a_mail_in_the_middle_goes_on_later() -> None:
    outbox = MemoryOutbox(mail(1, "a", "b", "c", "d"), mail(2, "e"))
    session, clock = Session(a=ReceiverRefused("greylisted", 451)), count(step=ROUND_SECONDS / 4)
    send_due(outbox, SETTINGS, NOW, connect=lambda _: session, clock=lambda: next(clock))
    assert session.taken == ["b@example.org"]
    first, second = outbox.waiting.values()
    assert first.receivers == ("a@example.org", "c@example.org", "d@example.org")
    assert (first.attempts, second) == (0, mail(2, "e"))
    session.failures.clear()
    deliver(outbox, session)
    assert sorted(session.taken) == [f"{name}@example.org" for name in "abcde"]


@pytest.mark.parametrize(("settings", "names"), [(MailSettings(), ["a"]), (SETTINGS, [])])
def test_without_sender_or_receivers_the_text_goes_to_the_log_and_counts_as_sent(
    settings: MailSettings, names: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    receivers = tuple(f"{name}@example.org" for name in names)
    outbox = MemoryOutbox(new_mail("<1@x>", receivers, "It\nis\x1b", "first\nsecond \x1b[31m\u202e", "<p>", NOW))
    session = Session()
    with caplog.at_level(logging.INFO, "glancesync"):
        report = send_due(outbox, settings, NOW, connect=lambda _: session)
    assert (report.sent, outbox.waiting, session.asked) == (1, {}, 0)
    assert caplog.messages == ["Mail 'It\\x0ais\\x1b':\nfirst\nsecond \\x1b[31m\\u202e"]
