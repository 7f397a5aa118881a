"""Heat's own environment is beside that of the development cloud, and is made of a list of packages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from workbench import heat_environment
from workbench.cloud import CHECKOUT
from workbench.heat_environment import CONSTRAINTS, REQUIREMENTS, heat_venv
from workbench.venv import SetupError


@pytest.mark.parametrize(
    ("environ", "path"),
    [({}, CHECKOUT / ".devcloud" / "venv-heat"), ({"GLANCESYNC_DEVCLOUD_VENV": "/a/v"}, "/a/v-heat")],
)
def test_it_is_beside_the_software_of_the_cloud(environ: dict[str, str], path: str | Path) -> None:
    assert heat_venv(environ) == Path(path)


def test_what_is_installed_has_an_exact_version() -> None:
    wanted = [line for line in REQUIREMENTS.read_text().splitlines() if line[0] not in "#-"]
    exact = [line.partition("==")[0] for line in CONSTRAINTS.read_text().splitlines() if "==" in line]
    assert wanted
    assert set(wanted) <= set(exact)


def test_it_is_installed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(heat_environment, "prepare", lambda *words: calls.append(words))
    monkeypatch.setenv("GLANCESYNC_DEVCLOUD_VENV", "/a/v")
    assert heat_environment.main() == 0
    assert calls == [(Path("/a/v-heat"), ["-r", str(REQUIREMENTS)], (REQUIREMENTS, CONSTRAINTS), print)]


def test_an_index_that_is_not_reachable_is_an_error_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*words: object) -> None:
        raise SetupError("no index")

    monkeypatch.setattr(heat_environment, "prepare", fail)
    assert heat_environment.main() == 1
    assert capsys.readouterr().err == "ERROR: no index\n"


def test_an_old_python_leaves_it_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(heat_environment, "MINIMUM_PYTHON", (sys.version_info[0] + 1, 0))
    monkeypatch.setattr(heat_environment, "prepare", lambda *words: pytest.fail("it is installed"))
    assert heat_environment.main() == 0
    assert "are skipped" in capsys.readouterr().out
