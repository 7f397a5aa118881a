"""The files that the command line names for what a run writes (sync 1.1)."""

from __future__ import annotations

import argparse
import os

from ..base.errors import UsageError
from ..config.resolving import ENVIRONMENT
from ..images.settings import Settings
from ..images.vault.vault_paths import vault_around


def keep_other_files(options: argparse.Namespace, settings: Settings) -> None:
    """Refuse to empty the configuration or the file of the metrics for events or a report, and to write into a vault.

    :param options: the parsed command line
    :param settings: the configuration
    :raises UsageError: an option names one of them, or something in a vault
    """
    configuration = None if settings.source == ENVIRONMENT else settings.source
    others = {"the configuration file": configuration, "the metrics_file": settings.metrics_file}
    for option in ("events", "report"):
        path = getattr(options, option)
        for what, other in others.items():
            if path and other and os.path.realpath(path) == os.path.realpath(os.path.expanduser(other)):
                raise UsageError(f"--{option}: {path} is {what}, which is not replaced; name another file")
    for option in ("events", "report", "output_dir"):
        path = getattr(options, option)
        vault = vault_around(path) if path else None
        if vault is not None:
            word = option.replace("_", "-")
            raise UsageError(f"--{word}: {path} is in the vault {vault}, which is not changed; name another place")
