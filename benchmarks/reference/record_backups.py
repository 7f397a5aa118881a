"""Makes an SQLite database with records of backups: ``record_backups.py FILE COUNT``."""

import sys
from uuid import uuid4

from sqlalchemy import insert

from fiwareglancesync.base.database import open_engine
from fiwareglancesync.volumes.state.volume_tables import backups

EMPTY: dict[type, object] = {str: "", object: "", float: 0.0, int: 0, bool: False}

file, count = sys.argv[1], int(sys.argv[2])
engine = open_engine(f"sqlite:///{file}")
backups.metadata.create_all(engine, [backups])
row = {column.name: EMPTY[column.type.python_type] for column in backups.columns if not column.nullable}
names = ("id", "volume_id", "backup_id")
with engine.begin() as connection:
    connection.execute(insert(backups), [{**row, **{name: str(uuid4()) for name in names}} for _ in range(count)])
