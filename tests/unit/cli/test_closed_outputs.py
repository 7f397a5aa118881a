"""Every program whose output is closed, full or read by nobody: one line, the right exit code, the work done."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.builders import image

from .conftest import Shell

PACKAGE = Path(__file__).resolve().parents[3] / "fiwareglancesync"
SYNC, SERVER, MOCK, CONFIG = (
    f"{shlex.quote(sys.executable)} {shlex.quote(str(PACKAGE / name))}"
    for name in ("sync.py", "run.py", "glancesync_serverfacade_mock.py", "scripts/generate_config_file.py")
)
COMPLETION = f"{shlex.quote(sys.executable)} -m fiwareglancesync.scripts.completion"

FULL = "standard output cannot be written to its end: No space left on device"
CLOSED = "standard output cannot be written: it is closed"

MODES = ("", "--dry-run", "--parallel", "--parallel --dry-run", "--make-backups", "--events -")
DATA = ("--show-status", "--show-status --format table", "--show-status --format json", "--show-regions")
PRINTED = (f"{SYNC} --help", f"{SYNC} --version", f"{SYNC} remote --help", f"{SYNC} db upgrade", f"{SERVER} --help")
SCRIPTS = (f"{COMPLETION} bash", CONFIG, f"{CONFIG} --help", f"{MOCK} --help", f"{MOCK} --confirm --path other backup")


@dataclass(frozen=True)
class Done:
    """How a shell command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def folder(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a federation in which one image is missing in a region."""
    shell.load(Spain=[image("one")], Burgos=[])
    monkeypatch.setenv("XDG_DATA_HOME", str(shell.folder / "data"))
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    return shell.folder


def run(command: str) -> Done:
    """Run a command of the shell."""
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=300)
    return Done(done.returncode, done.stdout, done.stderr)


def errors(done: Done) -> list[str]:
    """The lines of standard error, without what is only information."""
    return [line for line in done.err.splitlines() if not line.startswith("INFO:")]


@pytest.mark.parametrize("command", [*(f"{SYNC} {words}" for words in (*MODES, *DATA)), *PRINTED, *SCRIPTS])
def test_a_full_standard_output_is_one_line(folder: Path, command: str) -> None:
    done = run(f"{command} >/dev/full")
    assert (done.code, [line.replace("ERROR: ", "ERROR:") for line in errors(done)]) == (1, [f"ERROR:{FULL}"])


@pytest.mark.parametrize(
    "command", [*(f"{SYNC} {words}" for words in ("", "--parallel", *DATA[:2])), PRINTED[0], PRINTED[4], SCRIPTS[0]]
)
def test_a_closed_standard_output_is_one_line(folder: Path, command: str) -> None:
    done = run(f"{command} >&-")
    assert (done.code, [line.replace("ERROR: ", "ERROR:") for line in errors(done)]) == (1, [f"ERROR:{CLOSED}"])


def test_the_regions_are_done_without_a_standard_output(shell: Shell, folder: Path) -> None:
    run(f"{SYNC} >&-")
    assert [found.name for found in shell.images("Burgos")] == ["one"]


def test_what_is_closed_is_needed_only_when_something_is_printed(folder: Path) -> None:
    assert run(f"{SYNC} --quiet >&- 2>&- <&-") == Done(0, "", "")


@pytest.mark.parametrize("words", [*MODES, *DATA[:2], "remote --help"])
def test_without_a_standard_error_everything_else_is_the_same(folder: Path, words: str) -> None:
    command = f"{SYNC} {words} --dry-run" if words in ("", "--parallel", "--events -") else f"{SYNC} {words}"
    closed, discarded = run(f"{command} 2>&-"), run(f"{command} 2>/dev/null")
    assert (closed.code, closed.err) == (0, "")
    if words not in ("--make-backups", "--events -"):  # these print the time
        assert closed == discarded


def test_an_error_has_its_exit_code_without_a_standard_error(folder: Path) -> None:
    assert run(f"{SYNC} --unknown 2>&-") == Done(2, "", "")
    assert run(f"{SYNC} Nowhere 2>&-").code == 1


def test_a_warning_that_does_not_fit_the_disk_is_a_failure(folder: Path) -> None:
    assert run(f"{SYNC} --dry-run --config unknown_key=1 2>/dev/full").code != 0
    assert run(f"{SYNC} --dry-run 2>/dev/full").code != 0, "the summary does not fit either"
    assert run(f"{SYNC} --dry-run -q 2>/dev/full").code == 0


@pytest.mark.parametrize("command", [f"{SYNC} --show-status", f"{SYNC} --help", SCRIPTS[0], CONFIG, SCRIPTS[4]])
def test_nobody_reads_it(folder: Path, command: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            shlex.split(command), stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=300
        )
    finally:
        os.close(writing)
    assert (ended.returncode, errors(Done(ended.returncode, "", ended.stderr))) == (1, [])


def test_nothing_else_is_written_into_what_takes_the_number_of_a_closed_output(folder: Path) -> None:
    run(f"{SYNC} --parallel >&- 2>&-")
    assert b"INFO:" not in b"".join(path.read_bytes() for path in (folder / "federation").rglob("*") if path.is_file())
