"""Rows about backups of virtual machines (vms 1.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, TextIO

from .record_tables import write_rows

if TYPE_CHECKING:
    from ..vms.planning.vm_status import SlaveStatus

HEADS = ("Volume", "Slave", "Last run", "Result", "State")
KEYS = ("volume", "slave", "run", "result", "state")


def write_slaves(rows: Sequence[SlaveStatus], form: str, stream: TextIO) -> None:
    """Write how slaves are.

    :param form: ``table``, ``csv`` or ``json``
    """
    cells = [(row.master, row.slave, row.run, row.result, row.state) for row in rows]
    write_rows(HEADS, cells, [asdict(row) for row in rows], form, stream, KEYS)
