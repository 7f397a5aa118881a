"""The commands, each loaded only when it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .base.parser import Parser

Main = Callable[[Sequence[str], str], int]
"""Takes the words after the command's own, and how the user called it; returns the exit code (sync 1.2)."""

BuildParser = Callable[[str], Parser]
"""Takes how the user called a command; returns the parser of its words."""


@dataclass(frozen=True)
class Command:
    """A command; its functions import what they need when they are called.

    :param run: carries a call out
    :param build_parser: for completion and documents
    """

    run: Main
    build_parser: BuildParser


def command_of(words: Sequence[str]) -> Command | None:
    """The command that a command line calls; None when it is a synchronisation.

    :param words: without the program itself
    """
    return COMMANDS.get(words[0]) if words else None


def synchronise(words: Sequence[str], prog: str) -> int:
    """Carry out a call without a command's name: a synchronisation, or one of its modes.

    :param words: without the program itself
    :param prog: how the user called it
    :return: the exit code
    """
    from .cli.sync_arguments import parse_arguments

    options = parse_arguments(words, prog)
    from .cli.sync_command import main  # only now, so that --help and mistakes are answered at once

    return main(options)


def _db(words: Sequence[str], prog: str) -> int:
    from .api.database_command import main

    return main(words, prog)


def _db_parser(prog: str) -> Parser:
    from .api.database_command import build_parser

    return build_parser(prog)


def _remote(words: Sequence[str], prog: str) -> int:
    from .remote.remote_main import main

    return main(words, prog)


def _remote_parser(prog: str) -> Parser:
    from .remote.remote_arguments import build_parser

    return build_parser(prog)


def _snapshots(words: Sequence[str], prog: str) -> int:
    from .cli.snapshots_command import main

    return main(words, prog)


def _snapshots_parser(prog: str) -> Parser:
    from .cli.snapshots_command import build_parser

    return build_parser(prog)


def _vault(words: Sequence[str], prog: str) -> int:
    from .cli.vault_command import main

    return main(words, prog)


def _vault_parser(prog: str) -> Parser:
    from .cli.vault_arguments import build_parser

    return build_parser(prog)


def _vms(words: Sequence[str], prog: str) -> int:
    from .cli.vms_command import main

    return main(words, prog)


def _vms_parser(prog: str) -> Parser:
    from .cli.vms_command import build_parser

    return build_parser(prog)


def _volumes(words: Sequence[str], prog: str) -> int:
    from .cli.volumes_command import main

    return main(words, prog)


def _volumes_parser(prog: str) -> Parser:
    from .cli.volumes_command import build_parser

    return build_parser(prog)


def _worker(words: Sequence[str], prog: str) -> int:
    from .api.worker_command import main

    return main(words, prog)


def _worker_parser(prog: str) -> Parser:
    from .api.worker_command import build_parser

    return build_parser(prog)


COMMANDS: Mapping[str, Command] = {
    "db": Command(_db, _db_parser),
    "remote": Command(_remote, _remote_parser),
    "snapshots": Command(_snapshots, _snapshots_parser),
    "vault": Command(_vault, _vault_parser),
    "vms": Command(_vms, _vms_parser),
    "volumes": Command(_volumes, _volumes_parser),
    "worker": Command(_worker, _worker_parser),
}
"""By name; ``terminal.command_names`` says what each does."""
