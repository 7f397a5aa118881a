"""The request of a synchronisation, as it is stored."""

from __future__ import annotations

from fiwareglancesync.images.region_job import Mode
from fiwareglancesync.images.region_names import RegionRef
from fiwareglancesync.images.settings import Decision, DecisionAction
from fiwareglancesync.images.sync_request import SyncRequest


def test_a_request_is_read_as_it_was_written() -> None:
    decisions = {"a": Decision("x", DecisionAction.RENAME)}
    request = SyncRequest(True, ("a*",), {"replace": "any"}, replace_lists=True, decisions=decisions)
    assert SyncRequest.parse(request.text()) == request


def test_a_request_of_an_older_version_is_read() -> None:
    old = '{"config": {"replace": "any"}, "dry_run": true, "images": ["a*"]}'
    assert SyncRequest.parse(old) == SyncRequest(True, ("a*",), {"replace": "any"})


def test_equal_requests_have_equal_texts() -> None:
    texts = {SyncRequest(config=config).text() for config in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"})}
    assert len(texts) == 1
    assert SyncRequest().text() not in texts


def test_options_are_those_of_the_regions_target() -> None:
    request = SyncRequest(config={"rename": "any"})
    assert request.overrides(RegionRef("other", "Madrid")) == ["other.rename=any"]
    assert (request.mode, SyncRequest(dry_run=True).mode) == (Mode.SYNC, Mode.DRY_RUN)
