"""When a mail is tried again, and when it is given up (volumes 6)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.notify.mail_errors import MailError, ReceiverRefused, ServerUnreachable, TlsFailed
from fiwareglancesync.notify.outbox import KEPT, LONGEST_PAUSE, OutgoingMail, after_failure, new_mail

NOW = datetime(2026, 11, 28, 6, tzinfo=timezone.utc)
FOR_NOW = ReceiverRefused("greylisted", 451)
FOR_GOOD = ReceiverRefused("no such user", 550)


def fresh() -> OutgoingMail:
    return new_mail("<1@example.org>", ("a@example.org",), "subject", "text", "", NOW)


def pauses(error: MailError) -> list[timedelta]:
    """The pauses between the attempts that all fail, until the mail is given up."""
    mail: OutgoingMail | None = fresh()
    found, now = [], NOW
    while mail is not None:
        mail = after_failure(mail, error, now)
        if mail is not None:
            found.append(mail.next_attempt - now)
            now = mail.next_attempt
    return found


def test_a_new_mail_is_due_at_once() -> None:
    assert (fresh().next_attempt, fresh().attempts, fresh().problem) == (NOW, 0, "")


def test_pauses_double_up_to_an_hour() -> None:
    minutes = [pause / timedelta(minutes=1) for pause in pauses(FOR_NOW)]
    assert minutes[:9] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert set(minutes[9:-1]) == {60}


def test_what_somebody_has_to_change_is_tried_once_a_day() -> None:
    assert pauses(FOR_GOOD) == [timedelta(days=1)] * 7


@pytest.mark.parametrize("error", [FOR_NOW, FOR_GOOD])
def test_a_mail_is_tried_for_a_week_up_to_its_last_moment(error: MailError) -> None:
    assert sum(pauses(error), timedelta()) == KEPT == timedelta(days=7)


def test_after_the_week_one_attempt_is_made_and_the_mail_is_given_up() -> None:
    assert after_failure(fresh(), FOR_NOW, NOW + timedelta(days=10)) is None


def test_the_reason_is_kept() -> None:
    kept = after_failure(fresh(), FOR_NOW, NOW)
    assert kept is not None
    assert (kept.attempts, kept.problem) == (1, "greylisted")


@given(st.integers(0, 10**6), st.timedeltas(timedelta(0), KEPT))
def test_the_next_attempt_is_later_and_within_the_week(attempts: int, age: timedelta) -> None:
    mail = OutgoingMail("<1@x>", ("a@x",), "", "", "", NOW, NOW, attempts)
    kept = after_failure(mail, FOR_NOW, NOW + age)
    if age >= KEPT:
        assert kept is None
    else:
        assert kept is not None
        assert NOW + age < kept.next_attempt <= min(NOW + age + LONGEST_PAUSE, NOW + KEPT)


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (FOR_NOW, True),
        (FOR_GOOD, False),
        (ServerUnreachable("no connection"), True),
        (TlsFailed("not valid"), False),
        (TlsFailed("refused", 454), True),
    ],
)
def test_an_error_says_whether_it_may_pass(error: MailError, retryable: bool) -> None:
    assert error.retryable is retryable
