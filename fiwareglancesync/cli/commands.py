"""The words that are commands of their own when they come first, as in ``glancesync remote …``.

Any other first word is a region; one that is called like a command is written with its target: ``master:remote``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

Main = Callable[[Sequence[str], str], int]
"""Takes the words after the command's own, and how the user called it; gives the exit code (contract 1.2)."""


@dataclass(frozen=True)
class Command:
    """A command.

    :param place: its function, as ``module:function``: it is loaded only when it is called
    :param help: what it does, for ``--help``
    """

    place: str
    help: str

    def load(self) -> Main:
        """The function itself."""
        module, _, function = self.place.partition(":")
        found: Main = getattr(import_module(module), function)
        return found


COMMANDS: Mapping[str, Command] = {
    "remote": Command("fiwareglancesync.remote.main:main", "see and start what a GlanceSync server carries out"),
    "worker": Command("fiwareglancesync.api.worker:main", "carry out tasks of a GlanceSync server, by way of Celery"),
}


def command_of(words: Sequence[str]) -> Command | None:
    """The command that a command line calls; None when it is a synchronisation.

    :param words: without the program itself
    """
    return COMMANDS.get(words[0]) if words else None
