"""Runs the program as a user does."""

from __future__ import annotations

import configparser
import io
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .cloud import ROOT, DevelopmentCloud

PROGRAMS = {
    "sync.py": ROOT / "fiwareglancesync" / "sync.py",
    "glancesync_serverfacade_mock.py": ROOT / "fiwareglancesync" / "glancesync_serverfacade_mock.py",
}
LIMIT = 300.0
"""Seconds that a run may take."""


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    :param marks: where the servers' logs ended before it
    """

    command: str
    exit_code: int
    stdout: str
    stderr: str
    marks: Mapping[str, int]

    def __str__(self) -> str:
        return f"{self.command}\nexit code {self.exit_code}\nstdout:\n{self.stdout}\nstderr:\n{self.stderr}"


class Program:
    """The program with a working folder, a configuration file and an environment of its own.

    :param cloud: the development cloud
    :param folder: an empty folder
    """

    def __init__(self, cloud: DevelopmentCloud, folder: Path) -> None:
        self._cloud = cloud
        self.folder = folder
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OS_", "GLANCESYNC_", "GLANCESYNCAPP_"))
        }
        self.environment |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", **cloud.environment}
        self.configure("")

    def configure(self, text: str) -> None:
        """Write the configuration file.

        :param text: what is added to the cloud's own, sections and keys
        """
        # No section is special here: what the text has in [DEFAULT] stays there.
        parser = configparser.ConfigParser(interpolation=None, default_section="", delimiters=("=",))
        parser.read_string(self._cloud.configuration.read_text(encoding="utf-8"))
        parser.read_string(text)
        written = io.StringIO()
        parser.write(written)
        self._write("glancesync.conf", written.getvalue())

    def configure_alone(self, text: str) -> None:
        """Write a configuration file that holds nothing else."""
        self._write("glancesync.conf", text)

    def configure_nothing(self) -> None:
        """Have no configuration file, so that the environment has to do."""
        del self.environment["GLANCESYNC_CONFIG"]

    def run(self, command: str) -> Outcome:
        """Run a command to its end.

        :param command: as typed in a shell
        """
        name, *words = shlex.split(command)
        marks = self._cloud.marks()
        done = subprocess.run(
            [sys.executable, str(PROGRAMS[name]), *words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT,
            check=False,
        )
        # Bytes are decoded here, for text mode would hide the line ends.
        return Outcome(command, done.returncode, done.stdout.decode(), done.stderr.decode(), marks)

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        self.environment["GLANCESYNC_CONFIG"] = str(path)
