"""Decides how an older backup is kept while the slave is overwritten (vms 2.0)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..vm_options import Keep, KeepMethod

SNAPSHOT_PREFIX = "glancesync-"

NOT_KEPT = (
    "no older backup is kept: during the run, and after one that failed, the slave holds no consistent backup; "
    "set [generations] method"
)


def keep_warning(method: KeepMethod) -> str:
    """The warning of a run without an older backup, for dry run, event and report; "" when one is kept."""
    return NOT_KEPT if method.keep is Keep.NONE else ""


def volume_to_write(first: str, second: str, good: Mapping[str, str]) -> str:
    """Which of two slave volumes a run writes with the method ``alternate``: never the one with the newest good backup.

    :param first: the one of the command line
    :param second: the one of the file
    :param good: id of the run whose consistent backup a volume holds now; a torn volume is not in it
    """
    newest = max((volume for volume in (first, second) if volume in good), key=lambda each: good[each], default=second)
    return second if newest == first else first


def snapshot_name(run: str) -> str:
    """The name of gluster's snapshot of a run.

    :param run: its id
    """
    return SNAPSHOT_PREFIX + run


def surplus_snapshots(names: Collection[str], keep: int) -> tuple[str, ...]:
    """Which snapshots of gluster are removed, the oldest first; those of others never are.

    :param names: of all snapshots of the slave volume
    :param keep: how many stay
    """
    ours = sorted(name for name in names if name.startswith(SNAPSHOT_PREFIX))
    return tuple(ours[: max(0, len(ours) - keep)])
