"""Brings sessions of geo-replication to rest, and sees them so: only then may anything be merged (vms 2.7)."""

from __future__ import annotations

from collections.abc import Callable

from ..replication.replication_port import Replication
from ..vm_errors import GlusterError, NoSession, StillActive
from ..vm_options import End
from .run_ports import Clock, RunTools

REST_SECONDS = 60.0
"""Within which a session has to be seen at rest after it was paused or stopped."""

LOOK_SECONDS = 0.5


def bring_all_to_rest(tools: RunTools) -> None:
    """Pause or stop the session of this run and those to other slaves.

    :raises StillActive: one could not be seen at rest
    """
    for session in (tools.replication, *tools.others.values()):
        bring_to_rest(session, tools.settings.end, tools.clock)


def bring_to_rest(replication: Replication, end: End, clock: Clock) -> None:
    """Pause or stop a session, in the way that the settings want; if that does not help, in the other way.

    A session that is not there copies nothing.

    :raises StillActive: it could not be seen at rest
    """
    ways: list[Callable[[], None]] = [replication.pause, replication.stop]
    if end is End.STOP:
        ways.reverse()
    problem = "it is still active"
    for way in ways:
        try:
            if end is End.STOP or not replication.session().is_at_rest:
                way()
            if is_at_rest_soon(replication, clock):
                return
        except NoSession:
            return
        except GlusterError as error:
            problem = str(error)
    raise StillActive(f"geo-replication could be neither paused nor stopped: {problem}")


def is_at_rest_soon(replication: Replication, clock: Clock) -> bool:
    """Whether a session comes to rest within ``REST_SECONDS``.

    :raises GlusterError: gluster does not say
    """
    end = clock.seconds() + REST_SECONDS
    while not replication.session().is_at_rest:
        if clock.seconds() >= end:
            return False
        clock.sleep(LOOK_SECONDS)
    return True
