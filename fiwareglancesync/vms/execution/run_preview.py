"""What a run would do, and what it costs, without changing anything (vms 1.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ...base.errors import GlanceSyncError
from ...base.units import readable_size
from ..backup_journal import ENDED, Journal, JournalDisk
from ..planning.generation_plan import keep_warning
from ..planning.vm_selection import Choice, Selection, select
from .run_ports import RunTools
from .run_preflight import RunPreflight, SlaveFindings, overwritten_text
from .snapshot_step import with_metadata
from .vm_backup_run import NOTHING_COVERED, one_domain

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do.

    :param lines: a line each
    :param problems: why it would fail
    :param warnings: what is to be known besides
    """

    lines: tuple[str, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def preview(tools: RunTools, master: str, slave: str, choice: Choice, former: Sequence[Journal]) -> Preview:
    """Look at everything that a run looks at before its first change. What fails hides nothing of the rest.

    :param slave: as journals name it
    :param former: the journals of the master volume, the oldest first
    """
    preflight = RunPreflight(tools, former)
    looks = _Looks()
    selection = looks.at(lambda: _selection(tools, master, choice), None)
    nothing: tuple[str, ...] = ()
    lines = looks.at(lambda: tuple(_lines(tools, master, slave, selection, former)) if selection else nothing, nothing)
    if selection is not None and selection.left_out and not selection.covered:
        looks.problems.append(NOTHING_COVERED)
    looks.problems += looks.at(preflight.problems, nothing)
    here = looks.at(lambda: preflight.foreign_writes(slave), "")
    untouched: Mapping[str, str] = {}
    elsewhere = looks.at(preflight.foreign_writes_elsewhere, untouched)
    found = looks.at(lambda: preflight.slave_findings(slave), SlaveFindings())
    looks.problems += found.problems
    problem = "" if here else preflight.keep_problem(slave, elsewhere)
    foreign = [(slave, here), (slave, found.foreign), *elsewhere.items()]
    keeping = keep_warning(tools.settings.method)
    return Preview(
        lines,
        tuple(dict.fromkeys([*looks.problems, *([problem] if problem else [])])),
        (*([keeping] if keeping else []), *(overwritten_text(each, text) for each, text in foreign if text)),
    )


class _Looks:
    """Looks at several things, each also when another one could not be looked at."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def at(self, look: Callable[[], T], otherwise: T) -> T:
        """What a look has found, or something else with a problem.

        :param otherwise: stands for what could not be looked at
        """
        try:
            return look()
        except GlanceSyncError as error:
            self.problems.append(str(error))
            return otherwise


def _selection(tools: RunTools, master: str, choice: Choice) -> Selection:
    """The selection of a run that begins now.

    :raises GlanceSyncError: the engine does not answer
    """
    return with_metadata(tools.files, select(tools.engine.machines(), one_domain(tools, master), choice))


def _lines(
    tools: RunTools, master: str, slave: str, selection: Selection, former: Sequence[Journal]
) -> Iterator[str]:
    for journal in former:
        left = [machine.name for machine in journal.machines if machine.stage not in ENDED]
        if left or not journal.ended:
            yield f"Recover first: run {journal.run}: {', '.join(left) or 'nothing to merge'}"
    for each in selection.covered:
        disks = ", ".join(f"{disk.name} ({disk.id})" for disk in each.disks)
        yield f"Snapshot: {each.machine.name} ({each.machine.id}): {disks}"
    yield from (each.text for each in selection.left_out)
    yield f"Replicate: volume {master} to {slave}, until a checkpoint; then {tools.settings.end.value}"
    for each in selection.covered:
        folders = ", ".join(f"{disk.domain}/images/{disk.id}" for disk in each.disks)
        yield f"Remove from the slave: the overlays of {each.machine.name} in {folders}"
    yield f"Merge: {len(selection.covered)} snapshots, {tools.settings.merge_parallel} at once"
    yield _cost(tools, selection)


def _cost(tools: RunTools, selection: Selection) -> str:
    """What replication has to read and send because of the merges."""
    size = tools.replication.master().shard_size
    if size:
        return f"Cost: only shards of {size} that have changed are read and sent"
    disks = [JournalDisk(disk.id, disk.domain, disk.layer, "") for each in selection.covered for disk in each.disks]
    total = sum(tools.files.layer_bytes(disk) for disk in disks)
    return (
        f"Cost: the volume is not sharded, so each layer that has changed is read whole: up to {readable_size(total)}; "
        "the differences are sent"
    )
