"""What can be wrong with the program's own work, beside the snapshots of single volumes (snapshots 4.9)."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """What can be wrong; the value is the name of its record."""

    SCHEDULE = "schedule_file"
    INVENTORY = "inventory"
    CLUSTER = "cluster"
    SNAPSHOTS = "snapshots"
    EXCESS = "excess"


TITLES = {
    State.SCHEDULE: "the schedule file or the list of servers cannot be used",
    State.INVENTORY: "the servers cannot be listed",
    State.CLUSTER: "the cluster or the database cannot be used",
    State.SNAPSHOTS: "snapshots fail",
    State.EXCESS: "excess snapshots wait for run --prune",
}

TITLES_BY_NAME = {state.value: title for state, title in TITLES.items()}
