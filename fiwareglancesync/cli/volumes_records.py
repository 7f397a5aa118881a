"""``glancesync volumes hold``, ``release``, ``retry``, ``purge``, ``rebuild``: what an operator decides (volumes 1)."""

from __future__ import annotations

import argparse
import logging
import sys
import uuid

from ..base.errors import UsageError
from ..base.signals import cancellable
from ..base.text import one_line, show
from ..base.waiting import pause
from ..terminal.streams import write_line
from ..volumes.backup_purge_run import purge
from ..volumes.record_rebuild import rebuild_records
from ..volumes.state.project_leases import ProjectLeases
from ..volumes.state.volume_database import open_volume_database
from ..volumes.state.volume_store import VolumeStore
from ..volumes.volume_model import BackupRecord
from .volumes_opening import check_recorded, open_configuration, open_recorded_volumes, open_volumes
from .volumes_run import Narrator


def hold(options: argparse.Namespace) -> int:
    """Forbid to remove a backup.

    :param options: the parsed command line
    :return: the exit code
    :raises UsageError: it is not recorded, or its removal has been requested
    """
    store = _store(options)
    if not store.hold(options.backup):
        raise _refused(store, options.backup, "it is being removed already")
    return _say(options, f"Backup {options.backup} is kept until glancesync volumes release {options.backup}")


def release(options: argparse.Namespace) -> int:
    """Allow to remove a backup that was held.

    :param options: the parsed command line
    :return: the exit code
    :raises UsageError: it is not recorded
    """
    store = _store(options)
    if not store.release(options.backup):
        raise _refused(store, options.backup, "it is not held")
    return _say(options, f"Backup {options.backup} is removed when it has expired")


def retry(options: argparse.Namespace) -> int:
    """Have a removal that Cinder refused tried again in the next cycle.

    :param options: the parsed command line
    :return: the exit code
    :raises UsageError: none was refused
    """
    store = _store(options)
    if not store.retry(options.backup):
        raise _refused(store, options.backup, "Cinder has refused no removal of it")
    return _say(options, f"The next cycle tries again to remove backup {options.backup}")


def purge_project(options: argparse.Namespace) -> int:
    """Remove all recorded backups of a project.

    :param options: the parsed command line
    :return: the exit code
    :raises UsageError: there are none, or the user does not confirm it
    """
    region = open_recorded_volumes(open_configuration(options))
    project_id = _recorded_project(region.store, options.project)
    if not options.yes and sys.stdin.isatty():
        count = sum(map(_is_kept, region.store.records(project_id)))
        _confirm(f"Remove all {count} backups of project {options.project} for good? [y/N] ")
    narrator = Narrator(options)
    with (
        cancellable(),
        ProjectLeases(region.engine, region.cloud.region, str(uuid.uuid4())) as leases,
    ):
        done = purge(region, project_id, leases, narrator, _wait)
    for each in done.kept:
        narrator.write(logging.WARNING, f"backup {each.record.backup_id} stays: {each.why}")
    kept = len(done.kept)
    narrator.write(logging.INFO, f"backups removed: {done.requested}, kept: {kept}, not gone yet: {done.left}")
    return 1 if done.kept or done.left or narrator.counts.has_failed else 0


def rebuild(options: argparse.Namespace) -> int:
    """Make the records of the backups that Cinder has and the database does not.

    :param options: the parsed command line
    :return: the exit code
    """
    region = open_volumes(open_configuration(options))
    narrator = Narrator(options)
    with cancellable(), ProjectLeases(region.engine, region.cloud.region, str(uuid.uuid4())) as leases:
        made, known = rebuild_records(region, leases, narrator)
    narrator.write(logging.INFO, f"Records made: {made}; already there: {known}")
    return 1 if narrator.counts.has_failed else 0


def _store(options: argparse.Namespace) -> VolumeStore:
    configuration = open_configuration(options)
    check_recorded(configuration)
    region = configuration.region
    engine = open_volume_database(configuration.database)
    # The region's name in the catalog is part of what is looked for; Keystone is asked for it only if it is not stated.
    return VolumeStore(engine, region or open_volumes(configuration, engine).cloud.region)


def _refused(store: VolumeStore, backup: str, why: str) -> UsageError:
    """Why nothing is changed.

    :param backup: as the user named it
    :param why: the reason if it is recorded
    """
    if all(record.backup_id != backup for record in store.records()):
        why = "no such backup is recorded; name it by the id that openstack volume backup list shows"
    return UsageError(f"{show(backup)}: {why}")


def _is_kept(record: BackupRecord) -> bool:
    """Whether Cinder has a backup, and is not removing it."""
    return record.backup_id is not None and (record.removal_asked is None or bool(record.last_refusal))


def _recorded_project(store: VolumeStore, word: str) -> str:
    """The id of a project that has records, by its id or its full name."""
    names: dict[str, set[str]] = {}
    for record in store.records():
        names.setdefault(record.project_id, set()).add(record.project_id)
        names.setdefault(record.project_name, set()).add(record.project_id)
    found = names.get(word, set())
    if not found:
        raise UsageError(f"{show(word)}: no backups of such a project are recorded; name it by id or as domain/name")
    if len(found) > 1:
        raise UsageError(f"{show(word)} stands for several projects: {', '.join(sorted(found))}; name one by its id")
    return found.pop()


def _confirm(question: str) -> None:
    sys.stderr.write(question)
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing is removed: it was not confirmed")


def _say(options: argparse.Namespace, text: str) -> int:
    if not options.quiet:
        write_line(sys.stderr, f"INFO:{one_line(text)}")
    return 0


def _wait(seconds: float) -> None:
    pause(seconds, lambda: None)
