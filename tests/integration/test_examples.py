"""The examples do what they say, on the embedded federation that is one of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.free_ports import free_port
from tests.support.server import ROOT, embedded_environment, gunicorn

EXAMPLES = ROOT / "examples"
TRIED_HERE = {"api/synchronise.py", "library/report.py"}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A federation of its own."""
    return embedded_environment(tmp_path)


@pytest.fixture
def server(environ: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The address of a server over it."""
    with gunicorn(environ, tmp_path, free_port(), workers=1) as address:
        yield address


def run(environ: Mapping[str, str], name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the examples."""
    command = [sys.executable, str(EXAMPLES / name), *words]
    variables = {**environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=300)


def test_every_program_is_tried() -> None:
    assert {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.py")} == TRIED_HERE


def test_the_library_reports_the_state_of_each_region(environ: dict[str, str]) -> None:
    done = run(environ, "library/report.py")
    assert done.returncode == 1, done.stderr
    assert "Burgos: 3 ok, 1 pending_metadata, 1 pending_replace, 2 pending_upload" in done.stdout.splitlines()


def test_the_api_synchronises_a_region(environ: dict[str, str], server: str) -> None:
    done = run(environ, "api/synchronise.py", server, "federation2:Madrid")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("federation2:Madrid: synced, 6 images, ")
    unknown = run(environ, "api/synchronise.py", server, "Nowhere")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.startswith("Nowhere: unknown region")
