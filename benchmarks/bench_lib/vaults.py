"""Vaults that are measured, and the commands that read and write them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from .measure import Command, Spent, run
from .setting import Setting

NO_FILES = ("--config", "main.images_dir=/nowhere")
"""The Glance is not on this machine: its bytes come over HTTP."""


class MeasuredVault:
    """A vault in the working folder.

    :param setting: the benchmarks
    :param environ: of the program
    :param name: of its folder
    """

    def __init__(self, setting: Setting, environ: Mapping[str, str], name: str = "vault") -> None:
        self.folder = setting.work / name
        self._setting = setting
        self._environ = environ

    def init(self) -> None:
        """Make it, empty; a former one is removed."""
        self.remove()
        run(self._command("vault", "init", str(self.folder)))

    def remove(self) -> None:
        """Remove it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def verb(self, name: str, *words: str, output: str | None = None) -> Spent:
        """Run ``glancesync vault NAME``."""
        return run(self._command("vault", name, *words, "--vault", str(self.folder), output=output))

    def backup(self, *words: str) -> Spent:
        """Back up a region over HTTP."""
        return self.verb("backup", *words, "--no-progress", *NO_FILES, output="backup.out")

    def contents(self) -> list[Path]:
        """The files with contents."""
        return sorted(self.folder.glob("content/sha512/*/*"))

    def _command(self, *words: str, output: str | None = None) -> Command:
        setting = self._setting
        return Command([setting.python, str(setting.program), *words], self._environ, setting.work, output)
