"""``glancesync volumes plan`` (volumes 1)."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timezone

from ..base.text import printable
from ..terminal.backup_tables import plan_rows, write_plan
from ..terminal.streams import write_line
from ..volumes.inventory_reader import InventoryReader
from ..volumes.openstack_backups import OpenStackBackups
from ..volumes.shared_listings import OwnListings
from ..volumes.volume_database import open_existing_database
from ..volumes.volume_model import BackupRecord
from ..volumes.volume_preview import Preview, preview
from ..volumes.volume_region import TUNING
from ..volumes.volume_store import VolumeStore
from .volumes_opening import open_configuration


def print_plan(options: argparse.Namespace) -> int:
    """Print what a cycle would do now; nothing is written anywhere.

    :param options: the parsed command line
    :return: the exit code
    """
    found = _preview(options)
    write_plan(plan_rows(found), options.format, sys.stdout)
    problems = list(_problems(found))
    for text in problems:
        write_line(sys.stderr, f"WARNING:{printable(text)}")
    return 1 if found.inventory.why_incomplete else 0


def _preview(options: argparse.Namespace) -> Preview:
    configuration = open_configuration(options)
    if configuration.credential is None:
        raise ValueError("the account is needed")
    settings = configuration.settings
    cloud = OpenStackBackups(configuration.credential, configuration.region, configuration.target, TUNING)
    engine = open_existing_database(configuration.database)
    records: list[BackupRecord] = [] if engine is None else list(VolumeStore(engine, cloud.region).records())
    now = datetime.now(timezone.utc)
    reader = InventoryReader(cloud, OwnListings(cloud), settings, lambda: now)
    return preview(reader.read(now, now), records, settings, now, options.projects)


def _problems(found: Preview) -> list[str]:
    """What the table does not say."""
    problems = [] if found.inventory.backup_hosts else ["no cinder-backup service is up: nothing would begin"]
    if found.inventory.why_incomplete:
        problems.append(f"nothing would be removed: {found.inventory.why_incomplete}")
    names = {entry.project_id: entry.project_name for entry in found.plan.entries}
    for project_id, why in found.retention.problems.items():
        if found.shows(project_id):
            problems.append(f"{names.get(project_id, project_id)}: nothing would be removed: {why}")
    problems += [text for server, text in found.plan.warnings if found.shows(server.project_id)]
    return problems
