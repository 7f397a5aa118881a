"""EVENT: reports how runs ended to the engine and by mail; what cannot be sent is kept and sent later (vms 2.8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from ...base.errors import GlanceSyncError, NotWritten
from ...base.messages import Message
from ...base.text import printable
from ...notify.delivery import send_due
from ...notify.file_outbox import FileOutbox
from ...notify.mail_message import message_id
from ...notify.mail_settings import MailSettings
from ...notify.outbox import OutgoingMail, new_mail
from ...notify.single_mail import SingleOutbox
from ..backup_journal import Journal, newest_by_slave, slave_volume
from ..engines.engine_event import EngineEvent, Severity, events_of
from ..engines.machines_port import VirtualMachines
from ..planning.run_report import event_text, report_lines, result_text, severity_of
from ..vm_errors import EventRefused
from .event_outbox import KEPT, EventOutbox
from .journal_files import JournalFiles
from .run_ports import Clock, Emit

LATER = "An event could not be sent, and is sent by a later run: {}"


class RunReporting:
    """Reports the runs of one master volume, and calls that end without one.

    :param files: its journals
    :param engine: takes the events
    :param mail: where mails go
    :param emit: takes what could not be sent
    """

    def __init__(
        self, files: JournalFiles, engine: VirtualMachines, mail: MailSettings, emit: Emit, clock: Clock
    ) -> None:
        folder = files.volume_folder
        self._files = files
        self._engine = engine
        self._events = EventOutbox(folder / "events")
        self._mails = FileOutbox(Path(folder, "mails"))
        self._mail = mail
        self._emit = emit
        self._clock = clock

    def report_all(self) -> None:
        """Keep what is to be said of each run that has ended, and send all that is kept."""
        for journal in self._files.all():
            if journal.ended and not journal.is_reported:
                self._report(journal)
        self._send_events()
        self._send_mails()

    @contextmanager
    def failures_reported(self, what: str) -> Iterator[None]:
        """Report the error with which a call ends: there is no journal that says so.

        :param what: what the call was to do, for the beginning of a line
        """
        try:
            yield
        except GlanceSyncError as error:
            self.report_failure(what, str(error))
            raise
        except Exception as error:
            self.report_failure(what, f"{type(error).__name__}: {error}")
            raise

    def report_failure(self, what: str, reason: str) -> None:
        """Report a call that ended without the journal of a run. Another process may work on the volume meanwhile.

        :param what: as for ``failures_reported``
        """
        now = self._clock.now().isoformat()
        text = f"{what}: FAILED: {reason}{self._slaves()}"
        events = events_of(now, Severity.ALERT, text, (), "")
        self._send_at_once(events, self._new_mail(now, f"GlanceSync: {what}: FAILED", f"{text}\n"))

    def _slaves(self) -> str:
        """How earlier runs have left the slaves, as the end of a line; "" when that is not known."""
        with suppress(GlanceSyncError):
            newest = newest_by_slave(self._files.all())
            return "".join(f"; the slave {slave} is {each.slave_text}" for slave, each in sorted(newest.items()))
        return ""

    def _report(self, journal: Journal) -> None:
        """Keep what is to be said of a run; where nothing can be kept, it is sent at once."""
        standing = newest_by_slave(self._files.all()).get(slave_volume(journal.slave))
        before = "" if standing is None else standing.slave_text
        text = event_text(journal, before)
        events = events_of(journal.run, severity_of(journal), text, journal.clusters, journal.domain)
        subject = f"GlanceSync: backup of volume {journal.master} to {journal.slave}: {result_text(journal)}"
        mail = self._new_mail(journal.run, subject, "\n".join(map(printable, report_lines(journal, before))) + "\n")
        try:
            for event in events:
                self._events.add(event)
            if mail is not None:
                self._mails.add(mail)
            self._files.write(replace(journal, is_reported=True))
        except NotWritten as error:
            self._emit(Message.error(f"The report of run {journal.run} cannot be kept, and is sent at once: {error}"))
            self._send_at_once(events, mail)

    def _new_mail(self, id: str, subject: str, body: str) -> OutgoingMail | None:
        """A mail to the receivers; None when there are none.

        :param id: makes it different from others of this volume
        """
        if self._mail.sender is None or not self._mail.receivers:
            return None
        domain = self._mail.sender.address.rpartition("@")[2]
        named = message_id("vms", id, self._files.volume_folder.name, domain=domain)
        return new_mail(named, self._mail.receivers, subject, body, "", self._clock.now())

    def _send_at_once(self, events: Sequence[EngineEvent], mail: OutgoingMail | None) -> None:
        """Send without keeping anything first; what is not sent is kept, if that is possible."""
        for event in events:
            try:
                self._engine.send(event)
            except GlanceSyncError as error:
                self._keep_event(event, error)
        if mail is None:
            return
        outbox = SingleOutbox(mail)
        report = send_due(outbox, self._mail, lambda project: (), self._clock.now())
        for message in report.messages:
            self._emit(message)
        if report.waiting:
            try:
                self._mails.add(outbox.mail)
            except NotWritten as error:
                self._emit(Message.error(f"The mail is neither sent nor kept: {error}"))

    def _keep_event(self, event: EngineEvent, reason: GlanceSyncError) -> None:
        try:
            self._events.add(event)
        except NotWritten as error:
            self._emit(Message.error(f"An event is neither sent nor kept: {reason}; {error}"))
        else:
            self._emit(Message.warning(LATER.format(reason)))

    def _send_events(self) -> None:
        """Send what is kept; an event that the engine does not take holds back no other one."""
        for event in self._events.all():
            try:
                self._engine.send(event)
            except EventRefused as error:
                self._keep_or_give_up(event, error)
            except GlanceSyncError as error:
                self._emit(Message.warning(LATER.format(error)))
                return
            else:
                self._events.remove(event)

    def _keep_or_give_up(self, event: EngineEvent, error: EventRefused) -> None:
        if self._events.is_old(event, self._clock.now()):
            self._events.remove(event)
            self._emit(Message.error(f"An event is given up after {KEPT.days} days: {error}"))
        else:
            self._emit(Message.warning(LATER.format(error)))

    def _send_mails(self) -> None:
        report = send_due(self._mails, self._mail, lambda project: (), self._clock.now())
        for message in report.messages:
            self._emit(message)
