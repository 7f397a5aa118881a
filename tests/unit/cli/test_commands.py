"""Which first words are commands of their own."""

from __future__ import annotations

import pytest

from fiwareglancesync.cli.commands import COMMANDS, command_of


@pytest.mark.parametrize("words", [[], ["Burgos"], ["--help"], ["Burgos", *COMMANDS]])
def test_everything_else_is_a_synchronisation(words: list[str]) -> None:
    assert command_of(words) is None


@pytest.mark.parametrize("word", COMMANDS)
def test_a_region_may_be_called_like_a_command(word: str) -> None:
    assert command_of([word]) is not None
    assert command_of([f"master:{word}"]) is None
    assert command_of(["--", word]) is None


@pytest.mark.parametrize("word", COMMANDS)
def test_every_command_is_where_the_table_says(word: str) -> None:
    assert callable(COMMANDS[word].load())


@pytest.mark.parametrize("word", COMMANDS)
def test_every_command_tells_its_options(word: str) -> None:
    assert COMMANDS[word].build_parser(f"glancesync {word}").format_help().startswith(f"usage: glancesync {word} ")
