"""oVirt's SDK has an environment beside that of the development cloud, made of a list of packages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from workbench import ovirt_environment
from workbench.ovirt_environment import REQUIREMENTS, ovirt_packages, ovirt_venv
from workbench.venv import SetupError


def test_it_is_beside_the_software_of_the_cloud() -> None:
    assert ovirt_venv({"GLANCESYNC_DEVCLOUD_VENV": "/a/v"}) == Path("/a/v-ovirt")
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    assert ovirt_packages({"GLANCESYNC_DEVCLOUD_VENV": "/a/v"}) == Path("/a/v-ovirt/lib", version, "site-packages")


def test_what_is_installed_has_an_exact_version() -> None:
    wanted = [line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    assert wanted
    assert all("==" in line for line in wanted)


def test_it_is_installed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(ovirt_environment, "prepare", lambda *words: calls.append(words))
    monkeypatch.setenv("GLANCESYNC_DEVCLOUD_VENV", "/a/v")
    assert ovirt_environment.main() == 0
    assert calls == [(Path("/a/v-ovirt"), ["-r", str(REQUIREMENTS)], (REQUIREMENTS,), print)]


def test_one_that_cannot_be_made_is_an_error_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*words: object) -> None:
        raise SetupError("no compiler")

    monkeypatch.setattr(ovirt_environment, "prepare", fail)
    assert ovirt_environment.main() == 1
    assert capsys.readouterr().err == "ERROR: no compiler\n"
