"""A process that is killed right after any of its writes leaves a region that can be used, and finished."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import pytest

from tests.support.cloud import running_cloud
from tests.support.interruptions import FORGED, MASTER, REGION_BEFORE, RULES, assert_in_order, assert_usable
from tests.support.kill_after import KILLED
from tests.support.observed_federations import ObservedCloud, ObservedEmbedded, ObservedFederation, run_program

REGIONS = ("Burgos", "Caceres")
KILLER = str(Path(__file__).resolve().parents[1] / "support" / "kill_after.py")
BEFORE = (*REGION_BEFORE, *FORGED)


class Grounds:
    """A region that is killed in, and where it lies.

    :param federation: a federation with the master filled
    :param region: nobody else uses it
    :param folder: where the program runs
    """

    def __init__(self, federation: ObservedFederation, region: str, folder: Path) -> None:
        self._world = federation
        self._region = region
        self._folder = folder
        self._arguments = [region, *RULES]

    def writes(self) -> list[str]:
        """Let a run do all there is to do; the writes that it made."""
        ids = self._world.fill(self._region, BEFORE)
        code, writes = self._killed_after(0)
        assert code == 0
        self._assert_the_next_run_ends_in_order(ids)
        return writes

    def kill(self, number: int) -> None:
        """Kill a run right after its n-th write and see what it leaves, and what the next one makes of it."""
        ids = self._world.fill(self._region, BEFORE)
        code, done = self._killed_after(number)
        assert (code, len(done)) == (KILLED, number)
        assert_usable(self._world.seen(self._region))
        self._assert_the_next_run_ends_in_order(ids)

    def _killed_after(self, number: int) -> tuple[int, list[str]]:
        writes = self._folder / "writes"
        writes.unlink(missing_ok=True)
        result = run_program(self._world, self._arguments, self._folder, KILLER, str(number), str(writes))
        assert "Traceback" not in result.stderr
        return result.returncode, writes.read_text().split()

    def _assert_the_next_run_ends_in_order(self, ids: Mapping[str, str]) -> None:
        result = run_program(self._world, self._arguments, self._folder)
        assert (result.returncode, "ERROR" in result.stderr) == (0, False), result.stderr
        assert_in_order(self._world.seen(self._region), ids)


@pytest.fixture
def grounds(request: pytest.FixtureRequest, tmp_path: Path, root: Path) -> list[Grounds]:
    """Regions that can be killed in at the same time."""
    made: list[Grounds] = []
    for region in REGIONS:
        folder = tmp_path / region
        folder.mkdir()
        federation: ObservedFederation = ObservedEmbedded(folder)
        if request.param == "openstack":
            federation = ObservedCloud(running_cloud(root), folder)
        if request.param == "embedded" or not made:
            federation.fill("Spain", MASTER)
        made.append(Grounds(federation, region, folder))
    return made


@pytest.mark.parametrize(
    ("grounds", "step"),
    [
        ("embedded", 1),
        pytest.param("openstack", 2, marks=pytest.mark.integration),
        pytest.param("openstack", 1, marks=[pytest.mark.integration, pytest.mark.slow]),
    ],
    indirect=["grounds"],
)
def test_a_region_can_be_used_and_finished_wherever_the_run_is_killed(grounds: list[Grounds], step: int) -> None:
    writes = grounds[0].writes()
    assert {"create", "update", "delete"} <= set(writes)
    numbers = iter(range(1, len(writes) + 1, step))
    next_number = Lock()

    def kill(here: Grounds) -> None:
        while True:
            with next_number:
                number = next(numbers, None)
            if number is None:
                return
            here.kill(number)

    with ThreadPoolExecutor(len(grounds)) as pool:
        list(pool.map(kill, grounds))
