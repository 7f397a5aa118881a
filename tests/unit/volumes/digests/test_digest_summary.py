"""What a cycle found is kept until the next digest (volumes 6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.openstack.cloud_model import BackupQuota
from fiwareglancesync.volumes.digests.digest_model import LateVolume, ProjectDigest, SkippedVolume
from fiwareglancesync.volumes.digests.digest_summary import UNREADABLE, read_summary, summary_json
from tests.support.digests import ANALYTICS, WEB

AWARE = st.datetimes(timezones=st.just(timezone.utc))
TEXTS = st.text(st.characters())
PRESENT = st.builds(
    ProjectDigest,
    st.just("1"),
    st.just("demo"),
    late=st.lists(st.builds(LateVolume, TEXTS, TEXTS, st.none() | AWARE), max_size=3).map(tuple),
    skipped=st.lists(st.builds(SkippedVolume, TEXTS, TEXTS, TEXTS), max_size=3).map(tuple),
    unprotected=st.lists(TEXTS, max_size=3).map(tuple),
    quota=st.none() | st.from_type(BackupQuota),
    warnings=st.lists(TEXTS, max_size=3).map(tuple),
)


@given(PRESENT)
def test_it_is_read_as_it_was_written(project: ProjectDigest) -> None:
    assert read_summary("1", "demo", summary_json(project)) == project


def test_outcomes_are_not_kept_as_records_have_them() -> None:
    found = read_summary(WEB.project_id, WEB.project_name, summary_json(WEB))
    assert found == replace(WEB, failed=(), good=(), expired=())


def test_before_the_first_cycle_there_is_nothing() -> None:
    assert read_summary("1", "demo", "") == ProjectDigest("1", "demo")


@pytest.mark.parametrize("text", ["{", "[]", "null", "{}", summary_json(ANALYTICS).replace("late", "older")])
def test_what_cannot_be_read_is_a_warning(text: str) -> None:
    assert read_summary("1", "demo", text) == ProjectDigest("1", "demo", warnings=(UNREADABLE,))
