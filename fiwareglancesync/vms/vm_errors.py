"""What an engine, gluster or a journal refuses, as errors of the program (vms 3)."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.errors import GlanceSyncError


class JournalUnreadable(GlanceSyncError):
    """The journal of a run cannot be read."""


class StripRefused(GlanceSyncError):
    """Something on the slave is not what the run has made, so it is not removed."""


class ChainUnreadable(GlanceSyncError):
    """The headers of a disk's layers are wrong, or lead out of the storage domain."""


class DomainFileRefused(GlanceSyncError):
    """A file of the storage domain is not what the engine makes, so it is not kept."""


class SlaveUnreachable(GlanceSyncError):
    """The slave's files cannot be read by ssh."""


class KeepFailed(GlanceSyncError):
    """The older backup could not be kept."""


class VolumeBusy(GlanceSyncError):
    """Another process works on the master volume."""


class PreflightFailed(GlanceSyncError):
    """Something keeps a run from beginning; nothing has been changed."""


class NothingCovered(GlanceSyncError):
    """No snapshot could be made, so nothing is replicated."""


class ReplicationFailed(GlanceSyncError):
    """The checkpoint was not completed."""


class StillActive(GlanceSyncError):
    """A session of geo-replication could not be seen at rest, so nothing may be merged."""


class EngineError(GlanceSyncError):
    """The engine refused or failed a request."""


class EngineUnreachable(EngineError):
    """The engine does not answer, or refuses to let the program in."""


class MachineNotFound(EngineError):
    """The virtual machine is not there."""


class DiskNotFound(MachineNotFound):
    """The virtual machine is there, but some of its disks are not.

    :param disks: ids
    """

    def __init__(self, name: str, disks: Sequence[str]) -> None:
        super().__init__(f"{name} has no disk {', '.join(disks)}")
        self.disks = tuple(disks)


class SnapshotRefused(EngineError):
    """The engine does not make the snapshot."""


class SnapshotNotFound(EngineError):
    """The snapshot is not there."""


class MergeFailed(EngineError):
    """The snapshot could not be merged; it is still there."""


class DiskIllegal(MergeFailed):
    """The merge has left a disk illegal: it needs an operator."""


class EventRefused(EngineError):
    """The engine does not take the event."""


class VolumeFilesError(GlanceSyncError):
    """A mounted volume does not answer, or refuses."""


class NotMounted(GlanceSyncError):
    """The master volume is not mounted on this machine."""


class GlusterError(GlanceSyncError):
    """Gluster refused or failed a request, or its answer cannot be read."""


class NoGluster(GlusterError):
    """Gluster's command is missing, or its server does not answer."""


class NoSession(GlusterError):
    """There is no session of geo-replication between the two volumes."""
