"""What comes by ssh instead of an answer: it ends, is bounded, and is named (vms 2.5)."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from threading import Timer

import pytest

from fiwareglancesync.vms.layers import slave_over_ssh as module
from fiwareglancesync.vms.layers import volume_files
from fiwareglancesync.vms.layers.slave_files import Content, MountedFiles, Wanted, read_answer
from fiwareglancesync.vms.layers.slave_over_ssh import NO_ANSWER, slave_over_ssh
from fiwareglancesync.vms.slave_address import SlaveAddress
from fiwareglancesync.vms.vm_errors import SlaveUnreachable

SLAVE = SlaveAddress("gs", "copy")
FILES = [Wanted(PurePosixPath("one")), Wanted(PurePosixPath("two"))]
SIZE, READ = Path(volume_files.__file__).stat().st_size, "sys.stdin.readline()\n"
BEGIN = f"import json, sys, time\nsys.stdin.read({SIZE})\n{READ}print('{{}}', flush=True)\n{READ}"
"""A machine that has got its program, has mounted the volume, and has read a request."""

GOOD = '{"size": 3, "digest": "d", "identity": "i"}'


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is ended at once when the other machine does not end it."""
    monkeypatch.setattr(module, "END_SECONDS", 0.1)


def command(program: str) -> Sequence[str]:
    return [sys.executable, "-c", program]


def answers(program: str, silent: float = 60.0) -> Sequence[Content]:
    """What is in two files, from a machine that does something else than to answer the first request.

    :param silent: seconds without a line after which the connection is ended, once the machine has begun
    """
    with slave_over_ssh("root@gs", SLAVE, command(BEGIN + program)) as files:
        setattr(files, "_silent", silent)  # noqa: B010 - its beginning may take long
        return files.contents(FILES)


@pytest.mark.parametrize("printed", ["'Welcome!'", "", "[1]", "'[' * 100000", "'{' * 3000000"])
def test_a_login_that_prints_something_is_named(printed: str) -> None:
    program = f"import time\nprint({printed}, flush=True)\ntime.sleep(60)"
    with (
        pytest.raises(SlaveUnreachable, match="root@gs does not answer by ssh: "),
        slave_over_ssh("root@gs", SLAVE, command(program), 1.0),
    ):
        pass


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("print('garbage', flush=True)", NO_ANSWER),
        ("print('[' * 100000, flush=True)", NO_ANSWER),
        ("print('{\"size\": ', end='', flush=True)", NO_ANSWER),
        ("while True: sys.stdout.write('x' * 65536)", NO_ANSWER),
        ("", "the connection has ended"),
        ("print('disk on fire', file=sys.stderr)", "the connection has ended: disk on fire"),
    ],
    ids=["text", "nested", "half", "endless", "nothing", "error"],
)
def test_what_is_no_answer_is_a_problem_of_this_file_and_of_all_others(program: str, reason: str) -> None:
    first, second = answers(program)
    assert first.problem == f"root@gs does not answer by ssh: {reason}"
    assert second.problem.startswith("root@gs does not answer by ssh: ")


def test_a_machine_that_is_silent_is_given_up() -> None:
    first, _ = answers("time.sleep(60)", 1.0)
    assert first.problem.startswith("root@gs does not answer by ssh: nothing came within ")


def test_a_machine_that_goes_on_reading_is_waited_for() -> None:
    beats = "for _ in range(28): print(flush=True); time.sleep(0.25)\n"
    first, _ = answers(f"{beats}print('{GOOD}', flush=True)", 6.0)
    assert first == Content(3, "d", "i")


def test_another_thread_ends_what_is_read() -> None:
    begun = time.monotonic()
    with slave_over_ssh("root@gs", SLAVE, command(BEGIN + "time.sleep(60)")) as files:
        Timer(0.3, files.stop).start()
        assert all(each.problem for each in files.contents(FILES))
    assert time.monotonic() - begun < 30


def test_a_mounted_volume_is_not_read_further_after_the_end(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"data")
    files = MountedFiles(tmp_path)
    assert files.contents(FILES[:1])[0].digest
    files.stop()
    assert files.contents(FILES[:1])[0].problem == "the comparison was ended"


def test_while_a_file_is_read_empty_lines_are_printed_but_not_often(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    beats = volume_files.Beats()
    beats.step()
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(volume_files, "BEAT_SECONDS", 0)
    beats.step()
    assert capsys.readouterr().out == "\n"


@pytest.mark.parametrize("size", [float("inf"), "nine", None, [1]])
def test_a_size_that_is_none_is_a_problem(size: object) -> None:
    assert read_answer({"size": size, "digest": "", "identity": ""}).problem
