"""REPLICATE: a checkpoint, replication until it is complete, and a session at rest (vms 2.4)."""

from __future__ import annotations

from functools import partial

from ...base.units import readable_duration
from ..backup_journal import replication_begins
from ..planning.checkpoint_progress import Next, StallWatch, obstacle
from ..planning.preflight_checks import space_problems
from ..replication.georep_model import Session
from ..vm_errors import ReplicationFailed, StillActive
from .run_journal import RunJournal
from .run_ports import RunTools
from .session_rest import bring_to_rest, is_at_rest_soon

CHECKPOINT_SECONDS = 1.1
"""Between a checkpoint and the write that completes it: gluster compares whole seconds."""


class ReplicateStep:
    """Replicates the master volume up to a checkpoint."""

    def __init__(self, tools: RunTools, journal: RunJournal) -> None:
        self._tools = tools
        self._journal = journal

    def replicate(self) -> None:
        """Replicate everything that was written until now, and bring the session to rest.

        :raises ReplicationFailed: it stood still, took too long, or the master is nearly full
        :raises GlusterError: gluster refused
        """
        tools = self._tools
        # Set while the session is at rest: the crawl at its start then sees the write that completes the checkpoint.
        checkpoint = tools.replication.set_checkpoint()
        self._journal.change(partial(replication_begins, checkpoint=checkpoint, now=tools.stamp()))
        self._touch_later()
        tools.replication.start()
        self._wait(checkpoint)
        bring_to_rest(tools.replication, tools.settings.end, tools.clock)
        # Only now: what was copied after the checkpoint was seen complete belongs to overlays.
        self._journal.set(is_complete=True)

    def _touch_later(self) -> None:
        self._tools.clock.sleep(CHECKPOINT_SECONDS)
        self._tools.files.touch_master()

    def _wait(self, checkpoint: int) -> None:
        tools = self._tools
        master = tools.replication.master()
        begun = tools.clock.seconds()
        watch = StallWatch(tools.settings.stall, begun)
        last = ""
        while True:
            session = tools.replication.session()
            reason = obstacle(session, master, checkpoint, tools.zone)
            if not reason:
                return
            if reason != last:
                self._journal.report(f"Replication goes on: {reason}")
                last = reason
            self._demand_time(begun, reason)
            self._demand_room()
            watch = self._look(watch, session, reason)
            tools.clock.sleep(tools.interval)
            tools.files.touch_master()

    def _look(self, watch: StallWatch, session: Session, reason: str) -> StallWatch:
        """Stop and start a session that stands still, once."""
        tools = self._tools
        watch, following = watch.look(session.last_synced, tools.clock.seconds())
        if following is Next.FAIL:
            raise ReplicationFailed(
                f"replication has stood still for {readable_duration(tools.settings.stall)}, also after it was stopped "
                f"and started: {reason}"
            )
        if following is Next.RESTART:
            stall = readable_duration(tools.settings.stall)
            self._journal.warn(f"Replication stands still for {stall}; it is stopped and started: {reason}")
            tools.replication.stop()
            if not is_at_rest_soon(tools.replication, tools.clock):
                raise StillActive("geo-replication does not stop")
            tools.replication.start()
        return watch

    def _demand_time(self, begun: float, reason: str) -> None:
        timeout = self._tools.timeout
        if timeout and self._tools.clock.seconds() - begun >= timeout:
            raise ReplicationFailed(f"replication is not complete after {readable_duration(timeout)}: {reason}")

    def _demand_room(self) -> None:
        """See that the overlays, which grow, do not fill the master."""
        problems = space_problems([self._tools.files.master_space()], self._tools.settings.min_free_master)
        if problems:
            raise ReplicationFailed("; ".join(problems))
