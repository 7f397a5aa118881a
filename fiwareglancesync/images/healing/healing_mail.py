"""The mail about how images stand (vault 5.4). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from ...base.text import printable
from ...notify.mail_message import message_id
from ...notify.mail_settings import MailSettings
from ...notify.outbox import OutgoingMail, new_mail
from ..heat.image_comparison import ComparedImage, Comparison
from ..heat.image_status import WORST_FIRST, ImageStatus

KIND = "images"
"""How the Message-IDs of these mails begin."""

SECTIONS = (
    ("ALERT: neither in the region nor on the shelf", (ImageStatus.ALERT,)),
    ("Missing in the region", (ImageStatus.IMAGE_MISSING,)),
    ("Missing on the shelf", (ImageStatus.BACKUP_MISSING,)),
    ("Different in the region and on the shelf", (ImageStatus.DIFFERS,)),
    ("Not judged", (ImageStatus.AMBIGUOUS, ImageStatus.DEACTIVATED, ImageStatus.BUSY)),
)
"""The headings of the statuses that somebody has to know of, in their order."""


def mail_of(
    comparison: Comparison,
    region: str,
    closing: str,
    settings: MailSettings,
    now: datetime,
    healed: Comparison | None = None,
    problem: str = "",
) -> OutgoingMail | None:
    """The mail about a comparison; None when all is well and that is not to be reported.

    :param region: full name of the region
    :param closing: the last line
    :param settings: the sender and the receivers
    :param now: the moment, aware
    :param healed: the comparison after healing, which may have hidden images; None where nothing was healed
    :param problem: what is not well besides, as a sentence part; "" for nothing
    """
    lines = list(_lines(comparison, healed or comparison))
    if not lines and not problem and not settings.notify_always:
        return None
    text = "\n".join([*map(printable, lines), printable(closing), ""])
    domain = settings.sender.domain if settings.sender is not None else "localhost"
    identity = message_id(KIND, region, now.isoformat(), domain=domain)
    return new_mail(identity, settings.receivers, _subject(comparison, region, problem), text, "", now)


def _subject(comparison: Comparison, region: str, problem: str) -> str:
    counts = Counter(row.status for row in comparison.rows if not row.row.is_well)
    found = [f"{counts[status]} {status}" for status in WORST_FIRST if counts[status]]
    unresolved = len(comparison.templates.unresolved)
    found += [f"{unresolved} unresolved"] if unresolved else []
    found += [problem] if problem else []
    return f"Images of {region}: {', '.join(found) or 'all is well'}"


def _lines(comparison: Comparison, healed: Comparison) -> Iterator[str]:
    for heading, statuses in SECTIONS:
        rows = (row for row in comparison.of(*statuses) if row.needed)
        yield from _section(heading, map(_of_row, rows))
    unresolved = comparison.templates.unresolved
    entries = (f"{e.position}: {e.cause}" for e in unresolved)
    yield from _section("Unresolved in templates", entries)
    removed = (row for row in healed.of(ImageStatus.DELETE) if row.hidden)
    yield from _section("Hidden, to be deleted later (vault undelete UUID reverts that)", map(_of_hidden, removed))


def _section(heading: str, entries: Iterator[str]) -> Iterator[str]:
    found = list(entries)
    if found:
        yield from (f"{heading}:", *(f"  {entry}" for entry in found), "")


def _of_row(row: ComparedImage) -> str:
    remarks = row.reason or ", ".join(row.positions)
    return f"{row.name} ({remarks})" if remarks else row.name


def _of_hidden(row: ComparedImage) -> str:
    uuids = ", ".join(image.id for image in row.hidden)
    return f"{row.name} ({uuids}{'; templates mention it, so it stays' if row.mentioned else ''})"
