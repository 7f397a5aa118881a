"""Calls of ``glancesync volumes`` on a cloud of stand-ins."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import GlanceSyncError
from fiwareglancesync.cli.volumes_command import main
from fiwareglancesync.volumes.execution import backup_making

from .stand_ins.cloud_stand_in import PASSWORD, REGION, CloudStandIn, cloud_stand_in

Run = Callable[..., tuple[int, str, str]]
"""Calls a verb; returns the exit code and what was printed."""


@contextmanager
def marked_cloud(patch: pytest.MonkeyPatch, folder: Path) -> Iterator[CloudStandIn]:
    """A cloud with a marked server of two volumes, and the account in the environment.

    :param folder: for the database
    """
    for name in [name for name in os.environ if name.startswith(("OS_", "GLANCESYNC"))]:
        patch.delenv(name)
    patch.setattr(backup_making, "POLL_SECONDS", 0.01)
    with cloud_stand_in() as found:
        found.add_server("web", found.add_volume("root"), found.add_volume("data"), backup="true")
        found.add_server("bastion", found.add_volume("other"))
        patch.setenv("OS_AUTH_URL", found.auth_url)
        patch.setenv("OS_USERNAME", "backups")
        patch.setenv("OS_PASSWORD", PASSWORD)
        patch.setenv("OS_PROJECT_NAME", "backups")
        patch.setenv("OS_REGION_NAME", REGION)
        patch.setenv("HOME", str(folder))
        patch.setenv("GLANCESYNCAPP_DATABASE_PATH", str(folder / "data"))
        yield found


def call(capsys: pytest.CaptureFixture[str]) -> Run:
    """What calls a verb and reads what it prints."""

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main(words, "glancesync volumes")
        except GlanceSyncError as error:
            return error.exit_code, "", str(error)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run
