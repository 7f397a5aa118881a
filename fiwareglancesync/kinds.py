"""What subjects add to the program: kinds of jobs, and sections of the configuration; and the process of a task.

What a row needs is imported when it is used, so that a process loads only the subject that it works on.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from .config.option_tables import OptionTables, Sections, SectionTable

if TYPE_CHECKING:
    from .jobs.job import Outcome
    from .jobs.store import TaskStore
    from .jobs.tasks import Task
    from .jobs.worker import Kinds


def _sync(store: TaskStore, task: Task, environ: Mapping[str, str]) -> Outcome:
    from .images.sync_job import carry_out_sync

    return carry_out_sync(store, task, environ, option_tables())


KINDS: Kinds = {"sync": _sync}
"""The function that does a job, by the kind that the job states."""

WORKER_COMMAND = (sys.executable, "-m", "fiwareglancesync.kinds")
"""Starts the process of a task."""


def _reserved() -> SectionTable:
    return SectionTable()


def _vault() -> SectionTable:
    from .images.vault_options import vault_section

    return vault_section()


def _notify() -> SectionTable:
    from .config.mail_options import mail_section

    return mail_section()


def _volumes() -> SectionTable:
    from .volumes.volume_options import volumes_section

    return volumes_section()


def _snapshots() -> SectionTable:
    from .snapshots.snapshot_options import snapshots_section

    return snapshots_section()


SECTIONS: Sections = {
    "notify": _notify,
    "schedule": _reserved,
    "listen": _reserved,
    "volumes": _volumes,
    "snapshots": _snapshots,
    "vault": _reserved,
    "vault:": _vault,
}
"""The sections of the configuration that are no target's (sync 2)."""


@cache
def option_tables() -> OptionTables:
    """The options of every kind of section of the configuration."""
    from .config.credential_options import CREDENTIAL_OPTIONS
    from .images.options import DEFAULTS, MAIN_OPTIONS, RULE_OPTIONS

    return OptionTables(
        main=MAIN_OPTIONS, credential=CREDENTIAL_OPTIONS, rules=RULE_OPTIONS, others=SECTIONS, defaults=DEFAULTS
    )


def _main() -> int:
    from .jobs.worker import main

    return main(KINDS)


if __name__ == "__main__":
    sys.exit(_main())
