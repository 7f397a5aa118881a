"""The journal of a run: what is intended, what is done, and how the slave is (vms 2.9)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from .vm_errors import JournalUnreadable

VERSION = 1
_TEXTS = ("run", "master", "slave", "started", "since", "verify", "domain", "ended", "result")
_LISTS = ("live", "clusters", "left_out", "reasons", "alerts", "warnings")


class Stage(Enum):
    """How far a run is with a virtual machine, in this order."""

    INTENDED = "intended"
    """The snapshot is asked for next, or was; whether it is there is not known."""

    SNAPSHOTTED = "snapshotted"
    CHECKED = "checked"
    """The chain below each overlay is the same on the slave."""

    STRIPPING = "stripping"
    """Its overlays on the slave are removed next, or were; some may be there."""

    STRIPPED = "stripped"
    MERGED = "merged"
    GONE = "gone"
    """The virtual machine or a disk of it is not there any more, so nothing is left to merge."""


ENDED = frozenset({Stage.MERGED, Stage.GONE})
"""With a virtual machine in one of these nothing is left to do."""


class SlaveState(Enum):
    """Whether the slave holds a consistent backup."""

    UNTOUCHED = "untouched"
    """This run has not begun to write to it."""

    TORN = "torn"
    CONSISTENT = "consistent"


@dataclass(frozen=True, slots=True)
class JournalDisk:
    """A disk with the layers of this run.

    :param id: of the disk, and the name of its folder
    :param domain: id of the storage domain
    :param frozen: id of the layer below the overlay
    :param overlay: id of the layer that the run makes
    :param meta: the metadata of the frozen layer before the snapshot, "" where there are none
    """

    id: str
    domain: str
    frozen: str
    overlay: str
    meta: str = ""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of the storage domain as it was before the snapshots, for the slave; its content is in the state.

    :param domain: id of the storage domain
    :param image: id of the disk, and the name of the file's folder
    :param name: of the file
    :param size: bytes
    :param sha256: of the content without the zeros at its end, in hexadecimal digits; it is kept under this name
    """

    domain: str
    image: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class JournalMachine:
    """A virtual machine of a run.

    :param snapshot: the engine's id of the snapshot, "" while it is not known
    :param consistency: ``frozen`` or ``crash-consistent``, "" while there is no snapshot
    :param is_stripped: whether its overlays have been removed from the slave, and nothing else of it
    :param is_dropped: whether the run has given it up; it is not consistent on the slave
    """

    id: str
    name: str
    disks: tuple[JournalDisk, ...]
    snapshot: str = ""
    consistency: str = ""
    stage: Stage = Stage.INTENDED
    is_stripped: bool = False
    is_dropped: bool = False


@dataclass(frozen=True, slots=True)
class Journal:
    """A run.

    :param run: its id
    :param master: the master volume
    :param slave: the slave, as ``HOST::VOLUME``
    :param started: when it began, ISO 8601
    :param checkpoint: its checkpoint, in seconds since 1970; None before it is set
    :param is_complete: whether this checkpoint was seen complete, on a session that was then stopped or paused
    :param since: since when the slave is as it is, ISO 8601
    :param kept: what is put back on the slave after the overlays are removed
    :param verify: how the slave was compared, ``full`` or ``sampled``; "" before
    :param domain: id of the storage domain, "" before it is known
    :param live: ids of the virtual machines that were live when they were listed, and of their disks
    :param clusters: ids of the clusters of these
    :param left_out: what is not consistent on the slave, a line each
    :param reasons: why the run is no success, a line each
    :param alerts: what somebody has to look at, though the run may be a success, a line each
    :param warnings: what is to be known besides, a line each
    :param ended: when nothing more was done, ISO 8601; "" before
    :param result: how the run ended, "" before
    :param is_reported: whether its event and its mail have been kept for sending
    """

    run: str
    master: str
    slave: str
    started: str
    machines: tuple[JournalMachine, ...] = ()
    checkpoint: int | None = None
    is_complete: bool = False
    slave_state: SlaveState = SlaveState.UNTOUCHED
    since: str = ""
    kept: tuple[KeptFile, ...] = ()
    verify: str = ""
    domain: str = ""
    live: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    ended: str = ""
    result: str = ""
    is_reported: bool = False

    @property
    def is_finished(self) -> bool:
        """Whether the run has ended and left nothing to do."""
        return bool(self.ended) and all(machine.stage in ENDED for machine in self.machines)

    @property
    def is_consistent(self) -> bool:
        """Whether the slave holds the backup of this run."""
        return self.slave_state is SlaveState.CONSISTENT

    @property
    def slave_text(self) -> str:
        """How the slave is, for ``status`` and events; "" when this run has not written to it."""
        return {
            SlaveState.UNTOUCHED: "",
            SlaveState.TORN: f"torn since {self.since}",
            SlaveState.CONSISTENT: f"consistent as of {self.run}",
        }[self.slave_state]

    def with_machine(self, machine: JournalMachine) -> Journal:
        """The journal with another state of a virtual machine, or with one more.

        :param machine: takes the place of the one with its id
        """
        others = [each for each in self.machines if each.id != machine.id]
        return replace(self, machines=tuple(sorted([*others, machine], key=lambda each: each.id)))


