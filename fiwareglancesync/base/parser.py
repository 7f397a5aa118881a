"""The parser of command lines that all commands share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn

from .errors import UsageError
from .text import nearest


class Parser(argparse.ArgumentParser):
    """Raises errors instead of printing them and ending the process, so that they are reported like any other error."""

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print the help or the version; argparse itself ignores that it cannot be printed."""
        if message:
            (file or sys.stderr).write(message)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        :raises UsageError: always; its text names the help
        """
        raise UsageError(f"{message}; see {self.prog} --help")

    def read(self, words: Sequence[str], *, intermixed: bool = False) -> argparse.Namespace:
        """Read a command line to its end.

        :param words: without the command itself
        :param intermixed: whether options may stand between the positional words
        :raises UsageError: it is wrong; for unknown options the text names the nearest known ones
        """
        parse = self.parse_known_intermixed_args if intermixed else self.parse_known_args
        options, rest = parse(list(words))
        if rest:
            known = list(_options(self, options))
            near = [nearest(word.partition("=")[0], known) for word in rest if word.startswith("-")]
            meant = " ".join(dict.fromkeys(filter(None, near)))
            hint = f", did you mean {meant}?" if meant else ""
            _chosen(self, options).error(f"unrecognized arguments: {' '.join(rest)}{hint}")
        return options

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a word that is none of the choices; argparse itself names no near one."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            near = nearest(str(value), map(str, action.choices or ()))
            if near is not None:
                error.message += f", did you mean {near}?"
            raise


def refuse_options(words: Iterable[str]) -> None:
    """Refuse regions that look like options (sync 1.1).

    :param words: regions as the user named them
    :raises UsageError: one of them begins with a dash
    """
    for word in words:
        if word.startswith("-"):
            advice = f"options go before --; a region of that name is written master:{word}"
            raise UsageError(f"{word} begins with -, so it is taken for no region: {advice}")


def refuse_standard_output(report: str | None) -> None:
    """Refuse ``-`` as the file of a report, which would otherwise be a file of that name (sync 1.1).

    :param report: the file as the user named it, None when no report is wanted
    :raises UsageError: it is ``-``
    """
    if report == "-":
        raise UsageError("--report - names no file; write --report FILE")


def _options(parser: argparse.ArgumentParser, given: argparse.Namespace) -> Iterator[str]:
    """The options of a parser, and those of the command that was chosen."""
    for action in parser._actions:
        yield from action.option_strings
    chosen = _command(parser, given)
    if chosen is not None:
        yield from _options(chosen, given)


def _chosen(parser: argparse.ArgumentParser, given: argparse.Namespace) -> argparse.ArgumentParser:
    """The parser of the command that was chosen, or the parser itself."""
    chosen = _command(parser, given)
    return parser if chosen is None else _chosen(chosen, given)


def _command(parser: argparse.ArgumentParser, given: argparse.Namespace) -> argparse.ArgumentParser | None:
    """The parser of the command that follows a parser's own words; None when there is none."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            command: argparse.ArgumentParser | None = action.choices.get(getattr(given, action.dest, ""))
            return command
    return None
