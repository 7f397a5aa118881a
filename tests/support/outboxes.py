"""An outbox in memory, and members of projects that nobody reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from fiwareglancesync.notify.outbox import OutgoingMail


def no_members(project_id: str) -> list[str]:
    """For mails whose receivers are known."""
    raise AssertionError(f"the members of {project_id} are not needed")


class MemoryOutbox:
    """Keeps mails by their Message-ID.

    :param mails: what is in it at first
    """

    def __init__(self, *mails: OutgoingMail) -> None:
        self.waiting = {mail.message_id: mail for mail in mails}
        self.sent: list[str] = []
        self.given_up: list[OutgoingMail] = []

    def add(self, mail: OutgoingMail) -> None:
        """Keep a new mail."""
        self.waiting.setdefault(mail.message_id, mail)

    def due(self, now: datetime) -> Iterator[OutgoingMail]:
        """The mails that are due, the earliest first."""
        for mail in sorted(self.waiting.values(), key=lambda mail: mail.next_attempt):
            if mail.next_attempt <= now:
                yield mail

    def replace(self, mail: OutgoingMail) -> None:
        """Keep a mail."""
        self.waiting[mail.message_id] = mail

    def remove_sent(self, mail: OutgoingMail) -> None:
        """Forget a mail."""
        del self.waiting[mail.message_id]
        self.sent.append(mail.message_id)

    def remove_given_up(self, mail: OutgoingMail) -> None:
        """Forget a mail."""
        del self.waiting[mail.message_id]
        self.given_up.append(mail)
