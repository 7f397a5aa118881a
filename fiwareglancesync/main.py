"""The beginning and end of the program: calls the command, and turns errors and signals into exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from .base.errors import Cancelled, ConfigError, GlanceSyncError, system_error
from .base.signals import ignore_signals
from .base.text import printable
from .commands import command_of, synchronise
from .terminal.standard_outputs import OutputFailed, run_program
from .terminal.streams import end_log, write_line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    :param arguments: the command line without the command; None means that of the process
    :return: the exit code (sync 1.2)
    """
    if arguments is not None:
        return _call(list(arguments), is_process=False)
    return run_program(lambda: _call(sys.argv[1:], is_process=True))


def _call(words: list[str], *, is_process: bool) -> int:
    """Run the command; its errors are reported.

    :param is_process: whether it is the whole process
    :return: the exit code
    """
    prog = os.path.basename(sys.argv[0]) or "glancesync"
    debug = "--debug" in words
    try:
        return _run(words, prog, is_process=is_process)
    except Cancelled as stopped:
        _report(_interrupted(stopped))
        if is_process:
            _end_at_once(stopped.exit_code)
        return stopped.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1  # nobody reads our output any more
    except ConfigError as error:
        _trace(debug)
        for warning in error.warnings:
            _report(warning, "WARNING")
        for problem in error.problems:
            _report(problem)
        return error.exit_code
    except OutputFailed as error:
        _report(str(error))
        return 1
    except OSError as error:
        _trace(debug)
        _report(system_error(error))
        return 1
    except GlanceSyncError as error:
        _trace(debug)
        _report(str(error))
        if is_process and error.leaves_threads:
            _end_at_once(error.exit_code)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - a traceback is for those who ask for it
        from .base.dependencies import not_installed

        _trace(debug)
        missing = not_installed(error)
        if missing is not None:
            _report(str(missing))
            return missing.exit_code
        _report(f"internal error: {type(error).__name__}: {error}; --debug shows where it comes from")
        return 1
    finally:
        end_log()


def _run(words: Sequence[str], prog: str, *, is_process: bool) -> int:
    command = command_of(words)
    if command is not None:
        code = command.run(words[1:], f"{prog} {words[0]}")
    else:
        code = synchronise(words, prog)
    if is_process:
        ignore_signals()
    return code


def _trace(debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exc()


def _interrupted(stopped: Cancelled) -> str:
    """The last line of an interrupted run."""
    unfinished = stopped.unfinished
    if not unfinished:
        return f"Interrupted; {stopped.left}."
    count = len(unfinished)
    images = "1 unfinished image stays" if count == 1 else f"{count} unfinished images stay"
    return f"Interrupted; {images} for the next run to finish or remove: {', '.join(unfinished)}"


def _end_at_once(code: int) -> NoReturn:
    """End the process without waiting for its threads, which may wait for an answer that nobody needs now."""
    with suppress(OSError):
        sys.stdout.flush()
    os._exit(code)


def _report(text: str, level: str = "ERROR") -> None:
    write_line(sys.stderr, f"{level}:{printable(text)}")
