"""What the policy server asks about a backup that a request names: the database, and Cinder (volumes 5)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from ...base.database import error_text
from ...base.errors import GlanceSyncError
from ...base.text import printable
from ...openstack.cloud_model import CloudBackup
from .bounded_calls import BoundedCalls, NoAnswer, TooManyCalls
from .policy_decision import BackupOwner

CACHE_SECONDS = 60.0
"""Seconds for which it is remembered that a backup is recorded."""

MAX_CACHED = 10_000
"""Backups that are remembered at most."""

DATABASE_TIMEOUT_SECONDS = 2.0
CINDER_TIMEOUT_SECONDS = 2.0

MAX_DATABASE_CALLS = 32
MAX_CINDER_CALLS = 2
"""Calls without an answer at once; few, because each takes a thread that Cinder's own requests need."""

NO_BACKUP = "00000000-0000-0000-0000-000000000000"

log = logging.getLogger("glancesync.policy")


class Watch:
    """Logs when something stops to work and when it works again; not each time, as many requests come.

    :param what: its name
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._fails = False

    def works(self) -> None:
        """It has worked."""
        if self._fails:
            self._fails = False
            log.info("%s answers again", self._what)

    def fails(self, error: Exception) -> None:
        """It has not.

        :param error: why
        """
        if not self._fails:
            self._fails = True
            log.error("%s cannot be asked: %s", self._what, _reason(error))


class RecordLookup:
    """Whether a backup is in our database, by the database or by what it said a moment ago.

    :param is_recorded: asks the database
    :param clock: the time in seconds since any moment
    """

    def __init__(
        self,
        is_recorded: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
        timeout: float = DATABASE_TIMEOUT_SECONDS,
    ) -> None:
        self._is_recorded = is_recorded
        self._clock = clock
        self._calls = BoundedCalls(MAX_DATABASE_CALLS, timeout, "policy-database")
        self._recorded_until: dict[str, float] = {}
        self._watch = Watch("The database")

    def is_recorded(self, backup_id: str) -> bool | None:
        """Whether a backup is recorded; None when the database cannot be asked.

        :param backup_id: Cinder's id, in lower case
        """
        if self._recorded_until.get(backup_id, 0.0) > self._clock():
            return True
        found = self._ask(backup_id)
        if found:
            if len(self._recorded_until) >= MAX_CACHED:
                self._recorded_until.clear()
            self._recorded_until[backup_id] = self._clock() + CACHE_SECONDS
        return found

    def works(self) -> bool:
        """Whether the database can be asked."""
        return self._ask(NO_BACKUP) is not None

    def _ask(self, backup_id: str) -> bool | None:
        try:
            found = self._calls.call(lambda: self._is_recorded(backup_id))
        except TooManyCalls:
            return None
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing is known then
            self._watch.fails(error)
            return None
        self._watch.works()
        return bool(found)  # some databases have numbers for truth values


class CinderLookup:
    """What Cinder says of a backup, for requests that do not describe it.

    :param backup: asks Cinder for a backup of any project; it returns None when there is none
    """

    def __init__(
        self, backup: Callable[[str], CloudBackup | None], timeout: float = CINDER_TIMEOUT_SECONDS
    ) -> None:
        self._backup = backup
        self._calls = BoundedCalls(MAX_CINDER_CALLS, timeout, "policy-cinder")
        self._watch = Watch("Cinder")

    def owner(self, backup_id: str) -> BackupOwner | None:
        """Who made a backup; None when Cinder does not know it, does not answer, or leaves a doubt.

        :param backup_id: Cinder's id, in lower case
        """
        try:
            found = self._calls.call(lambda: self._backup(backup_id))
        except TooManyCalls:  # whoever asks often must not fill the log
            return None
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing is known then
            self._watch.fails(error)
            return None
        self._watch.works()
        if found is None or found.id.lower() != backup_id or not found.user_id:
            return None
        return BackupOwner(found.user_id, found.metadata)


def _reason(error: Exception) -> str:
    """Why something cannot be asked; other texts than those of the database and of this program are not logged."""
    if isinstance(error, SQLAlchemyError):
        return error_text(error)
    return printable(str(error)) if isinstance(error, GlanceSyncError | NoAnswer) else type(error).__name__
