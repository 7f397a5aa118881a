"""A process that is killed right after any of its writes leaves a region that can be used, and finished."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.cloud import running_cloud
from tests.support.interruptions import FORGED, MASTER, REGION_BEFORE, RULES, assert_in_order, assert_usable
from tests.support.kill_after import KILLED
from tests.support.worlds import CloudWorld, EmbeddedWorld, World, run_program

REGION = "Burgos"
KILLER = str(Path(__file__).resolve().parents[1] / "support" / "kill_after.py")
ARGUMENTS = [REGION, *RULES]


@pytest.fixture(params=["embedded", pytest.param("openstack", marks=pytest.mark.integration)])
def world(request: pytest.FixtureRequest, tmp_path: Path, root: Path) -> World:
    """A federation with the master filled."""
    made: World
    if request.param == "embedded":
        folder = tmp_path / "world"
        folder.mkdir()
        made = EmbeddedWorld(folder)
    else:
        made = CloudWorld(running_cloud(root), tmp_path)
    made.fill("Spain", MASTER)
    return made


def _killed_after(world: World, number: int, folder: Path) -> tuple[int, list[str]]:
    writes = folder / "writes"
    writes.unlink(missing_ok=True)
    result = run_program(world, ARGUMENTS, folder, KILLER, str(number), str(writes))
    assert "Traceback" not in result.stderr
    return result.returncode, writes.read_text().split()


def _assert_the_next_run_ends_in_order(world: World, folder: Path, ids: Mapping[str, str]) -> None:
    result = run_program(world, ARGUMENTS, folder)
    assert (result.returncode, "ERROR" in result.stderr) == (0, False), result.stderr
    assert_in_order(world.seen(REGION), ids)


def test_a_region_can_be_used_and_finished_wherever_the_run_is_killed(world: World, tmp_path: Path) -> None:
    before = [*REGION_BEFORE, *FORGED]
    ids = world.fill(REGION, before)
    code, writes = _killed_after(world, 0, tmp_path)
    assert code == 0
    assert {"create", "update", "delete"} <= set(writes)
    _assert_the_next_run_ends_in_order(world, tmp_path, ids)
    for number in range(1, len(writes) + 1):
        ids = world.fill(REGION, before)
        code, done = _killed_after(world, number, tmp_path)
        assert (code, len(done)) == (KILLED, number)
        assert_usable(world.seen(REGION))
        _assert_the_next_run_ends_in_order(world, tmp_path, ids)
