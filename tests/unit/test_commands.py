"""Which first words are commands of their own."""

from __future__ import annotations

import pytest

from fiwareglancesync.commands import COMMANDS, command_of
from fiwareglancesync.terminal.command_names import COMMAND_HELP


@pytest.mark.parametrize("words", [[], ["Burgos"], ["--help"], ["Burgos", *COMMANDS]])
def test_everything_else_is_a_synchronisation(words: list[str]) -> None:
    assert command_of(words) is None


@pytest.mark.parametrize("word", COMMANDS)
def test_a_region_may_be_called_like_a_command(word: str) -> None:
    assert command_of([word]) is not None
    assert command_of([f"master:{word}"]) is None
    assert command_of(["--", word]) is None


def test_the_help_names_every_command() -> None:
    assert set(COMMAND_HELP) == set(COMMANDS)


@pytest.mark.parametrize("word", COMMANDS)
def test_every_command_can_be_called(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        COMMANDS[word].run(["--help"], f"glancesync {word}")
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: glancesync {word} ")


@pytest.mark.parametrize("word", COMMANDS)
def test_every_command_shows_its_options(word: str) -> None:
    assert COMMANDS[word].build_parser(f"glancesync {word}").format_help().startswith(f"usage: glancesync {word} ")
