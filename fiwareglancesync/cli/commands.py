"""The words that are commands of their own when they come first, as in ``glancesync remote …``.

Any other first word is a region; one that is called like a command is written with its target: ``master:remote``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..base.parser import Parser

Main = Callable[[Sequence[str], str], int]
"""Takes the words after the command's own, and how the user called it; gives the exit code (contract 1.2)."""


@dataclass(frozen=True)
class Command:
    """A command.

    :param place: its function, as ``module:function``: it is loaded only when it is called
    :param parser: what makes the parser of its words, likewise; it takes how the user called it
    :param help: what it does, for ``--help``
    """

    place: str
    parser: str
    help: str

    def load(self) -> Main:
        """The function itself."""
        found: Main = _load(self.place)
        return found

    def build_parser(self, prog: str) -> Parser:
        """Its parser, for completion and documents.

        :param prog: how the user called it
        """
        parser: Parser = _load(self.parser)(prog)
        return parser


COMMANDS: Mapping[str, Command] = {
    "db": Command(
        "fiwareglancesync.api.database_command:main",
        "fiwareglancesync.api.database_command:build_parser",
        "look after the database of tasks: upgrade it, or rebind it to its federation's new name",
    ),
    "remote": Command(
        "fiwareglancesync.remote.main:main",
        "fiwareglancesync.remote.arguments:build_parser",
        "see and start what a GlanceSync server carries out",
    ),
    "worker": Command(
        "fiwareglancesync.api.worker:main",
        "fiwareglancesync.api.worker:build_parser",
        "carry out tasks of a GlanceSync server, by way of Celery",
    ),
}


def command_of(words: Sequence[str]) -> Command | None:
    """The command that a command line calls; None when it is a synchronisation.

    :param words: without the program itself
    """
    return COMMANDS.get(words[0]) if words else None


def _load(place: str) -> Any:
    module, _, function = place.partition(":")
    return getattr(import_module(module), function)
