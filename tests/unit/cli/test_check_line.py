"""The verb ``check`` of every command ends as plugins of Nagios do, also when the call is wrong."""

from __future__ import annotations

import pytest

from fiwareglancesync.base.severity import Severity
from fiwareglancesync.cli.check_line import CheckResult, print_check
from fiwareglancesync.main import main


@pytest.mark.parametrize("command", ["vault", "volumes", "snapshots", "vms"])
def test_a_wrong_call_of_a_check_is_unknown(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "check", "--frobnicate"]) == 3
    assert capsys.readouterr().out.startswith(f"{command.upper()} UNKNOWN - ")


@pytest.mark.parametrize("command", ["vault", "volumes", "snapshots"])
def test_a_file_that_no_collector_reads_is_refused(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "check", "--metrics-file", "metrics.txt"]) == 3
    assert "'metrics.txt': the collector reads only names that end in .prom" in capsys.readouterr().out


def test_the_mark_before_the_data_is_in_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_check("X", lambda: CheckResult(Severity.WARNING, "a|b", ["n=1", "m=2"])) == 1
    assert capsys.readouterr().out == "X WARNING - a/b | n=1 m=2\n"


def test_what_cannot_be_read_is_unknown_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def find() -> CheckResult:
        raise OSError("no\ndisk|here")

    assert print_check("X", find) == 3
    assert capsys.readouterr().out == "X UNKNOWN - no; disk/here\n"
