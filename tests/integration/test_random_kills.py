"""Runs that are killed or interrupted at any moment leave regions that can be used, and that the next run finishes.

The moments are drawn from the time that an undisturbed run takes from its plan to its end: of the long form, one
from each equal part of it. The seed is printed; ``KILL_SEED`` repeats a draw, and ``CI=true`` always takes the same.
"""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud import running_cloud
from tests.support.conditions import wait_for
from tests.support.faults import Command, FaultyCloud, Running
from tests.support.interruptions import (
    FORGED,
    MASTER,
    REGION_BEFORE,
    RULES,
    assert_in_order,
    assert_usable,
    large,
    unfinished,
)
from tests.support.observed_federations import Given, Seen
from tests.support.patient import TIDY

pytestmark = pytest.mark.integration

CHANCE = 1 if os.environ.get("CI") == "true" else random.SystemRandom().randrange(2**32)
SEED = int(os.environ.get("KILL_SEED") or CHANCE)
MIB_BLOCKS = 2**15
SIZES = {"kernel": 1, "renamed": 2, "uploaded": 3, "replaced": 4, "ami-new": 5}
MASTER_BEFORE = large(MASTER, {label: size * MIB_BLOCKS for label, size in SIZES.items()})
BEFORE: Sequence[Given] = (*REGION_BEFORE, *FORGED)
ONE, TWO = ("Burgos",), ("Burgos", "Caceres")
SLOWED = "bandwidth=15000000"
"""So slow that most moments lie in the middle of a transfer."""

TRIES = 5
"""How often a kill may be tried: a run may end before its moment has come."""

KILLS, INTERRUPTIONS = 14, 7
"""Of each kind of run, in the long form; the short one takes the first of each."""


def _each(count: int) -> list[Any]:
    return [pytest.param(number, marks=[pytest.mark.slow] * (number > 0)) for number in range(count)]


@dataclass(frozen=True)
class Kind:
    """A kind of run.

    :param regions: what it does
    :param words: how
    """

    regions: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def arguments(self) -> list[str]:
        """The command line."""
        return [*self.regions, *RULES, *self.words]


KINDS = {
    "file": Kind(ONE, ("--transfer", "file", "--config", SLOWED)),
    "stream": Kind(ONE, ("--transfer", "stream", "--config", SLOWED, "uploads_per_region=2")),
    "spool": Kind(TWO, ("--transfer", "spool", "--parallel", "--config", SLOWED, "max_children=2")),
    "server": Kind(ONE, ("--transfer", "server", "--config", "uploads_per_region=2")),
}


LEFT_TIDY = "ERROR:Interrupted; no unfinished image is left."


class Grounds:
    """The development cloud with a master, and the regions that the runs are about.

    :param cloud: where
    :param folder: where the runs are made
    """

    def __init__(self, cloud: FaultyCloud, folder: Path) -> None:
        self._cloud = cloud
        self._folder = folder
        self._durations: dict[str, float] = {}
        self.spool = folder / "spool"
        self.states: Counter[str] = Counter()
        cloud.fill("Spain", MASTER_BEFORE)
        self._master = sorted(cloud.seen("Spain"), key=lambda image: image.id)

    @property
    def command(self) -> Command:
        """The program, with a spool of its own."""
        return self._cloud.command(
            self._folder, configuration=f"{self._cloud.usual_configuration}spool_dir = {self.spool}\n"
        )

    def reset(self, kind: Kind) -> dict[str, Mapping[str, str]]:
        """Make the regions what they were; region → label → UUID."""
        with ThreadPoolExecutor() as pool:
            return dict(zip(kind.regions, pool.map(self._cloud.fill, kind.regions, [BEFORE] * 2), strict=False))

    def seen(self, kind: Kind) -> dict[str, list[Seen]]:
        """What the observer sees in each region."""
        return {region: self._cloud.seen(region) for region in kind.regions}

    def begin(self, kind: Kind) -> Running:
        """Begin a run; it has just made its plan."""
        events = self._folder / "events"
        events.unlink(missing_ok=True)
        running = self.command.start(*kind.arguments, "--events", str(events))
        wait_for(lambda: events.exists() and "region-planned" in events.read_text(), "a plan")
        return running

    def duration(self, name: str) -> float:
        """Seconds from the plan to the end of a run that nobody disturbs."""
        if name not in self._durations:
            kind = KINDS[name]
            ids = self.reset(kind)
            running = self.begin(kind)
            planned = time.monotonic()
            result = running.finish()
            self._durations[name] = time.monotonic() - planned
            assert (result.code, result.errors) == (0, [])
            self.assert_in_order(kind, ids)
        return self._durations[name]

    def moments(self, name: str, number: int, count: int) -> Iterator[float]:
        """The moments at which an interruption is tried, one after the other.

        :param number: of the interruption
        :param count: how many interruptions there are; each has its part of the run's time
        """
        parts = list(range(count))
        random.Random(f"{SEED} {name} {count}").shuffle(parts)
        chance = random.Random(f"{SEED} {name} {count} {number}").random()
        moment = self.duration(name) * (parts[number] + chance) / count
        return (moment * 0.9**again for again in range(TRIES))

    def assert_usable(self, kind: Kind) -> None:
        """Everything that could be used still can."""
        for images in self.seen(kind).values():
            assert_usable(images)
            self.states.update(unfinished(images) or ["nothing"])

    def is_tidy(self, kind: Kind) -> bool:
        """Whether nothing is unfinished; what Glance has been asked to delete may be there for a moment."""
        seen = self.seen(kind)
        for images in seen.values():
            assert_usable(images)
        return not any(unfinished(images) for images in seen.values())

    def assert_the_next_run_ends_in_order(self, kind: Kind, ids: Mapping[str, Mapping[str, str]]) -> None:
        """One more run brings everything to its end and leaves nothing of its own."""
        result = self.command(*kind.arguments)
        assert (result.code, result.errors) == (0, []), result.out
        self.assert_in_order(kind, ids)
        assert {file.name for file in self.spool.glob("*")} <= {"admission"}
        status = self.command("--show-status", *kind.regions, *RULES)
        rows = [row.split(",") for row in status.out.splitlines()]
        names = sorted(image.name for image in MASTER if image.name != "gone_obsolete")
        assert sorted(row[1:] for row in rows) == sorted([region, name] for region in kind.regions for name in names)
        assert {row[0] for row in rows} == {"ok"}

    def assert_in_order(self, kind: Kind, ids: Mapping[str, Mapping[str, str]]) -> None:
        """The regions are what they should be."""
        for region, images in self.seen(kind).items():
            assert_in_order(images, ids[region], MASTER_BEFORE)

    def assert_master_untouched(self) -> None:
        """The master holds what it held."""
        assert sorted(self._cloud.seen("Spain"), key=lambda image: image.id) == self._master


