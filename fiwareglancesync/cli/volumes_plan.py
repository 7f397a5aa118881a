"""``glancesync volumes plan`` (volumes 1)."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timezone

from ..base.text import show
from ..terminal.backup_tables import plan_rows, write_plan
from ..terminal.streams import write_warnings
from ..volumes.execution.inventory_reader import InventoryReader
from ..volumes.execution.shared_listings import OwnListings
from ..volumes.openstack_backups import OpenStackBackups
from ..volumes.planning.volume_preview import Preview, preview
from ..volumes.state.volume_database import open_existing_database
from ..volumes.state.volume_store import VolumeStore
from ..volumes.volume_model import BackupRecord
from ..volumes.volume_region import TUNING
from .volumes_opening import open_configuration


def print_plan(options: argparse.Namespace) -> int:
    """Print what a cycle would do now; nothing is written anywhere.

    :param options: the parsed command line
    :return: the exit code
    """
    found = _preview(options)
    write_plan(plan_rows(found), options.format, sys.stdout)
    problems = list(_problems(found))
    write_warnings(problems)
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
    names = found.project_names
    for project_id, why in found.retention.problems.items():
        if found.shows(project_id):
            problems.append(f"{names.get(project_id, project_id)}: nothing would be removed: {why}")
    for server, text in found.plan.warnings:
        if found.shows(server.project_id):
            name = names.get(server.project_id, server.project_id)
            problems.append(f"{name}: server {show(server.name)} ({server.id}): {text}")
    return problems
