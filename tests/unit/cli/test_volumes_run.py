"""What ``volumes run`` and ``conductor`` write on standard error."""

from __future__ import annotations

import argparse
import logging
import re

import pytest

from fiwareglancesync.cli.volumes_run import Narrator
from fiwareglancesync.terminal.streams import end_log


@pytest.mark.parametrize(("times", "begins"), [(False, ""), (True, r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")])
def test_lines_begin_alike_whoever_writes_them(
    capsys: pytest.CaptureFixture[str], times: bool, begins: str
) -> None:
    narrator = Narrator(argparse.Namespace(debug=False, quiet=False), times=times)
    try:
        narrator.write(logging.WARNING, "by a cycle")
        logging.getLogger("glancesync").warning("by what it uses")
    finally:
        end_log()
    first, second = capsys.readouterr().err.splitlines()
    assert re.fullmatch(f"{begins}WARNING:by a cycle", first)
    assert re.fullmatch(f"{begins}WARNING:by what it uses", second)
