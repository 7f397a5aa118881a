"""The command, called as from a shell, on an embedded federation in a folder."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fiwareglancesync.images.model import Image
from fiwareglancesync.images.places.embedded.backup_files import write_backup
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation
from fiwareglancesync.images.places.embedded.loader import load
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.main import main
from tests.support.builders import MASTER, OURS
from tests.support.summary import without_summary

TIMED = re.compile("([A-Z]+:)[0-9]{2}:[0-9]{2}:[0-9]{2} (.*)")
"""A line of a call with ``-v``."""

CONFIGURATION = f"""\
[main]
master_region = {MASTER}
[master]
tenant_id = {OURS}
tenant = us
"""


@dataclass(frozen=True)
class Ended:
    """What a call left, without the line that says that the federation is embedded, and without the summary.

    :param embedded: where that line was first: ``out`` or ``err``, "" for nowhere
    :param summary: the summary, which was the last line of standard error; "" when there was none
    """

    code: int
    out: str
    err: str
    embedded: str = field(default="", compare=False)
    summary: str = field(default="", compare=False)

    @property
    def lines(self) -> list[str]:
        """The lines on standard output."""
        return self.out.splitlines()

    @property
    def untimed(self) -> list[str]:
        """The lines on standard output of a call with ``-v``, without their times."""
        times = [TIMED.match(line) for line in self.lines]
        assert all(times)
        return [f"{time[1]}{time[2]}" for time in times if time]

    @property
    def complaints(self) -> list[str]:
        """The lines on standard error."""
        return self.err.splitlines()


class Shell:
    """A folder with a federation and a configuration."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.configuration = folder / "glancesync.conf"
        self._capsys = capsys
        self._settings = Settings(MASTER, {"master": Target("master", tenant_id=OURS)})

    def load(self, *, configuration: str = "", **regions: list[Image]) -> None:
        """Fill the federation; ``other__Madrid`` stands for ``other:Madrid``."""
        for name, images in regions.items():
            write_backup(self.folder / "backup", name.replace("__", ":"), images)
        load(self.folder / "backup", self.folder / "federation", replace=True)
        self.configuration.write_text(CONFIGURATION + configuration)
        self.configuration.chmod(0o600)

    def __call__(self, *words: str) -> Ended:
        """Call the command."""
        code = main(words)
        out, err = self._capsys.readouterr()
        reported = f"INFO:Embedded federation {(self.folder / 'federation').resolve()}: OpenStack is not contacted.\n"
        embedded = "out" if reported in out else "err" if reported in err else ""
        err, summary = without_summary(err.replace(reported, "", 1))
        return Ended(code, out.replace(reported, "", 1), err, embedded, summary)

    def images(self, region: str) -> list[Image]:
        """All images of a region."""
        return EmbeddedFederation(self.folder / "federation", self._settings).images(region)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell in an empty folder."""
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("GLANCESYNC_MOCKPERSISTENT_PATH", str(tmp_path / "federation"))
    monkeypatch.setenv("GLANCESYNC_CONFIG", str(tmp_path / "glancesync.conf"))
    monkeypatch.setattr("sys.argv", ["sync.py"])
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)
