"""An outbox of files in a folder, for a program without a database."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..base.durable_files import write_durably
from ..base.errors import NotWritten
from .outbox import REFUSED_PAUSE, OutgoingMail

ENDING = ".mail"


class FileOutbox:
    """An :class:`~fiwareglancesync.notify.outbox.Outbox` of one file for each mail, which one process uses at a time.

    A file that cannot be read is left out. What changes something raises ``NotWritten`` when that is not possible.

    :param folder: made when the first mail is kept; nobody else may read it
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, mail: OutgoingMail) -> None:
        """Keep a mail for receivers with addresses; one of the same Message-ID that waits already stays as it is."""
        if not self._file(mail).exists():
            self.replace(mail)

    def due(self, now: datetime) -> Iterator[OutgoingMail]:
        """The mails whose next attempt is not after a moment, the earliest first."""
        found = [mail for path in self._paths() if (mail := _read(path)) is not None]
        latest = now + REFUSED_PAUSE  # one that would wait longer was kept by a clock that was wrong
        due = [mail for mail in found if mail.next_attempt <= now or mail.next_attempt > latest]
        yield from sorted(due, key=lambda mail: (mail.next_attempt, mail.message_id))

    def replace(self, mail: OutgoingMail) -> None:
        """Keep a mail with other receivers, attempts, next attempt and problem."""
        path = self._file(mail)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_durably(path, json.dumps(_document(mail)).encode())
        except OSError as error:
            raise NotWritten.because(error, path) from error

    def remove_sent(self, mail: OutgoingMail) -> None:
        """Forget a mail that everybody got."""
        path = self._file(mail)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise NotWritten.because(error, path) from error

    def remove_given_up(self, mail: OutgoingMail) -> None:
        """Forget a mail that its receivers do not get; whoever sends has reported it."""
        self.remove_sent(mail)

    def _file(self, mail: OutgoingMail) -> Path:
        return self._folder / f"{sha256(mail.message_id.encode()).hexdigest()[:32]}{ENDING}"

    def _paths(self) -> list[Path]:
        names: list[str] = []
        with suppress(FileNotFoundError):
            names = os.listdir(self._folder)
        return [self._folder / name for name in names if name.endswith(ENDING)]


def _document(mail: OutgoingMail) -> dict[str, Any]:
    document = asdict(mail)
    del document["members_of"]
    return document | {"created": mail.created.isoformat(), "next_attempt": mail.next_attempt.isoformat()}


def _read(path: Path) -> OutgoingMail | None:
    """The mail of a file; None when it cannot be read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        times: dict[str, Any] = {key: datetime.fromisoformat(document.pop(key)) for key in ("created", "next_attempt")}
        return OutgoingMail(receivers=tuple(document.pop("receivers")), **times, **document)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
