"""A mail when a problem begins, reminders while it goes on, and a mail when it ends; each once (volumes 6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine

from fiwareglancesync.notify import problem_notices
from fiwareglancesync.notify.database_outbox import DatabaseOutbox
from fiwareglancesync.notify.mail_addresses import Mailbox
from fiwareglancesync.notify.mail_settings import MailSettings
from fiwareglancesync.notify.outbox import OutgoingMail
from fiwareglancesync.notify.problem_mail import ProblemWords, problem_mail
from fiwareglancesync.notify.problem_notices import KnownProblem, Notice, NoticeKind, ProblemNotices, judge

NOW = datetime(2026, 11, 28, 6, tzinfo=timezone.utc)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORDS = ProblemWords("snapshots", "Snapshots", {"lock": "no lock", "disk": "no disk"}, "in the cluster", "status")
SETTINGS = MailSettings(sender=Mailbox("glancesync@example.org"), receivers=("ops@example.org",))
KNOWN = KnownProblem(NOW, 1, NOW)


class Killed(BaseException):
    """Stands for a kill."""


def write(notice: Notice) -> OutgoingMail:
    return problem_mail(notice, WORDS, SETTINGS)


def notices(engine: Engine, place: str = "c1", remind: timedelta = DAY) -> ProblemNotices:
    return ProblemNotices(engine, place, remind, write)


def mails(engine: Engine) -> list[OutgoingMail]:
    return list(DatabaseOutbox(engine).due(NOW + 365 * DAY))


def subjects(engine: Engine) -> list[str]:
    return [mail.subject for mail in mails(engine)]


@pytest.mark.parametrize(
    ("text", "known", "after", "kind"),
    [
        ("", None, DAY, None),
        ("away", None, DAY, NoticeKind.BEGIN),
        ("away", KNOWN, DAY - HOUR, None),
        ("away", KNOWN, DAY, NoticeKind.REMINDER),
        ("away", replace(KNOWN, noticed=NOW + 3650 * DAY), DAY, NoticeKind.REMINDER),  # by a clock that was wrong
        ("", KNOWN, HOUR, NoticeKind.END),
    ],
)
def test_a_notice_is_due_by_what_is_known(
    text: str, known: KnownProblem | None, after: timedelta, kind: NoticeKind | None
) -> None:
    assert judge(text, known, NOW + after, DAY) is kind


def test_without_reminders_a_problem_that_goes_on_is_silent() -> None:
    assert judge("away", KNOWN, NOW + 365 * DAY, timedelta()) is None


def test_each_notice_has_one_mail_with_what_is_wrong_now(engine: Engine) -> None:
    made = notices(engine)
    made.compare({"lock": "held by a", "disk": ""}, NOW)
    made.compare({"lock": "held by b"}, NOW + 12 * HOUR)
    made.compare({"lock": "held by c"}, NOW + DAY)
    made.compare({"lock": "held by d"}, NOW + DAY + HOUR)
    made.compare({"lock": ""}, NOW + 2 * DAY)
    assert [(mail.subject, mail.text) for mail in mails(engine)] == [
        (
            "Snapshots: no lock",
            "Since 2026-11-28 06:00 UTC, in the cluster c1:\n\nheld by a\n\nMore: status\n",
        ),
        (
            "Snapshots, still: no lock",
            "Since 2026-11-28 06:00 UTC, in the cluster c1:\n\nheld by c\n\nMore: status\n"
            "This is a reminder, mail 2 about this problem.\n",
        ),
        (
            "Snapshots, solved: no lock",
            "Since 2026-11-28 06:00 UTC, in the cluster c1. This problem is solved since 2026-11-30 06:00 UTC.\n",
        ),
    ]
    assert len({mail.message_id for mail in mails(engine)}) == 3


def test_what_is_not_printable_is_escaped(engine: Engine) -> None:
    notices(engine).compare({"lock": "held by \x1b[31mweb\u202e"}, NOW)
    assert "held by \\x1b[31mweb\\u202e" in mails(engine)[0].text


def test_a_problem_that_is_not_judged_goes_on(engine: Engine) -> None:
    made = notices(engine)
    made.compare({"lock": "held"}, NOW)
    assert made.compare({"disk": ""}, NOW + DAY) == []
    assert [notice.kind for notice in made.compare({"lock": ""}, NOW + DAY)] == [NoticeKind.END]


def test_several_processes_make_each_notice_once(engine: Engine) -> None:
    several = [notices(engine) for _ in range(3)]
    for each in several:
        each.compare({"lock": ""}, NOW)  # each has read that there is nothing
    for text, moment in (("held", NOW), ("held", NOW + DAY), ("", NOW + DAY + HOUR)):
        for each in several:
            each.compare({"lock": text}, moment)
    assert subjects(engine) == ["Snapshots: no lock", "Snapshots, still: no lock", "Snapshots, solved: no lock"]


def test_a_kill_leaves_the_notice_with_its_mail_or_neither(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise Killed

    for text, moment in (("held", NOW), ("held", NOW + DAY), ("", NOW + DAY + HOUR)):
        before = subjects(engine)
        with monkeypatch.context() as patch:
            patch.setattr(problem_notices, "insert_mail", killed)
            with pytest.raises(Killed):
                notices(engine).compare({"lock": text}, moment)
        assert subjects(engine) == before
        notices(engine).compare({"lock": text}, moment)
        notices(engine).compare({"lock": text}, moment)
        assert len(subjects(engine)) == len(before) + 1


def test_problems_of_another_place_are_its_own(engine: Engine) -> None:
    notices(engine, "c1").compare({"lock": "held"}, NOW)
    assert notices(engine, "c2").compare({"lock": ""}, NOW) == []


def test_problems_move_to_the_place_that_becomes_known(engine: Engine) -> None:
    notices(engine, "c1").compare({"disk": "full"}, NOW - DAY)
    made = notices(engine, "unknown")
    made.compare({"lock": "held", "disk": "full"}, NOW)
    made.move("c1")
    made.move("c1")
    ended = made.compare({"lock": "", "disk": ""}, NOW + HOUR)
    assert [(notice.place, notice.name, notice.since) for notice in ended] == [
        ("c1", "lock", NOW), ("c1", "disk", NOW - DAY),
    ]  # fmt: skip
    assert notices(engine, "unknown").compare({"lock": "", "disk": ""}, NOW + HOUR) == []