@pytest.fixture(scope="module")
def grounds(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grounds]:
    cloud = FaultyCloud(running_cloud(root), tmp_path_factory.mktemp("cloud"))
    yield Grounds(cloud, tmp_path_factory.mktemp("runs"))
    for region in ("Spain", *TWO):
        cloud.fill(region, [])


@pytest.mark.parametrize("number", _each(KILLS))
@pytest.mark.parametrize("name", KINDS)
def test_whenever_a_run_is_killed_the_regions_can_be_used_and_finished(
    grounds: Grounds, name: str, number: int
) -> None:
    print(f"KILL_SEED={SEED}")
    kind = KINDS[name]
    for moment in grounds.moments(name, number, KILLS):
        ids = grounds.reset(kind)
        running = grounds.begin(kind)
        is_late = running.ends_within(moment)
        print(f"killed {moment:.3f} s after the plan{', too late' if is_late else ''}")
        if not is_late:
            running.kill()
        running.finish()
        grounds.assert_usable(kind)
        grounds.assert_the_next_run_ends_in_order(kind, ids)
        if not is_late:
            break
    else:
        pytest.fail("the run always ended before it could be killed")
    print(f"unfinished after all kills so far: {dict(grounds.states)}")
    grounds.assert_master_untouched()


@pytest.mark.parametrize("number", _each(INTERRUPTIONS))
@pytest.mark.parametrize("name", KINDS)
def test_whenever_a_run_is_interrupted_it_is_tidy_or_reports(grounds: Grounds, name: str, number: int) -> None:
    print(f"KILL_SEED={SEED}")
    kind = KINDS[name]
    wanted = random.Random(f"{SEED} {name} {number} signals").choice([signal.SIGINT, signal.SIGTERM])
    for moment in grounds.moments(name, number, INTERRUPTIONS):
        ids = grounds.reset(kind)
        running = grounds.begin(kind)
        is_late = running.ends_within(moment)
        print(f"{wanted.name} {moment:.3f} s after the plan{', too late' if is_late else ''}")
        if not is_late:
            running.send(wanted)
        result = running.finish(TIDY)
        assert running.processes() == []
        # What a region is fetching by itself stays for the next run, or its content would for ever.
        if result.errors in ([], [LEFT_TIDY]) or kind is not KINDS["server"]:
            wait_for(partial(grounds.is_tidy, kind), "a tidy region", TIDY)
        grounds.assert_the_next_run_ends_in_order(kind, ids)
        if result.code != 0:
            (reported,) = result.errors
            assert result.code == 128 + wanted
            assert reported == LEFT_TIDY or re.match(
                "ERROR:Interrupted; .* for the next run to finish or remove: ", reported
            )
            break
    else:
        pytest.fail("the run always ended before it could be interrupted")
