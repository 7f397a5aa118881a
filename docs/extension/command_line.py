"""The options of the commands, from their parsers."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping

import click

from fiwareglancesync.api.server_command import cli as server
from fiwareglancesync.cli.sync_arguments import build_parser
from fiwareglancesync.commands import COMMANDS
from fiwareglancesync.terminal.command_names import COMMAND_HELP

from .markup import directive, escaped, heading

PARSERS: Mapping[str, Callable[[str], argparse.ArgumentParser]] = {
    "glancesync": build_parser,
    **{f"glancesync {word}": command.build_parser for word, command in COMMANDS.items()},
}


def argparse_options(program: str) -> str:
    """Write the options of a command, group by group, and its own commands with theirs.

    :param program: a key of ``PARSERS``
    """
    return "".join(_options(program, PARSERS[program](program)))


def _options(program: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield directive("program", program)
    for group in parser._action_groups:
        actions = [action for action in group._group_actions if not isinstance(action, argparse._SubParsersAction)]
        if actions:
            yield directive("rubric", _capitalised(group.title or ""))
        for action in actions:
            yield directive("option", ", ".join(_forms(action)), escaped(_sentence(action.help or "")))
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield heading(f"{program} {name}", "~") + f"{escaped(inner.description or '')}\n\n"
                yield from _options(f"{program} {name}", inner)


def _forms(action: argparse.Action) -> Iterator[str]:
    """How an action is written on the command line."""
    value = _value(action)
    if not action.option_strings:
        yield value
    for name in action.option_strings:
        yield f"{name} {value}".rstrip()


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    word = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    return f"{word} ..." if action.nargs in ("*", "+") else str(word)


def _sentence(text: str) -> str:
    text = _capitalised(text)
    return text if text.endswith(".") else f"{text}."


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def command_words() -> str:
    """Write the words that are commands of their own."""
    return "".join(f"``{word}``\n   {escaped(_sentence(text))}\n\n" for word, text in COMMAND_HELP.items())


def click_commands(program: str) -> str:
    """Write the commands of the server's program, those of its groups in one line each.

    :param program: the program's name
    """
    return "".join(_command(program, name, command) for name, command in sorted(server.commands.items()))


def _command(program: str, name: str, command: click.Command) -> str:
    words = f"{program} {name}"
    text = heading(words, "~") + directive("program", words) + f"{escaped(command.get_short_help_str(200))}\n\n"
    if isinstance(command, click.Group):
        for inner, found in sorted(command.commands.items()):
            text += f"``{words} {inner}``\n   {escaped(found.get_short_help_str(200))}\n\n"
        return text
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            text += directive("option", _click_forms(parameter), escaped(parameter.help or ""))
    return text


def _click_forms(option: click.Option) -> str:
    value = "" if option.is_flag else f" {option.make_metavar(click.Context(click.Command('x')))}"
    return ", ".join(f"{name}{value}" for name in option.opts)
