"""Decides how a run ended (vms 2.8)."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from ..backup_journal import Journal, Stage


class Result(Enum):
    """How a run ended."""

    SUCCESS = "SUCCESS"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"

    @property
    def exit_code(self) -> int:
        """Of the command."""
        return 0 if self is Result.SUCCESS else 1


def result_of(journal: Journal) -> Result:
    """How a run ended that does nothing more.

    :param journal: its last state
    """
    stages = [machine.stage for machine in journal.machines]
    if not journal.is_complete or not journal.is_consistent:
        return Result.FAILED
    if not (journal.left_out or journal.reasons) and all(stage is Stage.MERGED for stage in stages):
        return Result.SUCCESS
    on_slave = [machine for machine in journal.machines if machine.is_stripped]
    return Result.PARTIAL if on_slave or not journal.machines else Result.FAILED


def run_ended(journal: Journal, now: str) -> Journal:
    """After the last step: what is not stripped now is not stripped later, for the slave may be overwritten then.

    :param now: ISO 8601
    """
    machines = tuple(each if each.is_stripped else replace(each, is_dropped=True) for each in journal.machines)
    ended = replace(journal, machines=machines, ended=journal.ended or now)
    return replace(ended, result=result_of(ended).value)
