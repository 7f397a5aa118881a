"""``glancesync-completion``: what bash and zsh need to complete the command line, from its own parser."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..base.dependencies import missing_packages_reported
from ..base.parser import Parser
from ..cli.sync_arguments import build_parser
from ..commands import COMMANDS
from ..terminal.command_names import COMMAND_HELP
from ..terminal.standard_outputs import run_program

SHELLS = ("bash", "zsh")

FILES = frozenset(("conf", "events", "report"))
"""Options whose value is the name of a file."""

FOLDERS = frozenset(("output_dir",))
"""Options whose value is the name of a folder."""

EPILOG = """\
bash:  eval "$(glancesync-completion bash)"                  in ~/.bashrc
zsh:   glancesync-completion zsh >FOLDER/_glancesync         FOLDER being one of $fpath
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the completion of a shell.

    :param arguments: the words after the program's name; None means those of the process
    :return: the exit code
    """
    return run_program(lambda: _print_completion(arguments))


def _print_completion(arguments: Sequence[str] | None) -> int:
    parser = Parser(
        prog="glancesync-completion",
        description="Print what a shell needs to complete the command line of glancesync.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell")
    options = parser.read(sys.argv[1:] if arguments is None else arguments)
    with missing_packages_reported():
        sys.stdout.write(completion(options.shell) + "\n")
    return 0


def completion(shell: str) -> str:
    """The completion of a shell.

    :param shell: one of ``SHELLS``
    """
    import shtab

    return str(shtab.complete(_completed_parser(), shell=shell))


def _completed_parser() -> Parser:
    """The parsers of the synchronisation and of all commands as one, which describes them but cannot parse."""
    import shtab

    parser = build_parser("glancesync")
    for action in parser._actions:
        if action.dest in FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif action.dest in FOLDERS:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif action.dest == "regions":
            action.choices = sorted(COMMANDS)
    words = parser.add_subparsers()
    for word, command in COMMANDS.items():
        theirs = command.build_parser(f"glancesync {word}")
        words.add_parser(word, help=COMMAND_HELP[word], parents=[theirs], add_help=False)
    return parser


if __name__ == "__main__":
    sys.exit(main())
