"""The program as an operator uses it, on an embedded federation."""

from __future__ import annotations

import os
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.summary import without_summary

from .scenario import Scenario

PROGRAM = Path(__file__).resolve().parent.parent.parent / "fiwareglancesync"
PATIENCE = 300.0
"""Seconds after which a call is taken to hang."""


@dataclass(frozen=True)
class Answer:
    """What a call came to.

    :param stderr: standard error without the summary
    :param summary: the summary; "" when there was none
    """

    exit_code: int
    stdout: bytes
    stderr: bytes
    summary: str

    @property
    def lines(self) -> list[str]:
        """The lines of standard output."""
        return _told(self.stdout)

    @property
    def messages(self) -> list[str]:
        """The lines of standard error, in no particular order."""
        return sorted(_told(self.stderr))


def _told(output: bytes) -> list[str]:
    """The lines of an output but the one that says that the federation is embedded, which all have."""
    return [line for line in output.decode().split("\n")[:-1] if not line.startswith("INFO:Embedded federation ")]


class Command:
    """Calls of ``sync.py`` in a folder of their own, on a federation loaded from a scenario.

    :param scenario: what is loaded
    :param folder: an empty folder
    """

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self._scenario = scenario
        self._work = folder / "work"
        self._work.mkdir()
        self._federation = folder / "federation"
        self._environment = {
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "GLANCESYNC_CONFIG": str(scenario.configuration),
        }
        loader = PROGRAM / "glancesync_serverfacade_mock.py"
        loaded = self._run(loader, "--path", str(self._federation), str(scenario.folder))
        assert loaded.exit_code == 0, loaded.stderr.decode()
        name, _, path = shlex.split(loaded.stdout.decode())[1].partition("=")
        self._environment[name] = path

    def __call__(self, *options: str) -> Answer:
        """Call ``sync.py`` with the scenario's arguments.

        :param options: go before them
        """
        return self._run(PROGRAM / "sync.py", *options, *self._scenario.arguments)

    def backups(self) -> Mapping[str, bytes]:
        """File name → content of the backups of all regions, as ``--make-backups`` writes them."""
        before = set(self._work.iterdir())
        regions = [f"master:{name}" if name.startswith("-") else name for name in self._scenario.regions]
        answer = self._run(PROGRAM / "sync.py", "--make-backups", "--", *regions)
        assert answer.exit_code == 0, answer.stderr.decode()
        (folder,) = set(self._work.iterdir()) - before
        return {file.name: file.read_bytes() for file in folder.iterdir()}

    def everything(self) -> list[str]:
        """All that the federation holds, to see whether anything at all has changed."""
        connection = sqlite3.connect(self._federation / "federation.sqlite")
        connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        try:
            return list(connection.iterdump())
        finally:
            connection.close()

    def _run(self, script: Path, *arguments: str) -> Answer:
        words: Sequence[str] = (sys.executable, str(script), *arguments)
        done = subprocess.run(
            words, cwd=self._work, env=self._environment, capture_output=True, timeout=PATIENCE, check=False
        )
        err, summary = without_summary(done.stderr.decode())
        return Answer(done.returncode, done.stdout, err.encode(), summary)
