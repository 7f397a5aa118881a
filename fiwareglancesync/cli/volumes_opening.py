"""Opens what the verbs of ``glancesync volumes`` work on: configuration, database and region (volumes 1)."""

from __future__ import annotations

import argparse
import os
import sys

from sqlalchemy import Engine

from ..base.errors import UsageError
from ..base.text import printable
from ..images.places.factory import EMBEDDED
from ..kinds import option_tables
from ..terminal.streams import write_line
from ..volumes.volume_configuration import VolumeConfiguration, load_volumes
from ..volumes.volume_database import open_volume_database
from ..volumes.volume_region import VolumeRegion, open_region


def open_configuration(options: argparse.Namespace) -> VolumeConfiguration:
    """Read the configuration, and write its warnings.

    :param options: the parsed command line
    :raises ConfigError: it cannot be used
    :raises UsageError: the environment names an embedded federation
    """
    if os.environ.get(EMBEDDED):
        raise UsageError(f"the embedded federation that {EMBEDDED} names has no volumes; unset the variable")
    configuration = load_volumes(options.conf, options.config, os.environ, option_tables(), os_cloud=options.os_cloud)
    for text in configuration.warnings:
        write_line(sys.stderr, f"WARNING:{printable(text)}")
    return configuration


def open_volumes(configuration: VolumeConfiguration, engine: Engine | None = None) -> VolumeRegion:
    """Open the region with its database.

    :param engine: the database when it is open already
    :raises DatabaseUnavailable: the database cannot be used
    """
    if configuration.credential is None:
        raise ValueError("the account is needed")
    found = open_volume_database(configuration.database) if engine is None else engine
    return open_region(
        configuration.credential, found, configuration.settings, configuration.region, configuration.target
    )
