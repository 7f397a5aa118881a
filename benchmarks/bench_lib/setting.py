"""Where and how the benchmarks run: the program, the cloud, the folder for what is made on the way."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from .cloud import Cloud
from .measure import Command, Failed

CHECKOUT = Path(__file__).resolve().parents[2]
REFERENCE = CHECKOUT / "benchmarks" / "reference"
PROGRAM = CHECKOUT / "fiwareglancesync" / "sync.py"
LOADER = CHECKOUT / "fiwareglancesync" / "glancesync_serverfacade_mock.py"
CLIENT_VARIABLE = "GLANCESYNC_BENCHMARK_CLIENT"


@dataclass
class Setting:
    """What all benchmarks have in common.

    :param work: folder for files that are made on the way
    :param quick: fewer pairs, smaller images
    :param size: bytes of the one large image
    :param pairs: how often the two things are measured
    :param say: takes a line of progress
    :param python: the interpreter that has what the program needs
    :param program: the command that is measured
    :param before: another checkout, for `rebuild`
    """

    work: Path
    quick: bool
    size: int
    pairs: int
    say: Callable[[str], None]
    python: str = sys.executable
    program: Path = PROGRAM
    before: Path | None = None
    _cloud: Cloud | None = field(default=None, init=False)

    def cloud(self, regions: int = 0) -> Cloud:
        """The development cloud, without images.

        :param regions: how many regions beside the master there are to be at least
        """
        self._cloud = Cloud.up(self.say, regions)
        return self._cloud

    def versions(self) -> dict[str, str]:
        """Versions of the cloud's software, when it was used."""
        return self._cloud.versions() if self._cloud else {}

    def sync(self, environ: Mapping[str, str], *words: str, output: str | None = None) -> Command:
        """The program as a command.

        :param words: its arguments
        """
        return Command([self.python, str(self.program), *words, *self.options()], environ, self.work, output)

    def options(self) -> list[str]:
        """What differs from the cloud's configuration in every run: the spool stays in our folder."""
        return ["--no-progress", "--config", f"main.spool_dir={self.work / 'spool'}"]

    def shell(self, script: str, environ: Mapping[str, str], *words: str, output: str | None = None) -> Command:
        """A reference command, a shell script."""
        return Command(["bash", str(REFERENCE / script), *words], environ, self.work, output)

    @cached_property
    def openstack(self) -> Path:
        """The folder of the ``openstack`` command, installed when it is not there."""
        named = os.environ.get(CLIENT_VARIABLE)
        home = Path(named) if named else CHECKOUT / ".devcloud" / "benchmark-client"
        if not (home / "bin" / "openstack").exists():
            self.say(f"installing python-openstackclient into {home}")
            venv.create(home, with_pip=True)
            words = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "python-openstackclient"]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Failed(f"python-openstackclient cannot be installed: {done.stderr.strip()[-500:]}")
        return home / "bin"
