"""Drops runs of shelves by rules of retention (vault 2.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ...base.errors import UsageError
from . import vault_files
from .retention import DatedRun, KeepRules, Verdict, judge
from .vault_errors import RunInFuture
from .vault_folder import Shelf
from .vault_model import BackupRun
from .vault_times import is_in_future


@dataclass(frozen=True)
class ShelfVerdict:
    """What is done with a run of a shelf."""

    shelf: Shelf
    verdict: Verdict


def judge_shelves(shelves: Sequence[Shelf], rules: KeepRules, now: datetime) -> list[ShelfVerdict]:
    """Decide which runs of shelves are kept; nothing is changed.

    :param now: the present time
    :raises UsageError: no rule is given
    :raises RunInFuture: the time of a run is in the future
    :raises VaultError: a run cannot be read: it may be a shelf's newest complete one
    """
    if not rules:
        raise UsageError("no rule says what is kept; give one, such as --keep-last 30 or --keep-daily 14")
    for shelf in shelves:
        for time in shelf.run_times():
            if is_in_future(time, now):
                advice = "set the clock; if it was wrong then, delete the file and back up again"
                raise RunInFuture(f"{shelf.paths.run(time)} is a run of the future, so nothing is dropped; {advice}")
    return [
        ShelfVerdict(shelf, verdict)
        for shelf in shelves
        for verdict in judge(list(_dated_runs(shelf)), rules)
    ]


def _dated_runs(shelf: Shelf) -> Iterator[DatedRun]:
    """The runs of a shelf, without those that are dropped meanwhile."""
    for time in shelf.run_times():
        path = shelf.paths.run(time)
        content = vault_files.read_if_there(path)
        if content is not None:
            yield DatedRun(time, BackupRun.read(content, str(path)).complete)


def forget(verdicts: Sequence[ShelfVerdict]) -> int:
    """Remove the runs that are not kept.

    :return: how many there were
    :raises VaultError: the disk refuses
    """
    dropped = [each for each in verdicts if not each.verdict.kept]
    for each in dropped:
        vault_files.remove(each.shelf.paths.run(each.verdict.run.listed))
    for folder in {each.shelf.paths.runs for each in dropped}:
        vault_files.sync_folder(folder)
    return len(dropped)