def replication_begins(journal: Journal, checkpoint: int, now: str) -> Journal:
    """Before the session is started or resumed: from now on the slave is torn.

    :param checkpoint: in seconds since 1970
    :param now: ISO 8601
    """
    return replace(journal, checkpoint=checkpoint, is_complete=False, slave_state=SlaveState.TORN, since=now)


def strip_ended(journal: Journal, now: str) -> Journal:
    """After the last removal: the slave is consistent if every virtual machine is stripped that was not dropped.

    :param now: ISO 8601
    """
    kept = [machine for machine in journal.machines if not machine.is_dropped]
    if not journal.is_complete or not all(machine.is_stripped for machine in kept):
        return journal
    if journal.machines and not kept:
        return journal
    return replace(journal, slave_state=SlaveState.CONSISTENT, since=now)


def slave_volume(slave: str) -> str:
    """The volume ``HOST::VOLUME`` of a slave, whichever account replicates to it.

    :param slave: as journals name it
    """
    return slave.rpartition("@")[2]


def newest_by_slave(journals: Iterable[Journal]) -> dict[str, Journal]:
    """The run that has written last to each slave, by ``slave_volume``.

    :param journals: the oldest first
    """
    return {slave_volume(each.slave): each for each in journals if each.slave_state is not SlaveState.UNTOUCHED}


def journal_text(journal: Journal) -> str:
    """The journal as JSON."""
    document = asdict(journal)
    document["slave_state"] = journal.slave_state.value
    for written, machine in zip(document["machines"], journal.machines, strict=True):
        written["stage"] = machine.stage.value
    return json.dumps({"v": VERSION, **document}, indent=2) + "\n"


def read_journal(text: str) -> Journal:
    """The journal of a text.

    :raises JournalUnreadable: it is not one, or one of another version
    """
    try:
        document = json.loads(text)
        version = document.pop("v")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise JournalUnreadable("it is no journal of a backup") from error
    if version != VERSION:
        raise JournalUnreadable(f"it has version {version!r}, and this program reads version {VERSION}")
    try:
        return _journal(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise JournalUnreadable("a field is missing or wrong") from error


def _journal(document: dict[str, Any]) -> Journal:
    machines = tuple(_machine(each) for each in document.pop("machines"))
    if len({each.id for each in machines}) < len(machines):
        raise ValueError("a virtual machine is there twice")
    kept = tuple(_kept_file(each) for each in document.pop("kept"))
    slave_state = SlaveState(document.pop("slave_state"))
    document.setdefault("alerts", [])  # older journals have none
    _demand(document, _TEXTS, lambda value: isinstance(value, str))
    _demand(document, ("started",), _is_time)
    _demand(document, ("since", "ended"), lambda value: not value or _is_time(value))
    lines: dict[str, Any] = {key: _lines(document.pop(key)) for key in _LISTS}
    _demand(document, ("is_complete", "is_reported"), lambda value: isinstance(value, bool))
    _demand(document, ("checkpoint",), lambda value: value is None or type(value) is int)
    return Journal(machines=machines, slave_state=slave_state, kept=kept, **lines, **document)


def _machine(document: dict[str, Any]) -> JournalMachine:
    disks = tuple(_disk(each) for each in document.pop("disks"))
    stage = Stage(document.pop("stage"))
    _demand(document, ("id", "name", "snapshot", "consistency"), lambda value: isinstance(value, str))
    _demand(document, ("is_stripped", "is_dropped"), lambda value: isinstance(value, bool))
    return JournalMachine(disks=disks, stage=stage, **document)


def _disk(document: dict[str, Any]) -> JournalDisk:
    # An empty id names no layer: nothing would be merged, and the run would seem to have left nothing.
    _demand(document, ("id", "domain", "frozen", "overlay"), lambda value: isinstance(value, str) and bool(value))
    _demand(document, ("meta",), lambda value: isinstance(value, str))
    return JournalDisk(**document)


def _kept_file(document: dict[str, Any]) -> KeptFile:
    _demand(document, ("domain", "image", "name", "sha256"), lambda value: isinstance(value, str))
    _demand(document, ("size",), lambda value: type(value) is int)
    return KeptFile(**document)


def _lines(found: Any) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(line, str) for line in found):
        raise ValueError(found)
    return tuple(found)


def _is_time(text: str) -> bool:
    """Whether a text is a moment, ISO 8601 with the offset from UTC.

    :raises ValueError: it is no time at all
    """
    return datetime.fromisoformat(text).utcoffset() is not None


def _demand(document: dict[str, Any], keys: tuple[str, ...], fits: Callable[[Any], bool]) -> None:
    if not all(fits(document[key]) for key in keys):
        raise ValueError(keys)
