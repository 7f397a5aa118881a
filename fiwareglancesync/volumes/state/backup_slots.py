"""How many backups and restore drills go on at once in a region: at most ``max_running`` (volumes 2.5)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, select, update

from ..drill_model import DrillState
from ..volume_model import RecordState
from .volume_tables import backups, drills, regions


def count_in_progress(connection: Connection, region: Mapping[str, str]) -> int:
    """How many backups Cinder makes, or may make, and how many drills go on; none is added before the transaction ends.

    :param connection: in a transaction
    :param region: the key of the region's row, which is there
    """
    connection.execute(update(regions).filter_by(**region).values(region))
    made = select(func.count()).select_from(backups).filter_by(**region)
    making = [state.value for state in (RecordState.CREATING, RecordState.RUNNING)]
    made = made.where(backups.c.state.in_(making), backups.c.open_volume.is_not(None))
    drilled = select(func.count()).select_from(drills).filter_by(**region)
    drilled = drilled.where(drills.c.state.in_([state.value for state in DrillState if not state.has_ended]))
    return connection.execute(made).scalar_one() + connection.execute(drilled).scalar_one()
