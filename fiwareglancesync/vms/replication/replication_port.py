"""The port to geo-replication: what the program needs of gluster (vms 3)."""

from __future__ import annotations

from typing import Protocol

from .georep_model import Session, Volume


class Replication(Protocol):
    """A session of geo-replication between two volumes. Every call raises ``GlusterError``.

    A call that changes the session says only that gluster took it. How the session is, ``session`` says.
    """

    def master(self) -> Volume:
        """The volume that is replicated."""

    def slave(self) -> Volume:
        """The volume that it is replicated to."""

    def session(self) -> Session:
        """How the session is.

        :raises NoSession: there is none
        """

    def method(self) -> str:
        """How the session copies: ``rsync`` or ``tarssh``.

        :raises NoSession: there is none
        """

    def set_checkpoint(self) -> int:
        """Set a checkpoint at the present second, also while the session is paused or stopped.

        It completes only after something has been written to the master at least a second later.

        :returns: it, in seconds since 1970
        :raises NoSession: there is none
        """

    def start(self) -> None:
        """Let the session run: start one that is stopped, resume one that is paused; one that runs goes on."""

    def stop(self) -> None:
        """Stop the session; one that is stopped stays so."""

    def pause(self) -> None:
        """Pause a session that runs; one that is paused stays so."""

    def mount_master(self, folder: str) -> None:
        """Mount the master volume.

        :param folder: an empty one
        """

    def mount_slave(self, folder: str) -> None:
        """Mount the slave volume such that files can be removed although geo-replication has made it read-only.

        Of a sharded file only the first shard is seen there, as geo-replication sees it.

        :param folder: an empty one
        """

    def mount_slave_for_reading(self, folder: str) -> None:
        """Mount the slave volume such that whole files are read, sharded or not.

        :param folder: an empty one
        """

    def unmount(self, folder: str) -> None:
        """Unmount what was mounted at a folder; without it nothing happens."""
