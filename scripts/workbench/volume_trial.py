"""``scripts/try --volumes``: backups of volumes on real Cinder and Nova, a restore, and a deletion that is refused.

Called as a program, ``volume_trial.py`` deletes a backup as a member of its project does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from workbench import cloud
from workbench.cloud import CHECKOUT
from workbench.venv import SetupError

FOLDER = CHECKOUT / ".try" / "volumes"
"""The database, the report and the rules of the trial."""

RULES = CHECKOUT / "examples" / "volumes" / "policy.yaml"
SHOWN_ACCOUNT = "7ac83b1b0f6f4f9ea5a4f5b0c5ee3c44"
"""Stands for the id of the account in the example."""

START_SECONDS = 30

ACCOUNT_ID = "import openstack; print(openstack.connect().current_user_id)"

DELETE = ("python", "scripts/workbench/volume_trial.py")
"""The command that deletes the newest backup of a project, as a member of the project."""


def account_variables(environment: Mapping[str, str], account: str) -> dict[str, str]:
    """The environment of an account of the development cloud.

    :param account: as ``scripts/devcloud env --account`` names it
    """
    return cloud.exported(environment, "--account", account)


@contextmanager
def protected_backups(python: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Have Cinder ask a policy server, which runs while the context lasts; afterwards Cinder has its own rules again.

    :param python: of the installation
    :param environment: that of the account, with the database
    :raises SetupError: the server does not start
    """
    account_id = subprocess.run(
        [str(python), "-c", ACCOUNT_ID], env=dict(environment), capture_output=True, text=True, check=True
    ).stdout.strip()
    rules = FOLDER / "policy.yaml"
    rules.write_text(RULES.read_text(encoding="utf-8").replace(SHOWN_ACCOUNT, account_id), encoding="utf-8")
    glancesync = str(python.parent / "glancesync")
    command = [glancesync, "volumes", "policy-server", "--config", f"volumes.account_id={account_id}"]
    with (FOLDER / "policy-server.log").open("wb") as log:
        server = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _restart(environment, "--policy", str(rules), "--set", "oslo_policy.remote_timeout=5")
            if server.poll() is not None:
                raise SetupError(f"the policy server has ended; see {log.name}")
            yield
        finally:
            server.terminate()
            server.wait(START_SECONDS)
            _restart(environment)


def _restart(environment: Mapping[str, str], *words: str) -> None:
    """Restart cinder-api.

    :raises SetupError: it does not start
    """
    own = {name: value for name, value in environment.items() if name in os.environ or not name.startswith("OS_")}
    done = subprocess.run(cloud.command("restart", "cinder-api", *words), env=own, capture_output=True, check=False)
    if done.returncode:
        raise SetupError(done.stderr.decode(errors="replace").strip())


def _delete_backup() -> None:
    """Delete the newest backup that the project has.

    :raises SystemExit: it is not refused
    """
    import openstack
    from openstack.exceptions import HttpException

    cinder: Any = openstack.connect().block_storage
    backup = next(cinder.backups())
    try:
        cinder.delete_backup(backup, ignore_missing=False)
    except HttpException as error:
        print(f"Backup {backup.name} is not deleted: HTTP {error.status_code}: {error.details}")
    else:
        raise SystemExit(f"Backup {backup.name} is deleted although it is protected")


if __name__ == "__main__":
    _delete_backup()
