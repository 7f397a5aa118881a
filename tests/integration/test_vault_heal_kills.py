"""Healing that is killed at any point of its work on a real Glance and a vault loses nothing (vault 5.3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Lock

import pytest

from fiwareglancesync.images.vault.healing_ledger import read_ledger
from tests.support.cloud import running_cloud
from tests.support.faults import FaultyCloud
from tests.support.healing_crashes import KILLED, CrashGrounds, Runner, runner

pytestmark = pytest.mark.integration

REGIONS = ("Burgos", "Caceres")
HEAL = ("--delete", "--scope", "*")
HEAL_POINTS = ("sent POST", "sent PUT", "link", "sent PATCH", "sent DELETE")
UNDELETE_POINTS = ("replace", "sent PATCH")
"""Where the short form kills, at the last point of each name: a restored image is made, its bytes are sent, a run is
written, an image is hidden, one is deleted; the memory of healing is written, an image is made visible."""

Try = Callable[[CrashGrounds, Runner, int], Sequence[str]]
"""Kills a run at a point, 0 for none, and looks at what it leaves; returns the names of the points of the run."""


@pytest.fixture
def grounds(root: Path, tmp_path: Path) -> Iterator[list[tuple[CrashGrounds, Runner]]]:
    """Two regions in which processes can be killed at the same time."""
    cloud = FaultyCloud(running_cloud(root), tmp_path)
    made = []
    with ExitStack() as stack:
        for region in REGIONS:
            folder = tmp_path / region
            folder.mkdir()
            here = CrashGrounds(FaultyCloud(running_cloud(root), folder), region, folder)
            made.append((here, stack.enter_context(runner(here.environment, folder))))
        yield made
    for region in REGIONS:
        cloud.fill(region, [])


def try_points(grounds: list[tuple[CrashGrounds, Runner]], attempt: Try, names: Sequence[str]) -> int:
    """Kill at points, in several regions at the same time.

    :param names: of the points, the last of each name; empty for all points
    :return: how many points there are
    """
    points = attempt(*grounds[0], 0)
    last = {name: number for number, name in enumerate(points, 1)}
    numbers = iter([last[name] for name in names] if names else range(1, len(points) + 1))
    next_number = Lock()

    def work(here: CrashGrounds, run: Runner) -> None:
        while True:
            with next_number:
                number = next(numbers, None)
            if number is None:
                return
            try:
                attempt(here, run, number)
            except BaseException:
                with next_number:  # the others end as well
                    deque(numbers, maxlen=0)
                raise

    with ThreadPoolExecutor(len(grounds)) as pool:
        list(pool.map(lambda pair: work(*pair), grounds))
    return len(points)


def kill_heal(here: CrashGrounds, run: Runner, number: int) -> Sequence[str]:
    """Kill a healing, and heal again."""
    here.reset()
    ended = run("vault", "heal", here.region, *HEAL, last=number)
    assert ended.code == (KILLED if 0 < number <= len(ended.points) else 0), ended.output
    print(f"killed at point {number}, {ended.points[-1]}, in {here.region}")
    here.assert_nothing_lost()
    again = run("vault", "heal", here.region, *HEAL)
    assert (again.code, "ERROR" in again.output) == (0, False), again.output
    here.assert_healed()
    return ended.points


def kill_undelete(here: CrashGrounds, run: Runner, number: int) -> Sequence[str]:
    """Kill an undelete, and call it again."""
    here.reset()
    uuid = here.ids["gone"]
    ended = run("vault", "undelete", uuid, last=number)
    assert ended.code == (KILLED if 0 < number <= len(ended.points) else 0), ended.output
    print(f"killed at point {number}, {ended.points[-1]}, in {here.region}")
    here.assert_nothing_lost()
    if number:
        again = run("vault", "undelete", uuid)
        is_done = again.code == 2 and "remembers that image" in again.output
        assert again.code == 0 or is_done, again.output
    (image,) = [image for image in here.images() if image["id"] == uuid]
    assert (image["visibility"], image["os_hidden"]) == ("public", False)
    ledger = read_ledger(here.shelf)
    assert "gone" not in ledger.unneeded
    assert uuid not in {each.id for each in ledger.removals}
    return ended.points


@pytest.mark.parametrize("names", [HEAL_POINTS, pytest.param((), marks=pytest.mark.slow)], ids=["some", "all"])
def test_healing_that_is_killed_at_any_point_is_finished_by_the_next(
    grounds: list[tuple[CrashGrounds, Runner]], names: Sequence[str]
) -> None:
    assert try_points(grounds, kill_heal, names) > 50


@pytest.mark.parametrize("names", [UNDELETE_POINTS, pytest.param((), marks=pytest.mark.slow)], ids=["some", "all"])
def test_an_undelete_that_is_killed_at_any_point_is_finished_by_the_next(
    grounds: list[tuple[CrashGrounds, Runner]], names: Sequence[str]
) -> None:
    assert try_points(grounds, kill_undelete, names) > 5
