"""A run never writes to the only good backup, and events have ids of their own (vms 2.0, 2.8)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.vms.engines.engine_event import LARGEST_ID, Severity, events_of
from fiwareglancesync.vms.planning.generation_plan import (
    keep_warning,
    snapshot_name,
    surplus_snapshots,
    volume_to_write,
)
from fiwareglancesync.vms.vm_options import KEEP_NOTHING, Keep, KeepMethod

times = st.sampled_from(["2026-11-26T01:00:00+00:00", "2026-11-27T01:00:00+00:00", "2026-11-28T01:00:00+00:00"])


@given(st.dictionaries(st.sampled_from(["copy", "other", "foreign"]), times))
def test_the_volume_with_the_newest_good_backup_is_not_written(good: dict[str, str]) -> None:
    written = volume_to_write("copy", "other", good)
    [kept] = {"copy", "other"} - {written}
    assert good.get(kept, "") >= good.get(written, "")


def test_the_first_run_writes_the_volume_of_the_command_line() -> None:
    assert volume_to_write("copy", "other", {}) == "copy"
    assert volume_to_write("copy", "other", {"copy": "2026"}) == "other"
    assert volume_to_write("copy", "other", {"other": "2026"}) == "copy"


def test_a_run_that_keeps_nothing_is_warned_of() -> None:
    assert "no consistent backup" in keep_warning(KEEP_NOTHING)
    assert [keep_warning(KeepMethod(keep)) for keep in Keep if keep is not Keep.NONE] == ["", "", ""]


def test_the_oldest_snapshots_of_ours_are_removed() -> None:
    names = [snapshot_name(f"2026112{day}T010000") for day in (8, 6, 7)]
    assert surplus_snapshots([*names, "nightly", "a"], 2) == (names[1],)
    assert surplus_snapshots(names, 3) == ()


class TestEvents:
    def test_each_cluster_gets_one_with_an_id_of_its_own(self) -> None:
        events = events_of("run-1", Severity.ALERT, "text", ("b", "a", "b"), "domain")
        assert [(each.cluster, each.domain) for each in events] == [("a", "domain"), ("b", "domain")]
        assert len({each.custom_id for each in events}) == 2
        assert [each.cluster for each in events_of("run-1", Severity.NORMAL, "text", (), "")] == [""]

    @given(st.text(), st.sampled_from(Severity), st.text())
    def test_the_same_event_has_the_same_id_that_the_engine_can_keep(
        self, run: str, severity: Severity, text: str
    ) -> None:
        [first], [second] = (events_of(run, severity, text, (), "") for _ in range(2))
        assert first == second
        assert 0 < first.custom_id <= LARGEST_ID
