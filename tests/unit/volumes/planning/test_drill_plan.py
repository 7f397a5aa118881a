"""Which backups a drill restores: the pure choice of the sample (volumes 1.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.openstack.cloud_model import Volume
from fiwareglancesync.volumes.drill_model import DRILL_KEY, DrillRecord
from fiwareglancesync.volumes.planning.drill_plan import MARGIN_SECONDS, DrillCandidate, choose_sample
from tests.support.volume_drills import drill
from tests.support.volume_records import planned

START = datetime(2026, 11, 28, 22, 0, tzinfo=timezone.utc)


def candidate(volume: str) -> DrillCandidate:
    return DrillCandidate(planned(volume, backup_id=f"backup of {volume}"), MARGIN_SECONDS, None, "")


VOLUMES = st.lists(st.sampled_from([f"v{number}" for number in range(12)]), unique=True)
EARLIER = st.lists(st.tuples(st.sampled_from([f"v{number}" for number in range(14)]), st.integers(0, 10**6)))


@given(VOLUMES, EARLIER, st.integers(1, 15))
def test_a_sample_is_of_different_volumes_and_prefers_those_drilled_longest_ago(
    volumes: list[str], earlier: list[tuple[str, int]], sample: int
) -> None:
    drills = [drill(volume, START + timedelta(seconds=seconds)) for volume, seconds in earlier]
    chosen = [each.record.volume_id for each in choose_sample(map(candidate, volumes), drills, sample)]
    assert len(chosen) == len(set(chosen)) == min(sample, len(volumes))
    last = {volume: max([-1, *(seconds for name, seconds in earlier if name == volume)]) for volume in volumes}
    left = set(volumes) - set(chosen)
    assert all(last[one] <= last[other] for one in chosen for other in left)


@given(st.lists(st.sampled_from([f"v{number}" for number in range(8)]), unique=True, min_size=1), st.integers(1, 4))
def test_every_volume_has_its_turn(volumes: list[str], sample: int) -> None:
    drills: list[DrillRecord] = []
    turns = -(-len(volumes) // sample)
    for turn in range(turns):
        chosen = choose_sample(map(candidate, volumes), drills, sample)
        drills += [drill(each.record.volume_id, START + timedelta(hours=turn)) for each in chosen]
    assert {each.volume_id for each in drills} == set(volumes)


@given(st.permutations(["v1", "v2", "v3"]), st.permutations([("v1", 5), ("v2", 3), ("v1", 1)]))
def test_the_choice_does_not_depend_on_the_order_in_which_things_are_read(
    volumes: list[str], earlier: list[tuple[str, int]]
) -> None:
    drills = [drill(volume, START + timedelta(hours=hours)) for volume, hours in earlier]
    chosen = [each.record.volume_id for each in choose_sample(map(candidate, volumes), drills, 3)]
    assert chosen == ["v3", "v2", "v1"]


@pytest.mark.parametrize(("left", "may"), [(timedelta(seconds=299), False), (timedelta(seconds=301), True)])
def test_a_drill_ends_before_the_next_backup(left: timedelta, may: bool) -> None:
    later = replace(candidate("v"), until=START + left)
    assert (later.why_later(START) == "") is may
    assert may or later.why_later(START) == f"the next backup of the volume is due at {later.until:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize(
    ("change", "is_ours"),
    [
        pytest.param({}, True, id="as the row names it"),
        pytest.param({"metadata": {}}, True, id="restored, which replaces the metadata"),
        pytest.param({"id": "other"}, False, id="another id"),
        pytest.param({"name": "glancesync-drill-e"}, False, id="another name"),
        pytest.param({"project_id": "tenant"}, False, id="another project"),
    ],
)
def test_a_temporary_volume_is_what_the_row_names(change: dict[str, object], is_ours: bool) -> None:
    volume = Volume("t", "glancesync-drill-d", "own", "available", 1, {DRILL_KEY: "d"})
    assert drill("v", START, temporary_id="t").is_of(replace(volume, **change)) is is_ours  # type: ignore[arg-type]


@pytest.mark.parametrize(("metadata", "is_ours"), [({DRILL_KEY: "d"}, True), ({DRILL_KEY: "e"}, False), ({}, False)])
def test_without_its_id_the_metadata_has_to_name_the_drill(metadata: dict[str, str], is_ours: bool) -> None:
    volume = Volume("t", "glancesync-drill-d", "own", "available", 1, metadata)
    assert drill("v", START).is_of(volume) is is_ours
