"""The options of ``glancesync volumes policy-server`` (volumes 5)."""

from __future__ import annotations

import argparse

from ..base.parser import Parser
from ..config.values import up_to
from ..serving.listen_address import ListenAddress, read_listen_address

WORKERS = 2

MAX_WORKERS = up_to(1000)


def add_policy_server_arguments(parser: Parser) -> None:
    """Add them to the parser of the verb."""
    parser.add_argument(
        "--listen",
        type=_address,
        metavar="ADDRESS",
        help="HOST:PORT, [ADDRESS]:PORT or unix:PATH (default: policy_listen in [volumes])",
    )
    text = f"number of processes (default: {WORKERS})"
    parser.add_argument("--workers", type=_workers, default=WORKERS, metavar="N", help=text)


def _address(text: str) -> ListenAddress:
    try:
        return read_listen_address(text)
    except ValueError as error:
        text = f"expected HOST:PORT, [ADDRESS]:PORT or unix:PATH, not {text!r}"
        raise argparse.ArgumentTypeError(text) from error


def _workers(text: str) -> int:
    try:
        return int(MAX_WORKERS.parse(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected {MAX_WORKERS.expected}, not {text!r}") from error
