"""Where ``glancesync remote`` begins: mistakes and ``--help`` are answered before anything is loaded."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..base.errors import Cancelled
from .remote_arguments import parse_arguments

LEFT = "what runs on the server goes on"
"""What an interruption leaves."""


def main(words: Sequence[str], prog: str) -> int:
    """Carry one call out.

    :param words: after ``remote``
    :param prog: how the user called it, ``remote`` included
    :return: the exit code: 0 done; 1 a region or a task failed, or the server; 129, 130 and 143 interrupted
    :raises GlanceSyncError: the server cannot be asked, or refuses
    """
    options = parse_arguments(words, prog)
    from ..base.signals import cancellable
    from ..terminal.streams import log_requests, reconfigure_output
    from .remote_command import RemoteCommand

    reconfigure_output()
    if options.debug:
        log_requests()
    with cancellable():
        try:
            return RemoteCommand(options, prog, os.environ).run()
        except Cancelled as stopped:
            stopped.left = LEFT
            raise
