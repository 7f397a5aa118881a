"""How many backups run at once, and which volume is next (volumes 2)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.volumes.planning.backup_limits import Candidate, Choice, RunningBackup, choose
from fiwareglancesync.volumes.volume_model import VolumeSettings
from tests.support.volumes import HOUR, NOW

SETTINGS = VolumeSettings()
TWO_HOSTS = frozenset({"h1", "h2"})

candidates = st.lists(
    st.builds(
        Candidate,
        st.integers(0, 10**6).map(str),
        st.sampled_from("abcdef"),
        st.integers(0, 10**6).map(lambda seconds: NOW - timedelta(seconds=seconds)),
    ),
    unique_by=lambda candidate: candidate.volume_id,
    max_size=40,
)
running = st.lists(
    st.builds(RunningBackup, st.sampled_from("abcdef"), st.sampled_from(["", "h1", "h2", "h3"])), max_size=6
)


def waiting(*names: str) -> list[Candidate]:
    """Candidates ``PROJECT-NUMBER``; the first one waits for the longest time."""
    return [Candidate(name, name.partition("-")[0], NOW - (len(names) - n) * HOUR) for n, name in enumerate(names)]


def begins(found: list[Candidate], *others: RunningBackup, hosts: frozenset[str] = TWO_HOSTS) -> list[str]:
    return list(choose(found, others, hosts, SETTINGS).begins)


def test_the_longest_waiting_volume_is_first() -> None:
    assert begins(waiting("a-1", "b-1", "c-1", "d-1", "e-1")) == ["a-1", "b-1", "c-1", "d-1"]


def test_a_project_with_many_volumes_does_not_keep_others_waiting() -> None:
    assert begins(waiting("a-1", "a-2", "a-3", "a-4", "a-5", "b-1")) == ["a-1", "b-1", "a-2"]
    assert begins(waiting("a-1", "a-2", "b-1"), RunningBackup("a", "h1"), RunningBackup("c", "h2")) == ["b-1", "a-1"]


def test_a_project_has_at_most_its_number() -> None:
    busy = [RunningBackup("a", "h1"), RunningBackup("a", "h2")]
    found = choose(waiting("a-1", "b-1"), busy, TWO_HOSTS, SETTINGS)
    assert found == Choice(["b-1"], frozenset({"a"}), is_full=False)


def test_hosts_have_at_most_their_number() -> None:
    assert begins(waiting("a-1", "b-1", "c-1"), hosts=frozenset({"h1"})) == ["a-1", "b-1"]
    assert begins(waiting("a-1", "b-1"), RunningBackup("x", "h1"), hosts=frozenset({"h1"})) == ["a-1"]
    assert begins(waiting("a-1"), RunningBackup("x", "gone"), RunningBackup("y", "gone"), hosts=frozenset({"h1"})) == [
        "a-1"
    ]
    assert begins(waiting("a-1"), RunningBackup("x", ""), RunningBackup("y", ""), hosts=frozenset({"h1"})) == []


def test_nothing_begins_without_a_host() -> None:
    assert choose(waiting("a-1"), [], frozenset(), SETTINGS) == Choice([], frozenset(), is_full=True)


@given(candidates, running, st.integers(1, 8), st.integers(1, 4), st.integers(1, 4))
def test_no_limit_is_exceeded_and_no_place_is_left_free(
    found: list[Candidate], busy: list[RunningBackup], most: int, per_project: int, per_host: int
) -> None:
    settings = VolumeSettings(max_running=most, max_running_per_project=per_project, max_running_per_host=per_host)
    chosen = choose(found, busy, TWO_HOSTS, settings)
    project_of = {candidate.volume_id: candidate.project_id for candidate in found}
    counts = Counter(each.project_id for each in busy)
    before = dict(counts)
    counts.update(project_of[volume_id] for volume_id in chosen.begins)
    on_hosts = Counter(each.host for each in busy)
    room = sum(max(0, per_host - on_hosts[host]) for host in TWO_HOSTS) - on_hosts[""]
    assert len(set(chosen.begins)) == len(chosen.begins)
    assert all(count <= max(per_project, before.get(project, 0)) for project, count in counts.items())
    if chosen.begins:
        assert len(busy) + len(chosen.begins) <= most
        assert len(chosen.begins) <= room
    if not chosen.is_full:
        left = [each for each in found if each.volume_id not in chosen.begins]
        assert all(counts[each.project_id] >= per_project for each in left)


@given(candidates)
def test_within_a_project_the_longest_waiting_one_is_first(found: list[Candidate]) -> None:
    begun = set(begins(found))
    for project in "abcdef":
        own = sorted(
            (each for each in found if each.project_id == project), key=lambda each: (each.since, each.volume_id)
        )
        states = [each.volume_id in begun for each in own]
        assert states == sorted(states, reverse=True)
