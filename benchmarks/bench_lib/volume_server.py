"""volume_server.py DATABASE VOLUMES BACKUPS: serve a large cloud of stand-ins, with records of its backups.

Prints the address of Keystone, then a line of JSON for each line that it reads: how many requests there were since the
last one, by kind. Ends at the end of its input.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import Engine, insert

from bench_lib.volume_cloud import LargeCloud, make_cloud
from fiwareglancesync.base.database import key_of
from fiwareglancesync.volumes.state.volume_database import open_volume_database
from fiwareglancesync.volumes.state.volume_rows import seconds, values_of
from fiwareglancesync.volumes.state.volume_tables import backups
from tests.support.stand_ins.cloud_stand_in import REGION, CloudStandIn, cloud_stand_in
from tests.support.stand_ins.cloud_state import StoredBackup, StoredProject, StoredServer, StoredVolume
from tests.support.stand_ins.http_stand_in import Asked

ROWS_AT_ONCE = 10_000


def main() -> int:
    """Serve until the end of the input."""
    database, count, of_each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with cloud_stand_in() as stand_in:
        cloud = make_cloud(count, of_each, stand_in.account, datetime.now(timezone.utc))
        fill(stand_in, cloud)
        record(open_volume_database(database), cloud)
        del cloud
        print(stand_in.auth_url, flush=True)
        for _ in sys.stdin:
            with stand_in.http.lock:
                print(json.dumps(Counter(map(kind_of, stand_in.http.requests))), flush=True)
                stand_in.http.requests.clear()
    return 0


def fill(stand_in: CloudStandIn, cloud: LargeCloud) -> None:
    """Put a cloud into the stand-ins."""
    state = stand_in.state
    for project in cloud.projects:
        state.projects[project.id] = StoredProject(project.id, project.name)
    for volume in cloud.volumes:
        state.volumes[volume.id] = StoredVolume(volume.id, volume.name, volume.project_id, volume.status, volume.size)
    for server in cloud.servers:
        marks = dict(server.metadata)
        state.servers[server.id] = StoredServer(server.id, server.name, server.project_id, marks, [*server.volume_ids])
    parents = {record.backup_id: record.parent_id for record in cloud.records}
    for backup in cloud.backups:
        state.backups[backup.id] = StoredBackup(
            backup.id, backup.name, backup.project_id, backup.user_id, backup.volume_id, backup.status, backup.size,
            parents[backup.id], dict(backup.metadata), backup.created_at, updated_at=backup.updated_at,
        )  # fmt: skip
    for parent_id in filter(None, parents.values()):
        state.backups[parent_id].dependants += 1


def record(engine: Engine, cloud: LargeCloud) -> None:
    """Put the records of all backups into a new database."""
    region = {"region_key": key_of(REGION)}
    rows = [{**values_of(each), **region, "recorded": seconds(each.finished)} for each in cloud.records]
    with engine.begin() as connection:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            connection.execute(insert(backups), rows[start : start + ROWS_AT_ONCE])


def kind_of(asked: Asked) -> str:
    """What a request is for."""
    path = re.sub(r"/[0-9a-f-]{32,}", "/ID", re.sub(r"^/volume/v3/[^/]+|^/compute/v2\.1", "", asked.path))
    return f"{asked.method} {path}{' of a volume' if 'volume_id' in asked.query else ''}"


if __name__ == "__main__":
    sys.exit(main())
