"""Keeps an older backup while the slave is overwritten (vms 2.0)."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from typing import Protocol

from ...base.text import one_line
from ..backup_config import BackupSettings
from ..layers.slave_over_ssh import SSH
from ..planning.generation_plan import snapshot_name, surplus_snapshots
from ..slave_address import SlaveAddress
from ..vm_errors import GlusterError, KeepFailed
from ..vm_options import Keep
from .gluster_answers import demand_success, read_snapshots


class Keeper(Protocol):
    """A method of ``[generations]``. Every call raises ``KeepFailed``."""

    def before_replication(self, run: str, last_good: str) -> None:
        """See that the last good backup outlives this run; called directly before replication begins.

        :param run: id
        :param last_good: id of the run whose backup the slave holds now, "" when it holds none
        """

    def after_strip(self, run: str) -> None:
        """Keep the backup that the slave holds now; called when it is consistent.

        :param run: id
        """


def keeper_of(settings: BackupSettings, slave: SlaveAddress, launcher: Sequence[str] = ()) -> Keeper:
    """The method of the settings; ``alternate`` has nothing to do here, ``volume_to_write`` chose the volume.

    :param slave: the volume that this run writes
    :param launcher: words before each command
    """
    if settings.method.keep is Keep.COMMAND:
        return CommandKeeper(settings.method.command, slave, launcher)
    if settings.method.keep is Keep.GLUSTER_SNAPSHOT:
        return SnapshotKeeper([*launcher, *SSH, "--", settings.ssh], slave.volume, settings.keep)
    return NoKeeper()


class NoKeeper:
    """Does nothing."""

    def before_replication(self, run: str, last_good: str) -> None:
        """Nothing."""

    def after_strip(self, run: str) -> None:
        """Nothing."""


class CommandKeeper:
    """Runs a program before replication begins; it learns from its environment what for.

    :param path: of the program
    :param launcher: words before it
    """

    def __init__(self, path: str, slave: SlaveAddress, launcher: Sequence[str] = ()) -> None:
        self._words = [*launcher, path]
        self._slave = slave

    def before_replication(self, run: str, last_good: str) -> None:
        """Run the program."""
        variables = {"RUN": run, "LAST_GOOD": last_good, "SLAVE_HOST": self._slave.host,
                     "SLAVE_VOLUME": self._slave.volume}  # fmt: skip
        done = _run(self._words, {f"GLANCESYNC_{name}": value for name, value in variables.items()})
        if done.returncode:
            raise KeepFailed(_failure(self._words[-1], done))

    def after_strip(self, run: str) -> None:
        """Nothing."""


class SnapshotKeeper:
    """Lets gluster take snapshots of the slave volume, on a machine of the slave.

    :param remote: words before each command, which lead to that machine
    :param volume: the slave volume
    :param keep: how many snapshots stay
    """

    def __init__(self, remote: Sequence[str], volume: str, keep: int) -> None:
        self._remote = tuple(remote)
        self._volume = volume
        self._keep = keep

    def before_replication(self, run: str, last_good: str) -> None:
        """Take a snapshot of the last good backup, if there is none yet."""
        if last_good and snapshot_name(last_good) not in self._names():
            self._take(last_good)

    def after_strip(self, run: str) -> None:
        """Take a snapshot, and then remove those that are too many."""
        if snapshot_name(run) not in self._names():
            self._take(run)
        surplus = surplus_snapshots(self._names(), self._keep)
        for name in surplus:
            self._change("delete", name)
        left = [name for name in surplus if name in self._names()] if surplus else []
        if left:
            raise KeepFailed(f"gluster has reported that it removed {', '.join(left)}, but lists it")

    def _take(self, run: str) -> None:
        """Take a snapshot, and see that it is there."""
        name = snapshot_name(run)
        self._change("create", name, self._volume, "no-timestamp")
        if name not in self._names():
            raise KeepFailed(f"gluster has reported the snapshot {name}, but does not list it")

    def _names(self) -> tuple[str, ...]:
        try:
            return read_snapshots(self._ask("list", self._volume))
        except GlusterError as error:
            raise KeepFailed(f"the snapshots of the slave cannot be listed: {error}") from error

    def _change(self, *words: str) -> None:
        try:
            demand_success(self._ask(*words))
        except GlusterError as error:
            raise KeepFailed(f"gluster snapshot {words[0]} {words[1]}: {error}") from error

    def _ask(self, *words: str) -> str:
        # The other machine's shell reads the words, so they are quoted for it.
        done = _run([*self._remote, shlex.join(["gluster", "--mode=script", "--xml", "snapshot", *words])], {})
        # Gluster's answer says more than an exit code.
        if not done.stdout.lstrip().startswith("<"):
            raise KeepFailed(_failure(f"gluster snapshot {words[0]} on the slave", done))
        return done.stdout


def _run(words: Sequence[str], variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command until it ends, however long that takes."""
    try:
        return subprocess.run(
            words, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, check=False,
            env=os.environ | dict(variables),
        )  # fmt: skip
    except OSError as error:
        raise KeepFailed(f"{words[0]} cannot be run: {error.strerror}") from error


def _failure(what: str, done: subprocess.CompletedProcess[str]) -> str:
    reason = one_line(done.stderr or done.stdout) or "without a reason"
    return f"{what} failed with exit code {done.returncode}: {reason}"
