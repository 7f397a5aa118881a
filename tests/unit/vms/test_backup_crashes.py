"""A run that is killed at any of its calls and writes, and what holds afterwards (vms 2, 2.9)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.vms.backup_journal import ENDED
from fiwareglancesync.vms.planning.vm_result import Result
from fiwareglancesync.vms.planning.vm_status import volume_status
from tests.support.vm_runs import Operator
from tests.support.vm_site import MASTER, SLAVES, Site

GUESTS = 2
ANYWHERE = st.integers(1, 90)
SLICES = 4
"""Looks at the site while time passes."""


def demand_invariants(operator: Operator) -> None:
    """What holds at every moment."""
    site = operator.site
    bases = {chain[-1] for each in site.engine.machines.values() for chain in each.chains.values()}
    assert bases <= site.files.keys(), "a base layer is gone"
    for journal in operator.good:
        assert site.holds(journal), f"the slave of {journal.run} is said to be consistent"
    named = {disk.overlay for each in operator.journals.all() for machine in each.machines for disk in machine.disks}
    assert site.overlays() <= named, "an overlay is named in no journal"


def demand_nothing_left(operator: Operator) -> None:
    """What holds after a recovery that found everything in order."""
    assert operator.site.overlays() == set()
    assert operator.site.is_at_rest()
    assert all(machine.stage in ENDED for each in operator.journals.all() for machine in each.machines)


def points() -> int:
    """How many points a run has."""
    number = 1
    while Operator(Site(GUESTS)).killed(number):
        number += 1
    return number - 1


COUNT = points()


@pytest.mark.parametrize("number", range(1, COUNT + 1))
def test_after_a_kill_at_any_point_a_recovery_leaves_nothing_and_the_older_backup_stays(number: int) -> None:
    operator = Operator(Site(GUESTS))
    assert operator.back_up().result == Result.SUCCESS.value
    [former] = operator.good
    assert operator.killed(number)
    operator.site.pass_time(50)
    demand_invariants(operator)
    assert former in operator.good
    assert operator.recover()
    demand_invariants(operator)
    demand_nothing_left(operator)
    assert former in operator.good
    assert operator.back_up().result == Result.SUCCESS.value
    demand_invariants(operator)


def test_a_run_has_points_in_each_step() -> None:
    assert COUNT > 60


def test_a_kill_after_the_checkpoint_is_recorded_leaves_a_backup_that_the_recovery_finishes() -> None:
    finished = 0
    for number in range(1, COUNT + 1):
        operator = Operator(Site(GUESTS))
        operator.killed(number)
        if not any(each.is_complete and not each.ended for each in operator.journals.all()):
            continue
        operator.site.pass_time(50)
        assert operator.recover()
        [journal] = operator.good
        assert journal.slave_text == f"consistent as of {journal.run}"
        assert journal.result == Result.SUCCESS.value
        finished += 1
    assert finished > 10


@given(st.lists(st.tuples(st.sampled_from(["run", "recover", "time", "off", "on"]), ANYWHERE), max_size=8))
def test_whatever_is_killed_and_switched_off_in_whatever_order(acts: list[tuple[str, int]]) -> None:
    operator = Operator(Site(GUESTS))
    for act, number in acts:
        match act:
            case "time":
                operator.site.pass_time(number)
            case "off" | "on":
                operator.site.set_state(1 + number % GUESTS, "down" if act == "off" else "up")
            case _:
                operator.killed(number, recovers=act == "recover")
        demand_invariants(operator)
    for number in range(1, GUESTS + 1):
        operator.site.set_state(number, "up")
    operator.recover()
    ended = operator.back_up()
    assert ended.result == Result.SUCCESS.value, [each.text for each in operator.lines]
    assert ended.master == MASTER
    demand_invariants(operator)
    demand_nothing_left(operator)


@pytest.mark.parametrize("number", range(1, COUNT + 1))
def test_a_disaster_at_any_point_leaves_a_slave_to_boot_from_and_status_names_it(number: int) -> None:
    operator = Operator(Site(GUESTS))
    older, newer = operator.back_up(), operator.back_up()
    assert {older.slave, newer.slave} == set(SLAVES)
    operator.killed(number)
    operator.site.pass_time(7)
    operator.site.files.clear()  # the master is gone, so nothing is recovered, and no session copies any more
    found = volume_status(MASTER, operator.journals.all())
    whole = [each for each in found.slaves if each.is_consistent]
    assert f"consistent as of {newer.run}" in {each.state for each in whole}
    journals = {each.run: each for each in operator.journals.all()}
    for each in whole:
        assert each.state == f"consistent as of {each.run}"
        assert operator.site.holds(journals[each.run])
        assert len([machine for machine in journals[each.run].machines if not machine.is_dropped]) == GUESTS


def test_at_every_instant_of_runs_one_consistent_backup_of_all_machines_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = Operator(Site(GUESTS))
    operator.back_up()
    seen: set[str] = set()

    def watched(passes: Callable[[Site, float], None]) -> Callable[[Site, float], None]:
        def pass_time(site: Site, seconds: float) -> None:
            for part in range(SLICES):
                passes(site, seconds / SLICES)
                whole = [each for each in operator.good if site.holds(each) and len(each.machines) == GUESTS]
                assert whole, f"no backup is consistent in part {part} of {seconds} s"
                seen.update(each.slave_text for each in operator.newest.values())

        return pass_time

    monkeypatch.setattr(Site, "pass_time", watched(Site.pass_time))
    for _ in range(4):
        assert operator.back_up().result == Result.SUCCESS.value
    assert any(text.startswith("torn since") for text in seen), "nothing was watched while a slave was overwritten"
