"""Whatever users, failures and clocks do, no backup is lost that something needs (volumes 2, 3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from fiwareglancesync.volumes.volume_model import VolumeSettings
from tests.support.volume_simulation import Simulation
from tests.support.volumes import make_server, make_volume

Event = tuple[str, float]


def run(simulation: Simulation, number: float) -> None:
    simulation.run(number / 10)


def grow(simulation: Simulation, _: float) -> None:
    volume = simulation.volumes["v1"]
    simulation.volumes["v1"] = replace(volume, size=volume.size + 1)


def whole(simulation: Simulation, number: float) -> None:
    simulation.make_foreign(f"users-{len(simulation.backups)}-{number}", "v1", is_incremental=False)


def incremental(simulation: Simulation, number: float) -> None:
    if any(backup.status == "available" for backup in simulation.backups.values()):
        simulation.make_foreign(f"users-{len(simulation.backups)}-{number}", "v1", is_incremental=True)


def step(simulation: Simulation, number: float) -> None:
    """The clock is set, by up to four days either way."""
    simulation.now += timedelta(hours=10 * (number - 10))


def unmark(simulation: Simulation, _: float) -> None:
    simulation.servers = [make_server(metadata={})]


def mark(simulation: Simulation, _: float) -> None:
    simulation.servers = [make_server()]


def fail(simulation: Simulation, number: float) -> None:
    """The backups fail for some time, and the others are as they were."""
    simulation.failing = round(number / 4)


EVENTS: dict[str, Callable[[Simulation, float], None]] = {
    each.__name__: each for each in (run, grow, whole, incremental, step, unmark, mark, fail)
}

events = st.lists(st.tuples(st.sampled_from([*EVENTS, "run", "run", "run"]), st.integers(0, 20)), max_size=25)


@example([("run", 10), ("unmark", 0), ("run", 20), ("run", 20)], 2, 1)
@given(events, st.integers(0, 3), st.integers(1, 2))
def test_what_something_needs_is_never_removed(happened: list[Event], depth: int, kept: int) -> None:
    settings = VolumeSettings(
        cycle=4 * 3600, retention=2 * 86400, min_retention=3600, full_backup_depth=depth, keep_at_least=kept
    )
    simulation = Simulation([make_server()], [make_volume()], settings, minutes=30)
    most = 0
    for name, number in happened:
        EVENTS[name](simulation, number)
        simulation.cycle()
        good = len(simulation.good("v1"))
        assert good >= min(most, kept)
        most = max(most, good)
        assert simulation.has_all_bases()
