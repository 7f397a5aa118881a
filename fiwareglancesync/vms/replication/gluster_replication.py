"""Geo-replication through gluster's command (vms 3)."""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
import time
from collections.abc import Sequence

from ...base.text import one_line
from ..slave_address import SlaveAddress
from ..vm_errors import GlusterError, NoGluster
from .georep_model import Session, Volume
from .gluster_answers import demand_success, read_checkpoint, read_method, read_session, read_volume
from .mount_table import TABLE, mount_points

log = logging.getLogger("glancesync")

COMMAND_SECONDS = 120.0
BUSY = ("Another transaction is in progress", "Locking failed on")
"""What gluster says while another command works on the volume: on hosts of oVirt, each look of the engine at it."""

BUSY_TRIES, BUSY_PAUSE_SECONDS = 20, 3.0
NO_CLIENT = "--client-pid=-1"
"""A client with this number may write to a volume that is read-only for all others; it sees no shards but the first."""


class GlusterReplication:
    """A session of gluster.

    :param volume: the master volume, on this machine
    :param slave: where it is replicated to
    :param launcher: words before each command, for gluster in other namespaces than the program
    :param timeout: seconds that a command may take
    """

    def __init__(
        self, volume: str, slave: SlaveAddress, launcher: Sequence[str] = (), timeout: float = COMMAND_SECONDS
    ) -> None:
        self._volume = volume
        self._slave = slave
        self._launcher = tuple(launcher)
        self._timeout = timeout

    def master(self) -> Volume:
        """The volume that is replicated."""
        return read_volume(self._ask("volume", "info", self._volume), self._volume)

    def slave(self) -> Volume:
        """The volume that it is replicated to."""
        name = self._slave.volume
        return read_volume(self._ask(f"--remote-host={self._slave.host}", "volume", "info", name), name)

    def session(self) -> Session:
        """How the session is."""
        # Of all sessions of the volume: gluster does not say in a sure way that a single one is not there.
        text = self._ask("volume", "geo-replication", self._volume, "status", "detail")
        return read_session(text, self._slave.host, self._slave.volume)

    def method(self) -> str:
        """How the session copies."""
        self.session()
        return read_method(self._ask(*self._words(), "config", "sync-method"))

    def set_checkpoint(self) -> int:
        """Set a checkpoint at the present second."""
        self.session()
        demand_success(self._ask(*self._words(), "config", "checkpoint", "now"))
        return read_checkpoint(self._ask(*self._words(), "config", "checkpoint"))

    def start(self) -> None:
        """Let the session run."""
        session = self.session()
        if session.is_at_rest:
            # Gluster refuses to start a paused session, and to resume a stopped one.
            self._change("resume" if session.is_paused else "start")

    def stop(self) -> None:
        """Stop the session."""
        self.session()
        self._change("stop")

    def pause(self) -> None:
        """Pause the session."""
        if not self.session().is_at_rest:
            self._change("pause")

    def mount_master(self, folder: str) -> None:
        """Mount the master volume."""
        self._mount("localhost", self._volume, folder)

    def mount_slave(self, folder: str) -> None:
        """Mount the slave volume."""
        self._mount(self._slave.host, self._slave.volume, folder, NO_CLIENT)

    def mount_slave_for_reading(self, folder: str) -> None:
        """Mount the slave volume such that whole files are read."""
        self._mount(self._slave.host, self._slave.volume, folder, "--read-only")

    def unmount(self, folder: str) -> None:
        """Unmount a volume."""
        # The table is read: a folder whose mount has lost its process looks as if nothing were mounted there.
        if os.path.realpath(folder) not in mount_points(self._ended("cat", str(TABLE)).stdout):
            return
        if self._ended("umount", folder).returncode:
            self._run("umount", "--lazy", folder)  # in use: what holds it cannot open anything more

    def _mount(self, host: str, volume: str, folder: str, *words: str) -> None:
        self._run("glusterfs", f"--volfile-server={host}", f"--volfile-id={volume}", *words, folder)
        if self._ended("mountpoint", "-q", folder).returncode:
            raise GlusterError(f"the volume {volume} of {host} could not be mounted")

    def _words(self) -> tuple[str, ...]:
        return ("volume", "geo-replication", self._volume, str(self._slave))

    def _change(self, verb: str) -> None:
        demand_success(self._ask(*self._words(), verb))

    def _ask(self, *words: str) -> str:
        """Call gluster's command, again while it is busy; its answer, whatever its exit code is."""
        for _ in range(BUSY_TRIES):
            done = self._ended("gluster", "--mode=script", "--xml", *words)
            if not any(each in done.stdout + done.stderr for each in BUSY):
                break
            time.sleep(BUSY_PAUSE_SECONDS)
        # Where its server does not run, or a word is wrong, it prints a sentence instead of XML.
        if not done.stdout.lstrip().startswith("<"):
            raise NoGluster(one_line(done.stdout + " " + done.stderr) or "gluster's command prints nothing")
        return done.stdout

    def _run(self, *words: str) -> None:
        done = self._ended(*words)
        if done.returncode:
            raise GlusterError(f"{words[0]} failed: {one_line(done.stderr or done.stdout) or 'without a reason'}")

    def _ended(self, *words: str) -> subprocess.CompletedProcess[str]:
        log.debug("%s", shlex.join(words))
        try:
            return subprocess.run(
                [*self._launcher, *words], capture_output=True, text=True, errors="replace",
                stdin=subprocess.DEVNULL, timeout=self._timeout, check=False,
            )
        except FileNotFoundError as error:
            raise NoGluster(f"{error.filename} is missing; as root: apt-get install glusterfs-server") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoGluster(f"{words[0]} does not work: {one_line(str(error))}") from error
