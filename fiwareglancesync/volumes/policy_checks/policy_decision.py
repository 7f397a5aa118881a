"""Pure: whether a project member may delete or change a backup (volumes 5).

Cinder refuses unless the text of the answer is exactly ``True``, whatever its status. So everything that is not certain
has another text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...config.values import FALSE
from ..planning.backup_marks import AUTOMATED_KEY


@dataclass(frozen=True, slots=True)
class Answer:
    """What the policy server answers.

    :param status: HTTP status
    :param text: the whole body, without a newline
    """

    status: int
    text: str


ALLOWED = Answer(200, "True")
PROTECTED = Answer(401, "False")
UNDECIDED = Answer(503, "unknown")
"""The database or Cinder cannot be asked, or the id of the account is not known yet."""

MALFORMED = Answer(400, "unknown")
TOO_LARGE = Answer(413, "unknown")
NOT_A_CLIENT = Answer(403, "unknown")
NO_ROUTE = Answer(404, "unknown")
OTHER_METHOD = Answer(405, "unknown")
FAILED = Answer(500, "unknown")


@dataclass(frozen=True, slots=True)
class BackupOwner:
    """What decides about a backup that is not in our database.

    :param user_id: who created it
    :param metadata: its metadata, which project members can change
    """

    user_id: str
    metadata: Mapping[str, Any]

    @property
    def is_marked(self) -> bool:
        """Whether it may have been made by an installation of this program, perhaps another one.

        Only a value that clearly says no counts as no.
        """
        if AUTOMATED_KEY not in self.metadata:
            return False
        value = self.metadata[AUTOMATED_KEY]
        return value is not False and not (isinstance(value, str) and value.strip().lower() in {"", *FALSE})


def decide(owner: BackupOwner | None, *, is_recorded: bool | None, account_id: str) -> Answer:
    """Decide about a backup (volumes 5).

    :param owner: as the request or Cinder describes the backup, None when neither does
    :param is_recorded: whether it is in our database, None when the database cannot be asked
    :param account_id: id of the user that makes our backups, "" while it is not known
    """
    if is_recorded is None:
        return UNDECIDED
    if is_recorded:
        return PROTECTED
    if owner is None:
        return UNDECIDED
    if owner.is_marked:
        return PROTECTED
    if not account_id:
        return UNDECIDED  # the backup may be ours, not recorded yet, and its mark removed
    return PROTECTED if owner.user_id == account_id else ALLOWED
