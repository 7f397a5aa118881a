"""``scripts/try`` on the development cloud: what is lost is restored, however often it is called."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from workbench import cloud, trial

from tests.support.development_cloud import ROOT, DevelopmentCloud, development_cloud

pytestmark = pytest.mark.integration

MAIN = "import sys; from fiwareglancesync.main import main; sys.exit(main())"


@pytest.fixture
def empty_cloud() -> Iterator[DevelopmentCloud]:
    found = development_cloud()
    found.command("reset")
    yield found
    found.command("reset")


@pytest.fixture
def installed(empty_cloud: DevelopmentCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of this checkout in place of an installation."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, words in (("python", ()), ("glancesync", ("-c", MAIN))):
        command = shlex.join(["env", f"PYTHONPATH={ROOT}", sys.executable, *words])
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / name).chmod(0o755)
    monkeypatch.setattr(trial, "prepare", lambda *words: folder / "python")
    monkeypatch.setattr(trial, "VAULT", tmp_path / "vault")
    monkeypatch.setenv(cloud.FOLDER_VARIABLE, str(empty_cloud.folder))
    # The cloud runs, and goes on with its own software.
    monkeypatch.setenv(cloud.VENV_VARIABLE, str(empty_cloud.described["venv"]))


def test_lost_images_come_back_in_each_call(installed: None, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert trial.main([]) == 0
        out, err = capfd.readouterr()
        _, lost, restored, planned, healed, again = out.split("\n==> ")[-6:]
        assert f"pending_upload,Burgos,{trial.LOST_IMAGE}" in lost.splitlines()
        assert f"INFO:Burgos: Pending: {trial.LOST_IMAGE} (2 MB)" in restored.splitlines()
        assert f"INFO:Burgos: Uploading image {trial.LOST_IMAGE} (2 MB)" in restored.splitlines()
        assert f"ok,Burgos,{trial.LOST_IMAGE}" in restored.splitlines()
        assert "is duplicated" not in err
        assert f"INFO:Burgos: Pending: {trial.NEEDED_IMAGE} (3 MB)" in planned.splitlines()
        assert f"INFO:Burgos: Uploading image {trial.NEEDED_IMAGE} (3 MB)" in healed.splitlines()
        assert "imageMissing" not in again
        assert "ALERT" in again
