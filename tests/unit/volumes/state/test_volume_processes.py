"""Conductors in processes of their own, with clocks ten minutes apart, of which some are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine

from fiwareglancesync.volumes.state.volume_store import VolumeStore
from fiwareglancesync.volumes.volume_model import RecordState
from tests.support.conditions import PATIENCE, wait_for
from tests.support.server import ROOT
from tests.support.volume_records import DAY, DUE, REGION

BACKUPS = 30

CONDUCTOR = """
import sys, time
database, ahead, requests, count = sys.argv[1], float(sys.argv[2]), sys.argv[3], int(sys.argv[4])
right = time.time
time.time = lambda: right() + ahead
from datetime import timedelta
from fiwareglancesync.base.database import open_engine
from fiwareglancesync.base.errors import LeaseLost
from fiwareglancesync.locks.lease import LeaseTiming
from fiwareglancesync.volumes.state.project_leases import ProjectLeases
from fiwareglancesync.volumes.state.volume_changes import VolumeChanges
from fiwareglancesync.volumes.volume_model import RecordState
from fiwareglancesync.volumes.state.volume_store import VolumeStore
from tests.support.volume_records import DAY, DUE, PROJECT, REGION, planned

engine = open_engine(database)
store = VolumeStore(engine, REGION)

def work(lease):
    changes = VolumeChanges(engine, lease)
    made = dict(line.split() for line in open(requests))
    for record in store.unfinished(PROJECT):
        if record.state is RecordState.PLANNED:
            changes.withdraw(record.id)
        elif record.state is RecordState.CREATING and record.id not in made:
            changes.lost(record.id, DUE, "not found")
        else:
            if record.state is RecordState.CREATING:
                changes.adopted(record.id, made[record.id])
            changes.good(record.id, DUE, None, DUE + DAY)
    done = {record.due for record in store.records(PROJECT)}
    due = next((DUE + n * DAY for n in range(count) if DUE + n * DAY not in done), None)
    if due is None:
        return False
    record = planned("v", due)
    if changes.plan(record) and changes.creating(record.id, due) and lease.outlives(3.0):
        with open(requests, "a") as file:
            file.write(f"{record.id} backup-{record.id}\\n")
        changes.running(record.id, f"backup-{record.id}")
        changes.good(record.id, DUE, None, DUE + DAY)
    return True

with ProjectLeases(engine, REGION, "run", LeaseTiming(lease=6.0, renewal=0.5)) as leases:
    print("ready", flush=True)
    goes_on = True
    while goes_on:
        lease = leases.take(PROJECT)
        if lease is None:
            time.sleep(0.02)
            continue
        try:
            goes_on = work(lease)
        except LeaseLost:
            pass
        lease.give_back()
"""
"""Does the backups of one volume, one after the other, as long as there are any; its "Cinder" is a file."""


def conductor(database: str, ahead: float, requests: Path) -> subprocess.Popen[bytes]:
    """Start one.

    :param ahead: seconds that its clock is ahead
    :param requests: what was requested: id of the record, and of the backup
    """
    command = [sys.executable, "-c", CONDUCTOR, database, str(ahead), str(requests), str(BACKUPS)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def wait_for_backups(store: VolumeStore, count: int) -> None:
    """Wait until there are so many records."""
    wait_for(lambda: len(list(store.records())) >= count, f"{count} backups")


@pytest.mark.outside
def test_no_due_time_is_requested_twice_whoever_is_killed(engine: Engine, tmp_path: Path) -> None:
    url, requests = engine.url.render_as_string(hide_password=False), tmp_path / "requests"
    requests.touch()
    store = VolumeStore(engine, REGION)

    running = [conductor(url, ahead, requests) for ahead in (300.0, -300.0)]
    try:
        for number in range(3):
            wait_for_backups(store, BACKUPS // 4 * (number + 1))
            killed = running[number % 2]
            killed.kill()
            killed.wait()
            running[number % 2] = conductor(url, 300.0 * (-1) ** number, requests)
            # Somebody goes on; the lease of the one that was killed lasts seconds here, in use a minute.
            wait_for_backups(store, min(BACKUPS, len(list(store.records())) + 1))
        for process in running:
            assert process.wait(PATIENCE) == 0
    finally:
        for process in running:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
    records = list(store.records())
    made = dict(line.split() for line in requests.read_text().splitlines())
    assert sorted(record.due for record in records) == [DUE + number * DAY for number in range(BACKUPS)]
    assert {record.state for record in records} <= {RecordState.GOOD, RecordState.LOST}
    assert Counter(made) == Counter({record.id: record.backup_id for record in records if record.backup_id})
