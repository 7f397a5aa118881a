"""Records what is wrong with the daemon's work, and sends mail about it (snapshots 4.9)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from datetime import datetime, timedelta

from sqlalchemy import Engine

from ...base.errors import DatabaseUnavailable, GlanceSyncError
from ...base.text import printable
from ...notify.database_outbox import DatabaseOutbox
from ...notify.delivery import DeliveryReport, send_due
from ...notify.mail_addresses import Members
from ...notify.mail_settings import MailSettings
from ...notify.outbox import OutgoingMail
from ...notify.problem_mail import ProblemWords, problem_mail
from ...notify.problem_notices import Notice, NoticeKind, ProblemNotices
from ...notify.single_mail import SingleOutbox
from ..planning.service_state import TITLES, State
from ..state.snapshot_changes import SnapshotChanges
from ..state.snapshot_store import SnapshotStore
from .daemon_clock import DaemonClock
from .daemon_states import DaemonStates
from .unrecorded_problem import UnrecordedProblem

WORDS = ProblemWords(
    "snapshots",
    "Snapshots",
    {state.value: title for state, title in TITLES.items()},
    "in the cluster",
    "glancesync snapshots status",
)

AGAIN_SECONDS = 60.0
"""Between two looks at the mails that wait."""

log = logging.getLogger("glancesync")


class DaemonNotices:
    """Compares, records and sends; one thread calls its methods.

    :param cluster: the id of the cluster, "" as long as it is not known
    :param expected: what stands for it until then
    :param members: the addresses of a project's members: no mail of the daemon is for them
    :param threads: in which mail is sent
    """

    def __init__(
        self,
        engine: Engine,
        mail: MailSettings,
        cluster: Callable[[], str],
        expected: str,
        clock: DaemonClock,
        members: Members,
        threads: Executor,
    ) -> None:
        self._engine = engine
        self._mail = mail
        self._cluster = cluster
        self._expected = expected
        self._clock = clock
        self._members = members
        self._threads = threads
        self._outbox = DatabaseOutbox(engine)
        self._notices = ProblemNotices(engine, expected, timedelta(seconds=mail.remind), self._write)
        self._states: DaemonStates | None = None
        self._sending: Future[DeliveryReport] | None = None
        self._send_at = 0.0
        self._has_new = False
        self._unrecorded_sent: SingleOutbox | None = None
        self._trouble = ""
        self._unrecorded = UnrecordedProblem(State.CLUSTER.value, timedelta(seconds=mail.remind), self._write)

    def report(self, problems: Mapping[State, str]) -> None:
        """Take note of what is wrong.

        :raises DatabaseUnavailable: nothing is recorded, and the next call does it
        """
        cluster, now = self._cluster(), self._clock.now()
        place = cluster or self._expected
        try:
            self._record(problems, cluster, now)
            mail = self._unrecorded.end_mail(place, now)
            if mail is not None:
                self._outbox.add(mail)
                self._has_new = True
            self._unrecorded.forget()
        except DatabaseUnavailable as error:
            self._has_new |= self._unrecorded.goes_on(str(error), place, now)
            raise

    def _record(self, problems: Mapping[State, str], cluster: str, now: datetime) -> None:
        if cluster:
            self._notices.move(cluster)
        notices = self._notices.compare({state.value: text for state, text in problems.items()}, now)
        for notice in notices:
            _log(notice)
            self._has_new = True
        if cluster:
            if self._states is None:
                recorded = SnapshotStore(self._engine, cluster).read().jobs
                self._states = DaemonStates(recorded, SnapshotChanges(self._engine, cluster))
            self._states.compare(problems, now)

    def send(self) -> None:
        """Begin to send what waits, and take note of what was sent."""
        if self._sending is not None and self._sending.done():
            self._end(self._sending)
        if self._sending is None and (self._has_new or self._clock.passed() >= self._send_at):
            self._has_new = False
            # By turns: one of them may wait for days, for a receiver who is refused.
            self._unrecorded_sent = None if self._unrecorded_sent else self._unrecorded.waiting
            outbox = self._unrecorded_sent or self._outbox
            self._sending = self._threads.submit(send_due, outbox, self._mail, self._members, self._clock.now())

    def _end(self, sending: Future[DeliveryReport]) -> None:
        self._sending = None
        self._send_at = self._clock.passed() + AGAIN_SECONDS
        before, self._trouble = self._trouble, ""
        try:
            report = sending.result()
        except GlanceSyncError as error:
            self._trouble = str(error)
            if self._trouble != before:
                log.warning("mails wait: %s", error)
            return
        sent = self._unrecorded_sent
        if sent is not None and sent.is_done and sent is self._unrecorded.waiting:  # there may be a newer one
            self._unrecorded.waiting = None
        for message in report.messages:
            log.log(message.level, "%s", message.text)

    def _write(self, notice: Notice) -> OutgoingMail:
        return problem_mail(notice, WORDS, self._mail)


def _log(notice: Notice) -> None:
    title = WORDS.titles[notice.name]
    if notice.kind is NoticeKind.END:
        log.info("solved: %s", title)
    else:
        log.error("%s: %s", title, printable(notice.text))
