"""``glancesync volumes policy-server`` (volumes 5)."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from ..kinds import option_tables
from ..terminal.streams import log_to_standard_error, write_line
from ..volumes.policy_checks.policy_server import serve_policy, wildcard_warning
from ..volumes.policy_checks.policy_service import listen_address
from ..volumes.volume_configuration import load_volumes

FORMAT = "%(asctime)s %(levelname)s [%(process)d] %(message)s"


def run_policy_server(options: argparse.Namespace) -> int:
    """Serve until a signal ends the process.

    :param options: the parsed command line
    :return: the exit code
    """
    configuration = load_volumes(
        options.conf, options.config, os.environ, option_tables(), os_cloud=options.os_cloud, account_needed=False
    )
    address = options.listen or listen_address(configuration)
    for text in filter(None, (*configuration.warnings, wildcard_warning(configuration, address))):
        write_line(sys.stderr, f"WARNING:{text}")
    if not options.debug:
        log_to_standard_error(logging.INFO, FORMAT)
    serve_policy(configuration, address, options.workers, _report)
    return 0


def _report(lines: Sequence[str]) -> None:
    for line in lines:
        write_line(sys.stderr, line)
