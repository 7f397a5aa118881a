"""What is due in an outbox is sent; what fails stays there, and holds back nothing else (volumes 6)."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from itertools import count

import pytest

from fiwareglancesync.base.errors import DatabaseUnavailable, Forbidden, Unreachable
from fiwareglancesync.notify.delivery import ROUND_SECONDS, DeliveryReport, send_due
from fiwareglancesync.notify.mail_addresses import Mailbox, Members
from fiwareglancesync.notify.mail_errors import ConnectionBroke, MailError, ReceiverRefused, ServerUnreachable
from fiwareglancesync.notify.mail_settings import MailSettings
from fiwareglancesync.notify.outbox import KEPT, MembersOf, OutgoingMail, new_mail
from tests.support.outboxes import MemoryOutbox, no_members

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


def deliver(
    outbox: MemoryOutbox, session: Session, now: datetime = NOW, members: Members = no_members
) -> DeliveryReport:
    return send_due(outbox, SETTINGS, members, now, connect=lambda _: session)


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


class Killed(BaseException):
    """Stands for a kill."""


def test_a_kill_in_the_middle_repeats_at_most_the_copy_that_was_being_sent() -> None:
    outbox, session = MemoryOutbox(mail(1, "a", "b", "c")), Session()
    take = session.send

    def send_and_be_killed(message: EmailMessage, sender: str, receiver: str) -> None:
        take(message, sender, receiver)
        if receiver.startswith("b"):
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "send", send_and_be_killed)
        with pytest.raises(Killed):
            deliver(outbox, session)
    (kept,) = outbox.waiting.values()
    assert (kept.receivers, kept.attempts) == (("b@example.org", "c@example.org"), 1)
    deliver(outbox, session, kept.next_attempt)
    assert session.taken == [f"{name}@example.org" for name in "abbc"]
    assert outbox.waiting == {}


def test_what_cannot_be_recorded_is_not_sent() -> None:
    outbox, session = MemoryOutbox(mail(1, "a")), Session()

    def refuse(_: OutgoingMail) -> None:
        raise DatabaseUnavailable("the disk is full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "replace", refuse)
        with pytest.raises(DatabaseUnavailable):
            deliver(outbox, session)
    assert session.taken == []


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


def deliver_slowly(outbox: MemoryOutbox, session: Session, now: datetime = NOW) -> DeliveryReport:
    """A round that has time for two copies."""
    clock = count(step=ROUND_SECONDS / 4)
    return send_due(outbox, SETTINGS, no_members, now, connect=lambda _: session, clock=lambda: next(clock))


def test_a_slow_server_keeps_the_caller_ten_minutes_and_a_mail_in_the_middle_goes_on_later() -> None:
    outbox, session = MemoryOutbox(mail(1, "a", "b", "c", "d"), mail(2, "e")), Session()
    assert deliver_slowly(outbox, session).waiting == 1
    assert session.taken == ["a@example.org", "b@example.org"]
    first, second = outbox.waiting.values()
    assert first.receivers == ("c@example.org", "d@example.org")
    assert (first.attempts, second) == (0, mail(2, "e"))
    deliver(outbox, session)
    assert sorted(session.taken) == [f"{name}@example.org" for name in "abcde"]


def test_copies_that_take_the_whole_time_of_a_round_hold_back_no_other_mail() -> None:
    outbox = MemoryOutbox(mail(1, "a", "b", "c"), mail(2, "d"))
    session = Session(a=ConnectionBroke("it hangs"), b=ConnectionBroke("it hangs"))
    report = deliver_slowly(outbox, session)
    first, _ = outbox.waiting.values()
    assert first.receivers == ("c@example.org", "a@example.org", "b@example.org")
    assert (first.attempts, first.next_attempt, report.waiting) == (1, NOW + timedelta(minutes=1), 1)
    deliver_slowly(outbox, session)
    deliver_slowly(outbox, session, first.next_attempt)
    assert session.taken == ["d@example.org", "c@example.org"]


def test_a_mail_that_no_round_has_the_time_for_is_given_up_after_a_week_too() -> None:
    outbox = MemoryOutbox(mail(1, "a", "b", "c"))
    session = Session(a=ConnectionBroke("it hangs"), b=ConnectionBroke("it hangs"))
    report = deliver_slowly(outbox, session, NOW + KEPT)
    assert (report.given_up, outbox.waiting) == (1, {})


@pytest.mark.parametrize(("settings", "names"), [(MailSettings(), ["a"]), (SETTINGS, [])])
def test_without_sender_or_receivers_the_text_goes_to_the_log_and_counts_as_sent(
    settings: MailSettings, names: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    receivers = tuple(f"{name}@example.org" for name in names)
    outbox = MemoryOutbox(new_mail("<1@x>", receivers, "It\nis\x1b", "first\nsecond \x1b[31m\u202e", "<p>", NOW))
    session = Session()
    with caplog.at_level(logging.INFO, "glancesync"):
        report = send_due(outbox, settings, no_members, NOW, connect=lambda _: session)
    assert (report.sent, outbox.waiting, session.asked) == (1, {}, 0)
    assert caplog.messages == ["Mail 'It\\x0ais\\x1b':\nfirst\nsecond \\x1b[31m\\u202e"]


def for_members(number: int, created: datetime = NOW) -> OutgoingMail:
    project = MembersOf(f"{number}", f"Default/p{number}")
    return new_mail(f"<m{number}@example.org>", project, f"Subject {number}", "text", "", created)


class Directory:
    """Who is a member of a project; reading fails for projects that are named.

    :param failures: by the project's id
    """

    def __init__(self, **failures: Exception) -> None:
        self.failures = {name.removeprefix("p"): error for name, error in failures.items()}
        self.asked: list[str] = []

    def __call__(self, project_id: str) -> list[str]:
        self.asked.append(project_id)
        if project_id in self.failures:
            raise self.failures[project_id]
        return [f"member-of-{project_id}@example.org"]


class TestMembers:
    def test_the_members_of_a_project_are_read_when_the_mail_is_sent(self) -> None:
        outbox, session = MemoryOutbox(for_members(1)), Session()
        assert deliver(outbox, session, members=Directory()).sent == 1
        assert session.taken == ["member-of-1@example.org"]

    def test_a_project_whose_members_cannot_be_read_waits_and_holds_back_no_other(self) -> None:
        outbox, session = MemoryOutbox(for_members(1), for_members(2)), Session()
        directory = Directory(p1=Forbidden("Keystone says no"))
        report = deliver(outbox, session, members=directory)
        assert session.taken == ["member-of-2@example.org"]
        (kept,) = outbox.waiting.values()
        why = "the members of project Default/p1 (1) cannot be read: Keystone says no"
        assert (kept.members_of, kept.attempts, kept.problem) == (MembersOf("1", "Default/p1"), 1, why)
        assert [message.text for message in report.messages] == [
            f"Mail not sent, tried again after 2026-11-28 06:01 UTC: 'Subject 1': {why}"
        ]
        directory.failures.clear()
        assert deliver(outbox, session, kept.next_attempt, directory).sent == 1

    def test_a_keystone_that_is_away_is_asked_once_a_round(self) -> None:
        outbox, session = MemoryOutbox(mail(9, "a"), *map(for_members, range(5))), Session()
        directory = Directory(p0=Unreachable("Keystone does not answer"))
        report = deliver(outbox, session, members=directory)
        assert (directory.asked, session.taken, len(outbox.waiting)) == (["0"], ["a@example.org"], 5)
        assert [message.text for message in report.messages] == [
            "Mails to members of projects wait: the members of projects cannot be read: Keystone does not answer"
        ]

    def test_those_who_miss_it_get_it_again(self) -> None:
        session = Session(**{"member-of-1": ReceiverRefused("greylisted", 451)})
        outbox = MemoryOutbox(for_members(1))
        deliver(outbox, session, members=Directory())
        (kept,) = outbox.waiting.values()
        assert (kept.receivers, kept.members_of) == (("member-of-1@example.org",), None)

    def test_without_an_address_nobody_gets_it_and_that_is_reported(self) -> None:
        outbox, session = MemoryOutbox(for_members(1)), Session()
        report = deliver(outbox, session, members=lambda _: [])
        assert (session.taken, outbox.waiting, report.sent) == ([], {}, 0)
        assert [message.text for message in report.messages] == [
            "project Default/p1 (1): none of its members has an address; it gets no mail"
        ]

    def test_after_a_week_the_project_that_does_not_get_it_is_named(self) -> None:
        outbox = MemoryOutbox(for_members(1))
        (message,) = deliver(outbox, Session(), NOW + KEPT, Directory(p1=Forbidden("Keystone says no"))).messages
        assert "to the members of project Default/p1: the members of project" in message.text
