"""The command: read the arguments, wire the rooms together, end with the right exit code."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NoReturn

from ..base.errors import Cancelled, ConfigError, GlanceSyncError
from ..base.text import printable
from .arguments import parse_arguments
from .commands import command_of
from .mistaken import advice
from .narrative import write_line

GARBAGE = 50_000
"""New objects between two looks for cycles of them; Python's own 700 is for programs that make many."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    :param arguments: the command line without the command; None means that of the process
    :return: the exit code (contract 1.2)
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    prog = os.path.basename(sys.argv[0]) or "glancesync"
    debug = "--debug" in words
    try:
        return _run(words, prog, is_process=arguments is None)
    except Cancelled as stopped:
        _tell(_farewell(stopped.unfinished))
        if arguments is None:
            _end_at_once(stopped.exit_code)
        return stopped.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has gone; give Python nothing to complain about when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ConfigError as error:
        _trace(debug)
        for warning in error.warnings:
            _tell(warning, "WARNING")
        for problem in error.problems:
            _tell(problem)
        return error.exit_code
    except (GlanceSyncError, OSError) as error:
        _trace(debug)
        _tell(str(error))
        return getattr(error, "exit_code", 1)
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user who did not ask for it
        from ..base.dependencies import not_installed

        _trace(debug)
        missing = not_installed(error)
        if missing is not None:
            _tell(str(missing))
            return missing.exit_code
        _tell(f"internal error: {type(error).__name__}: {error}; --debug shows where it comes from")
        return 1


def _run(words: Sequence[str], prog: str, *, is_process: bool) -> int:
    command = command_of(words)
    if command is not None:
        return command.load()(words[1:], f"{prog} {words[0]}")
    options = parse_arguments(words, prog)
    # Only now, so that --help and mistakes are answered at once.
    from ..base.signals import cancellable, ignore_signals
    from ..config import check_targets, load_settings
    from ..images.places.factory import EMBEDDED, open_federation
    from ..images.region_names import RegionRef
    from .command import Command
    from .tables import reconfigure_output

    reconfigure_output()
    _collect_garbage_seldom()
    if options.debug:
        log_requests()
    with cancellable():
        overrides = list(options.config)
        if options.transfer:
            overrides.append(f"main.transfer={options.transfer}")
        embedded = bool(os.environ.get(EMBEDDED))
        try:
            settings = load_settings(options.conf, overrides, os.environ, mock=embedded, os_cloud=options.os_cloud)
            check_targets(settings, (RegionRef.parse(word).target for word in options.regions))
        except ConfigError as error:
            error.problems += [f"{word}: is read as the name of a region; {meant}" for word, meant in _meant(options)]
            raise
        code = Command(options, settings, open_federation(settings, os.environ)).run()
    if is_process:
        ignore_signals()
    return code


def _meant(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """What those may have meant who named a region that looks like a command: they may have no configuration yet."""
    for word in options.regions:
        meant = advice(word, ())
        if meant is not None:
            yield word, meant


def _collect_garbage_seldom() -> None:
    """Plans are millions of small values without cycles; looking for some all the time is a fifth of the work."""
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 100)


def log_requests() -> None:
    """Tell each request that is made to a service, for ``--debug``."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s:%(message)s"))
    logger = logging.getLogger("glancesync")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)


def _trace(debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exc()


def _farewell(unfinished: Sequence[str]) -> str:
    """What an interrupted run says at its end."""
    if not unfinished:
        return "Interrupted; everything is left tidy."
    count = len(unfinished)
    images = "1 unfinished image stays" if count == 1 else f"{count} unfinished images stay"
    return f"Interrupted; {images} for the next run to finish or remove: {', '.join(unfinished)}"


def _end_at_once(code: int) -> NoReturn:
    """End the process without waiting for its threads: they may be waiting for an answer that nobody needs now."""
    with suppress(OSError):
        sys.stdout.flush()
    os._exit(code)


def _tell(text: str, level: str = "ERROR") -> None:
    write_line(sys.stderr, f"{level}:{printable(text)}")
