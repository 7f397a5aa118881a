"""The verb ``check`` of every command: one line and an exit code, as plugins of Nagios have them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import GlanceSyncError
from ..base.parser import Parser
from ..base.severity import Severity
from ..base.text import printable
from ..terminal.streams import write_line


@dataclass(frozen=True)
class CheckResult:
    """What a check has found.

    :param text: the state in words
    :param data: performance data, each ``NAME=VALUE``
    """

    severity: Severity
    text: str
    data: Sequence[str] = ()


def print_check(name: str, find: Callable[[], CheckResult]) -> int:
    """Print what a check finds, or why nothing is known.

    :param name: how the line begins
    :return: the exit code
    """
    try:
        result = find()
    except (GlanceSyncError, OSError) as error:
        return print_unknown(name, error)
    return _print(name, result)


def print_unknown(name: str, error: Exception) -> int:
    """Print why a check has found nothing.

    :param name: how the line begins
    :return: the exit code
    """
    return _print(name, CheckResult(Severity.UNKNOWN, "; ".join(str(error).splitlines())))


def add_metrics_file(parser: Parser) -> None:
    """Add the option that also writes metrics."""
    text = "write the same as metrics for the textfile collector of Prometheus' node exporter; its name ends in .prom"
    parser.add_argument("--metrics-file", type=_metrics_file, metavar="FILE", help=text)


def _metrics_file(text: str) -> Path:
    if not text.endswith(".prom"):
        raise argparse.ArgumentTypeError(f"'{text}': the collector reads only names that end in .prom")
    return Path(text)


def _print(name: str, result: CheckResult) -> int:
    text = result.text.replace("|", "/")
    data = f" | {' '.join(result.data)}" if result.data else ""
    write_line(sys.stdout, printable(f"{name} {result.severity.name} - {text}{data}"))
    return result.severity.value
