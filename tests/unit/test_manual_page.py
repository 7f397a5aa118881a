"""The manual page that installations contain says what the command's own help says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fiwareglancesync import __version__
from fiwareglancesync.cli.sync_arguments import build_parser
from fiwareglancesync.terminal.command_names import COMMAND_HELP

PAGE = Path(__file__).resolve().parents[2] / "docs" / "man" / "glancesync.1"
MEND = "run scripts/docs --update-man"


@pytest.fixture(scope="module")
def text() -> str:
    """The page as it is read, without what says how it looks."""
    lines = [re.sub(r"^\.[A-Za-z]+", "", line) for line in PAGE.read_text(encoding="utf-8").splitlines()]
    plain = re.sub(r"\\f[A-Z]|\\&", "", " ".join(lines))
    return " ".join(plain.replace(r"\-", "-").replace(r"\(aq", "'").replace(r"\e", "\\").split())


def test_it_is_of_this_version() -> None:
    assert f'"{__version__}"' in PAGE.read_text(encoding="utf-8"), MEND


def test_it_reports_every_option_with_its_help(text: str) -> None:
    for action in build_parser("glancesync")._actions:
        assert all(name in text.split() or f"{name}," in text.split() for name in action.option_strings), MEND
        assert (action.help or "")[1:].rstrip(".") in text, MEND


def test_it_reports_no_option_that_the_command_lacks(text: str) -> None:
    known = {name for action in build_parser("glancesync")._actions for name in action.option_strings}
    assert set(re.findall(r"(?<!\S)--[a-z-]+", text)) <= known, MEND


def test_it_reports_every_command_with_its_help(text: str) -> None:
    assert all(f"{word} " in text and help_[1:].rstrip(".") in text for word, help_ in COMMAND_HELP.items()), MEND
