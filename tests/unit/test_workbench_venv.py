"""A virtual environment is filled once; whatever an interrupted call left, the next one mends."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from workbench import venv
from workbench.progress import Say
from workbench.venv import SetupError, prepare


class Tools:
    """Stands in for ``venv`` and ``pip``.

    :param monkeypatch: puts it in their place
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.problem: BaseException | None = None
        monkeypatch.setattr(venv, "_create", self._create)
        monkeypatch.setattr(venv, "_install", self._install)
        monkeypatch.setattr(venv, "_works", Path.exists)

    def _create(self, folder: Path, say: Say) -> None:
        self.calls.append("create")
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").touch()

    def _install(self, python: Path, requirements: Sequence[str], say: Say) -> None:
        self.calls.append(f"install {' '.join(requirements)}")
        if self.problem is not None:
            raise self.problem


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Their stand-ins."""
    return Tools(monkeypatch)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A file that the environment depends on."""
    path = tmp_path / "requirements.txt"
    path.write_text("a==1\n")
    return path


def prepared(tmp_path: Path, lock: Path) -> Path:
    return prepare(tmp_path / "here" / "venv", ["a"], [lock], print)


def test_it_is_made_and_filled_once(tools: Tools, tmp_path: Path, lock: Path) -> None:
    assert prepared(tmp_path, lock) == prepared(tmp_path, lock) == tmp_path / "here" / "venv" / "bin" / "python"
    assert tools.calls == ["create", "install a"]


def test_it_is_filled_again_when_its_requirements_change(tools: Tools, tmp_path: Path, lock: Path) -> None:
    prepared(tmp_path, lock)
    lock.write_text("a==2\n")
    prepared(tmp_path, lock)
    assert tools.calls == ["create", "install a", "install a"]


@pytest.mark.parametrize("problem", [KeyboardInterrupt(), SetupError("no network")])
def test_after_an_interrupted_installation_it_is_made_anew(
    tools: Tools, tmp_path: Path, lock: Path, problem: BaseException
) -> None:
    prepared(tmp_path, lock)
    lock.write_text("a==2\n")
    tools.problem = problem
    with pytest.raises(type(problem)):
        prepared(tmp_path, lock)
    tools.problem = None
    tools.calls.clear()
    prepared(tmp_path, lock)
    prepared(tmp_path, lock)
    assert tools.calls == ["create", "install a"]


def test_when_pip_fails_the_end_of_its_output_and_the_log_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "venv"
    folder.mkdir()
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho the reason; exit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(venv, "_works", Path.exists)
    with pytest.raises(SetupError) as caught:
        prepare(folder, ["a"], [], print)
    reason, problem = str(caught.value).splitlines()
    assert reason == "the reason"
    assert problem.startswith(f"cannot install packages into {folder}; ")
    assert problem.endswith(str(folder / "install.log"))
