"""A scenario of ``tests/resources``: regions before, what is run, and what is expected (see the README there)."""

from __future__ import annotations

import configparser
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
DEFAULT_CONFIGURATION = RESOURCES / "default.conf"
EXPECTATIONS = (".result", ".status_pre", ".status_post")


@dataclass(frozen=True)
class Scenario:
    """One scenario.

    :param folder: holds the backups from before the synchronisation
    """

    folder: Path

    @property
    def configuration(self) -> Path:
        """The configuration file: the scenario's own, else the default one."""
        own = self.folder / "config"
        return own if own.exists() else DEFAULT_CONFIGURATION

    @property
    def arguments(self) -> list[str]:
        """The words after ``sync.py``: regions and options, no mode."""
        return shlex.split(self._settings.get("arguments", ""))

    @property
    def exit_code(self) -> int:
        """How the synchronisation, and a second one, end."""
        return int(self._settings.get("exit", "0"))

    @property
    def exit_code_of_modes(self) -> int:
        """How the modes that only look end, which fail for fewer reasons."""
        return int(self._settings.get("exit_of_modes", "0"))

    @cached_property
    def regions(self) -> list[str]:
        """Full names of all regions, whether the arguments concern them or not."""
        files = [*self.folder.glob("backup_*.csv"), *self.folder.glob("backup_*.jsonl")]
        return sorted({_region(file) for file in files})

    @cached_property
    def result(self) -> Mapping[str, bytes]:
        """File name → content of the backups afterwards."""
        return {file.name: file.read_bytes() for file in self._expected(".result").glob("backup_*")}

    def statuses(self, when: str) -> Mapping[str, bytes]:
        """Region → what ``--show-status`` prints of it.

        :param when: ``pre`` or ``post``
        """
        folder = self._expected(f".status_{when}")
        return {unquote(file.stem): file.read_bytes() for file in folder.glob("*.csv")}

    def text(self, suffix: str, name: str) -> list[str] | None:
        """The lines of an optional file of expected output; None when there is none.

        :param suffix: of the folder that holds it, such as ``.result``
        :param name: of the file
        """
        file = self._expected(suffix) / name
        return file.read_text("utf-8").split("\n")[:-1] if file.exists() else None

    @cached_property
    def _settings(self) -> Mapping[str, str]:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(self.folder / "scenario.ini", "utf-8")
        return parser["scenario"] if parser.has_section("scenario") else {}

    def _expected(self, suffix: str) -> Path:
        return self.folder.with_name(self.folder.name + suffix)


def all_scenarios() -> list[Scenario]:
    """Every folder of ``tests/resources`` that is no expectation."""
    folders = sorted(folder for folder in RESOURCES.iterdir() if folder.is_dir())
    return [Scenario(folder) for folder in folders if not folder.name.endswith(EXPECTATIONS)]


def _region(file: Path) -> str:
    return unquote(file.stem.removeprefix("backup_"))
