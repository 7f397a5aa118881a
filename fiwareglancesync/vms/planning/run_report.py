"""What is said of a run that has ended: in reports, mails and events (vms 2.8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ...base.units import clock_duration
from ..backup_journal import Journal
from ..engines.engine_event import Severity
from ..vm_options import Verify
from .vm_result import Result

MOST_NAMES = 10
"""Virtual machines that are named in an event."""

MOST_NOTES = 10
"""Reasons and warnings that are in an event; the report has all."""


def severity_of(journal: Journal) -> Severity:
    """How the event of a run counts: an alert also when the run is a success, but the slave was written to before."""
    is_well = journal.result == Result.SUCCESS.value and not journal.alerts
    return Severity.NORMAL if is_well else Severity.ALERT


def result_text(journal: Journal) -> str:
    """How a run ended, in a word or a few."""
    return f"{journal.result}, with an alert" if journal.alerts and not journal.reasons else journal.result


def duration_text(journal: Journal) -> str:
    """How long a run took, as ``H:MM:SS``; "" before its end."""
    if not journal.ended:
        return ""
    seconds = (datetime.fromisoformat(journal.ended) - datetime.fromisoformat(journal.started)).total_seconds()
    text = clock_duration(seconds)
    return text if text.count(":") == 2 else f"0:{text:0>5}"


def names_text(journal: Journal) -> str:
    """The virtual machines that are consistent on the slave."""
    names = [machine.name for machine in journal.machines if machine.is_stripped]
    if len(names) > MOST_NAMES:
        return f"{', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more"
    return ", ".join(names) or "none"


def summary_text(journal: Journal, before: str = "") -> str:
    """One line at the end of a run, whatever came of the run; reasons and warnings have been printed before.

    :param before: how earlier runs have left the slave, "" when that is not known
    """
    head = f"Backup of volume {journal.master} to {journal.slave}: {result_text(journal)}"
    facts = f"{head}; virtual machines: {names_text(journal)}; duration {duration_text(journal)}"
    facts += "; compared by samples" if journal.verify == Verify.SAMPLED.value else ""
    text = journal.slave_text or before
    return facts + (f"; the slave {journal.slave} is {text}" if text else "")


def event_text(journal: Journal, before: str = "") -> str:
    """One line for the engine: the summary, with reasons and warnings. The parameters are ``summary_text``'s."""
    notes = (*journal.reasons, *journal.alerts, *journal.left_out, *journal.warnings)
    further = f"; {len(notes) - MOST_NOTES} more" if len(notes) > MOST_NOTES else ""
    return summary_text(journal, before) + "".join(f"; {note}" for note in notes[:MOST_NOTES]) + further


def report_lines(journal: Journal, before: str = "") -> Iterator[str]:
    """The report of a run, a line each; the parameters are ``summary_text``'s."""
    yield f"Run {journal.run}: {journal.result or 'not ended'}"
    yield f"Volume {journal.master} to {journal.slave}"
    yield f"Begun {journal.started}" + (f", duration {duration_text(journal)}" if journal.ended else "")
    yield f"Slave: {journal.slave_text or before or 'as before'}"
    if journal.verify:
        yield f"Compared with the master: {journal.verify}"
    for machine in journal.machines:
        words = [machine.consistency or "no snapshot", machine.stage.value]
        words += ["NOT CONSISTENT on the slave"] if machine.is_dropped else []
        yield f"  {machine.name} ({machine.id}): {', '.join(words)}"
    yield from journal.left_out
    yield from (f"Reason: {reason}" for reason in journal.reasons)
    yield from (f"Alert: {alert}" for alert in journal.alerts)
    yield from (f"Warning: {warning}" for warning in journal.warnings)
