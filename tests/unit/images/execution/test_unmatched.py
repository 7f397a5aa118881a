"""Words of lists that nothing in the cloud matches get a warning with the nearest name (sync 3.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from fiwareglancesync.base.errors import CloudError
from fiwareglancesync.images.execution.unmatched import unmatched_entries
from fiwareglancesync.images.model import Listing
from fiwareglancesync.images.settings import ListEntry, Settings, Target
from tests.support.builders import MASTER, OURS, master_image

UUID = "6e240dd4-e304-4599-b7d8-e38e13cef058"
REGIONS = {"master": ["Burgos", "Caceres", "Spain"], "other": ["Madrid"]}


class Federation:
    """Knows regions, and who asked for them."""

    def __init__(self, regions: Mapping[str, Sequence[str]]) -> None:
        self._regions = regions
        self.asked: list[str] = []

    def regions(self, target: Target) -> Sequence[str]:
        self.asked.append(target.name)
        if target.name not in self._regions:
            raise CloudError("nobody answers")
        return self._regions[target.name]


def reported(
    *words: tuple[str, str],
    targets: tuple[str, ...] = ("master", "other"),
    asked: Sequence[str] = ("master",),
    properties: Sequence[str] = ("nid", "nid_version", "type"),
    listed: Sequence[str] = (),
    federation: Any = None,
) -> list[str]:
    """What is reported about words of lists that hold for some targets."""
    entries = tuple(ListEntry("FILE:1: [x] list", key, word, targets) for key, word in words)
    regions = tuple(word for key, word in words if key == "ignore_regions")
    made = {name: Target(name, ignore_regions=regions, metadata_set=frozenset(listed)) for name in ("master", "other")}
    known: Any = federation or Federation(REGIONS)
    images = (master_image("one", id=UUID, properties=dict.fromkeys(properties, "x")),)
    settings = Settings(MASTER, made, entries=entries)
    messages = unmatched_entries(settings, asked, known, Listing(MASTER, OURS, images))
    return [message.text.removeprefix("FILE:1: [x] list: ") for message in messages]


class TestRegions:
    @pytest.mark.parametrize("word", ["Burgos", "Spain", "master:Burgos"])
    def test_one_that_is_there_is_right(self, word: str) -> None:
        assert reported(("ignore_regions", word), targets=("master",)) == []

    @pytest.mark.parametrize(
        ("word", "near"), [("burgos", "Burgos"), ("master:burgos", "Burgos"), ("Caceras", "Caceres")]
    )
    def test_a_misspelt_one_is_reported_with_the_nearest(self, word: str, near: str) -> None:
        assert reported(("ignore_regions", word)) == [f"there is no region '{word}'; did you mean {near}?"]

    def test_any_other_is_reported_where_all_its_targets_are_asked(self) -> None:
        assert reported(("ignore_regions", "Xyz"), targets=("master",)) == ["there is no region 'Xyz'"]
        assert reported(("ignore_regions", "Xyz"), asked=("master", "other")) == ["there is no region 'Xyz'"]

    def test_a_target_that_nobody_asks_for_may_have_it(self) -> None:
        federation = Federation(REGIONS)
        assert reported(("ignore_regions", "Madrid"), federation=federation) == []
        assert federation.asked == ["master"]
        assert reported(("ignore_regions", "other:Madrod")) == []
        assert reported(("ignore_regions", "other:Madrod"), asked=("other",)) == [
            "there is no region 'other:Madrod'; did you mean Madrid?"
        ]

    def test_what_is_in_one_of_the_targets_is_right(self) -> None:
        assert reported(("ignore_regions", "Madrid"), asked=("master", "other")) == []

    def test_a_target_that_cannot_be_asked_reports_nothing(self) -> None:
        assert reported(("ignore_regions", "Xyz"), targets=("master",), federation=Federation({})) == []

    def test_without_a_list_nobody_is_asked(self) -> None:
        federation = Federation(REGIONS)
        assert reported(("forcesyncs", UUID), federation=federation) == []
        assert federation.asked == []


class TestImages:
    def test_one_that_the_master_has_is_right(self) -> None:
        assert reported(("forcesyncs", UUID)) == []

    def test_another_is_reported_with_the_nearest(self) -> None:
        word = UUID.replace("058", "059")
        assert reported(("forcesyncs", word)) == [f"the master has no image '{word}'; did you mean {UUID}?"]
        assert reported(("forcesyncs", "f" * 32)) == [f"the master has no image '{'f' * 32}'"]

    def test_targets_that_nobody_asks_for_do_not_matter(self) -> None:
        assert reported(("forcesyncs", "x"), targets=("other",)) == []


@pytest.mark.parametrize("key", ["metadata_set", "metadata_exclude", "obsolete_syncprops"])
class TestProperties:
    def test_one_in_use_is_right(self, key: str) -> None:
        assert reported((key, "nid"), (key, "nid_version")) == []

    @pytest.mark.parametrize(
        ("word", "near"), [("nid_versoin", "nid_version"), ("Type", "type"), ("nidversion", "nid_version")]
    )
    def test_a_misspelt_one_is_reported(self, key: str, word: str, near: str) -> None:
        assert reported((key, word)) == [f"no image of the master has the property '{word}'; did you mean {near}?"]

    @pytest.mark.parametrize("word", ["sdc_aware", "synchronise"])
    def test_one_that_is_not_in_use_yet_is_right(self, key: str, word: str) -> None:
        assert reported((key, word)) == []


def test_a_pattern_that_matches_one_is_right() -> None:
    assert reported(("metadata_exclude", "nid_v*"), ("metadata_exclude", "ni?")) == []


def test_a_property_beside_a_similar_one_is_no_slip() -> None:
    assert reported(("metadata_set", "nid_versions"), listed=("nid_versions", "nid_version")) == []
