"""The mail of a notice about a problem that goes on; the same for every subject. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ..base.text import printable
from .mail_message import message_id
from .mail_settings import MailSettings
from .outbox import OutgoingMail, new_mail
from .problem_notices import Notice, NoticeKind

LOCAL_DOMAIN = "localhost"
"""The domain of Message-IDs of mails that are not sent, as there is no sender."""

HEADINGS = {NoticeKind.BEGIN: "", NoticeKind.REMINDER: ", still", NoticeKind.END: ", solved"}


@dataclass(frozen=True, slots=True)
class ProblemWords:
    """How the mails of a subject are worded.

    :param kind: how their Message-IDs begin, such as ``snapshots``
    :param heading: how their subjects begin, such as ``Snapshots``
    :param titles: of the problems, by name
    :param where: before the place in a text, such as ``in the cluster``
    :param command: that shows more
    """

    kind: str
    heading: str
    titles: Mapping[str, str]
    where: str
    command: str


def problem_mail(notice: Notice, words: ProblemWords, settings: MailSettings) -> OutgoingMail:
    """The mail of a notice.

    :param settings: the sender and the receivers
    """
    subject = f"{words.heading}{HEADINGS[notice.kind]}: {words.titles[notice.name]}"
    begin = f"{_minute(notice.since)}, {words.where} {notice.place}"
    if notice.kind is NoticeKind.END:
        text = f"Since {begin}. This problem is solved since {_minute(notice.now)}.\n"
    else:
        text = f"Since {begin}:\n\n{printable(notice.text)}\n\nMore: {words.command}\n"
    if notice.kind is NoticeKind.REMINDER:
        text += f"This is a reminder, mail {notice.number} about this problem.\n"
    domain = LOCAL_DOMAIN if settings.sender is None else settings.sender.domain
    parts = notice.place, notice.name, notice.since.isoformat(), str(notice.number)
    identity = message_id(words.kind, *parts, domain=domain)
    return new_mail(identity, settings.receivers, subject, text, "", notice.now)


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
