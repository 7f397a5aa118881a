"""What gluster prints, in the words of old and new versions (vms 2.4)."""

from __future__ import annotations

from datetime import datetime

import pytest

from fiwareglancesync.vms.replication.georep_model import PairStatus
from fiwareglancesync.vms.replication.gluster_answers import demand_success, read_checkpoint, read_session, read_volume
from fiwareglancesync.vms.vm_errors import GlusterError, NoSession
from tests.support.gluster_texts import NEW, OLD, answer, pair, session_answer, volume_answer


@pytest.mark.parametrize("words", [OLD, NEW], ids=["master and slave", "primary and secondary"])
def test_a_session_is_read_in_both_wordings(words: tuple[str, str]) -> None:
    text = session_answer(pair("gm", "/b", completed="Yes", checkpoint="2026-11-28 18:16:02", words=words), words=words)
    [found] = read_session(text, "gs", "copy").pairs
    assert (found.brick, found.status, found.is_checkpoint_complete) == ("gm:/b", PairStatus.ACTIVE, True)
    assert found.checkpoint_time == datetime(2026, 11, 28, 18, 16, 2)
    assert found.last_synced == datetime(2026, 11, 28, 18, 15, 32)


def test_a_paused_pair_says_nothing() -> None:
    paused = pair("gm", "/b", status="Paused", completed="N/A", checkpoint="N/A", synced="N/A")
    [found] = read_session(session_answer(paused), "gs", "copy").pairs
    assert (found.status, found.is_checkpoint_complete) == (PairStatus.PAUSED, None)
    assert (found.checkpoint_time, found.last_synced) == (None, None)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Initializing...", PairStatus.INITIALIZING),
        ("Faulty", PairStatus.FAULTY),
        ("Passive", PairStatus.PASSIVE),
        ("Config Corrupted", PairStatus.UNKNOWN),
    ],
)
def test_each_status_is_known_or_unknown(word: str, status: PairStatus) -> None:
    [found] = read_session(session_answer(pair("gm", "/b", status=word)), "gs", "copy").pairs
    assert found.status is status


@pytest.mark.parametrize("address", ["ssh://gs::copy", "ssh://root@gs::copy", "ssh://geo@gs::copy"])
def test_the_session_is_found_by_host_and_volume(address: str) -> None:
    text = session_answer(pair("gm", "/b"), address=address)
    assert read_session(text, "gs", "copy").pairs
    for host, volume in (("gs", "cop"), ("s", "copy"), ("gs", "copy2")):
        with pytest.raises(NoSession, match=f"{host}::{volume}"):
            read_session(text, host, volume)


def test_a_refusal_is_an_error_with_gluster_s_words() -> None:
    with pytest.raises(GlusterError, match="No active geo-replication sessions"):
        demand_success(answer("", code=-1, error="No active geo-replication sessions between a and b"))


@pytest.mark.parametrize("text", ["", "geo-replication command failed", "<other/>", "<!DOCTYPE x><cliOutput/>"])
def test_what_is_no_answer_is_an_error(text: str) -> None:
    with pytest.raises(GlusterError):
        demand_success(text)


def test_a_volume_has_its_replica_sets_and_shards() -> None:
    text = volume_answer("data", ["a:/1", "b:/1", "a:/2", "b:/2"], replicas=2, options={"features.shard": "on"})
    found = read_volume(text, "data")
    assert found.replica_sets == (frozenset({"a:/1", "b:/1"}), frozenset({"a:/2", "b:/2"}))
    assert (found.is_started, found.shard_size) == (True, "64MB")
    assert read_volume(volume_answer("data", ["a:/1"]), "data").shard_size == ""
    with pytest.raises(GlusterError, match="does not list the volume other"):
        read_volume(text, "other")


def test_a_checkpoint_is_a_number_of_seconds() -> None:
    text = "<geoRep><config><checkpoint>1795890309</checkpoint></config></geoRep>"
    assert read_checkpoint(answer(text)) == 1795890309
    with pytest.raises(GlusterError, match="no checkpoint"):
        read_checkpoint(answer(text.replace("1795890309", "0x")))
