"""Which regions are meant, and in which order (sync 1.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from fiwareglancesync.base.errors import CloudError, Rejected, Scope, UnknownRegion, UsageError
from fiwareglancesync.base.messages import Message
from fiwareglancesync.images.places import PlaceIdentity
from fiwareglancesync.images.region_names import Refuse, RegionRef, all_regions, resolve_regions, unknown_target
from fiwareglancesync.images.settings import Settings, Target

REGIONS = {
    "master": ["Spain", "Burgos", "Avila", "Zamora", "Spain-again"],
    "other": ["Madrid", "Burgos", "Spain"],
    "third": ["Lisbon"],
}
MASTERS_ADDRESS = "https://glance.example.org"


@dataclass
class Federation:
    """Regions without images; ``other:Spain`` and ``Spain-again`` are the master's Glance under other names.

    :param broken: full names of regions whose addresses cannot be used
    """

    regions_of: Mapping[str, Sequence[str]]
    asked: list[str] = field(default_factory=list)
    broken: Sequence[str] = ()

    def regions(self, target: Target) -> Sequence[str]:
        self.asked.append(target.name)
        return self.regions_of[target.name]

    def place(self, target: Target, region: str) -> Any:
        name = RegionRef(target.name, region).full
        if name in self.broken:
            raise Rejected("no usable address", scope=Scope.REGION)
        masters = {"Spain", "Spain-again", "other:Spain"}
        address = MASTERS_ADDRESS if name in masters else f"http://{region}.{target.name}.example.org"
        # The targets "master" and "third" have one Keystone.
        keystone = f"https://{'other' if target.name == 'other' else 'keystone'}.example.org"
        return SimpleNamespace(name=name, identity=PlaceIdentity(keystone, region, "ours", address))

    def forked(self) -> None:
        """Nothing to do."""


def resolve(
    *words: str,
    preferred: Sequence[str] = (),
    federation: Federation | None = None,
    refuse: Refuse | None = None,
    lost: Callable[[Target, CloudError], None] | None = None,
    **ignored: str,
) -> list[str]:
    """Full names of the regions that are meant."""
    targets = {name: Target(name, ignore_regions=(ignored[name],) if name in ignored else ()) for name in REGIONS}
    settings = Settings("Spain", targets, preferable_order=tuple(preferred))
    refs = resolve_regions(words, settings, federation or Federation(REGIONS), lost, refuse=refuse)
    return [ref.full for ref in refs]


def test_none_given_means_all_of_master_but_the_master_itself() -> None:
    assert resolve() == ["Avila", "Burgos", "Zamora"]
    assert resolve("master:") == ["Avila", "Burgos", "Zamora"]


def test_ignored_regions_are_left_out_of_their_own_targets_expansion() -> None:
    assert resolve(master="Burgos") == ["Avila", "Zamora"]
    assert resolve("master:", "other:", master="Burgos") == ["Avila", "Zamora", "other:Burgos", "other:Madrid"]


def test_the_master_region_is_left_out_under_whatever_name() -> None:
    assert resolve("other:") == ["other:Burgos", "other:Madrid"]
    federation = Federation({**REGIONS, "third": ["Lisbon", "Spain"]})
    assert resolve("third:", federation=federation) == ["third:Lisbon"]


def warnings(*words: str, federation: Federation) -> list[str]:
    """The warnings about regions that are left out."""
    reported: list[Message] = []
    settings = Settings("Spain", {name: Target(name) for name in REGIONS})
    resolve_regions(words, settings, federation, report=reported.append)
    return [message.text for message in reported]


def test_a_region_that_is_left_out_by_its_address_alone_is_reported() -> None:
    assert warnings("master:", "other:", federation=Federation(REGIONS)) == [
        f"{name}: taken for the master region Spain, as both have the address https://glance.example.org; nothing is "
        "written there. If these are two regions, correct their addresses in the catalog"
        for name in ("Spain-again", "other:Spain")
    ]


def test_one_that_has_the_masters_keystone_and_region_id_is_beyond_doubt() -> None:
    assert warnings("third:", federation=Federation({**REGIONS, "third": ["Lisbon", "Spain"]})) == []


def test_a_region_without_a_usable_address_fails_later_and_keeps_no_other_from_being_done() -> None:
    assert resolve(federation=Federation(REGIONS, broken=["Burgos"])) == ["Avila", "Burgos", "Zamora"]


@pytest.mark.parametrize("word", ["Burgos", "master:Burgos"])
def test_a_region_that_is_named_is_done_even_when_ignored(word: str) -> None:
    assert resolve(word, master="Burgos") == ["Burgos"]
    assert resolve("Spain") == ["Spain"]


def test_a_region_that_is_named_twice_is_done_once() -> None:
    assert resolve("Zamora", "Burgos", "master:Zamora") == ["Zamora", "Burgos"]
    assert resolve("Burgos", "master:") == ["Avila", "Burgos", "Zamora"]
    assert resolve("other:Madrid", "other:", "other:") == ["other:Burgos", "other:Madrid"]


def test_regions_that_are_named_keep_the_order_of_the_command_line() -> None:
    assert resolve("Zamora", "other:Madrid", "Avila", preferred=["Avila"]) == ["Zamora", "other:Madrid", "Avila"]


def test_what_is_expanded_is_ordered_by_preference_then_by_name() -> None:
    preferred = ["Zamora", "other:Madrid", "Nowhere", "master:Burgos"]
    assert resolve("master:", "other:", preferred=preferred) == [
        "Zamora",
        "other:Madrid",
        "Burgos",
        "Avila",
        "other:Burgos",
    ]


def test_one_expansion_orders_the_whole_list() -> None:
    assert resolve("Zamora", "third:", "Avila") == ["Avila", "Zamora", "third:Lisbon"]


def test_a_preference_that_is_given_twice_counts_first() -> None:
    assert resolve(preferred=["Zamora", "Burgos", "Zamora"]) == ["Zamora", "Burgos", "Avila"]


@pytest.mark.parametrize(
    ("word", "advice"),
    [(":Burgos", "Burgos, or TARGET:Burgos with one of the targets"), (":", "one of the targets")],
)
def test_a_colon_without_a_target_is_described(word: str, advice: str) -> None:
    settings = Settings("Spain", {"master": Target("master"), "other": Target("other")})
    text = unknown_target(RegionRef.parse(word), settings)
    assert text == f"{word}: there is no name before the colon; write {advice}: master, other"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("nobody:", "; a region of master is written without colon: nobody"),
        ("nobody:Madrid", ""),
        ("otehr:", "; did you mean other:?"),
        ("otehr:Madrid", "; did you mean other:Madrid?"),
        ("Master:Burgos", "; did you mean Burgos?"),
    ],
)
def test_an_unknown_target_is_wrong_usage_and_nobody_is_asked(word: str, hint: str) -> None:
    federation = Federation(REGIONS)
    with pytest.raises(UsageError) as refused:
        resolve("Burgos", "third:", word, federation=federation)
    target, _, region = word.partition(":")
    subject = f"{word}: unknown target {target}" if region else f"{target}: unknown target"
    assert str(refused.value) == f"{subject}; the configuration has: master, other, third{hint}"
    assert federation.asked == []


def test_unknown_regions_are_refused_with_the_nearest_name_and_the_others_stay() -> None:
    refused: list[tuple[str, str]] = []
    federation = Federation(REGIONS)
    words = ["Zamora", "burgso", "other:Madird", "other:Burgos", "Nowhere", "burgso", "Avila"]
    refs = resolve(*words, federation=federation, refuse=lambda ref, error: refused.append((ref.full, str(error))))
    assert refs == ["Zamora", "other:Burgos", "Avila"]
    of_master = "unknown region; the regions of target master are: Spain, Burgos, Avila, Zamora, Spain-again"
    of_other = "unknown region; the regions of target other are: Madrid, Burgos, Spain"
    assert refused == [
        ("burgso", f"burgso: {of_master}; did you mean Burgos?"),
        ("Nowhere", f"Nowhere: {of_master}"),
        ("other:Madird", f"other:Madird: {of_other}; did you mean other:Madrid?"),
    ]


def test_without_a_listener_an_unknown_region_is_an_error() -> None:
    with pytest.raises(UnknownRegion):
        resolve("Burgos", "Nowhere")


def test_targets_that_nobody_asked_for_are_not_contacted_and_the_others_once() -> None:
    federation = Federation(REGIONS)
    resolve("Burgos", "other:Madrid", "Avila", "other:Burgos", federation=federation)
    assert federation.asked == ["master", "other"]
    federation.asked.clear()
    resolve("third:", federation=federation)
    assert federation.asked == ["third"]


class OtherIsDown(Federation):
    def regions(self, target: Target) -> Sequence[str]:
        found = super().regions(target)
        if target.name == "other":
            raise CloudError("nobody answers")
        return found


def test_the_regions_of_a_target_that_cannot_be_asked_are_refused_and_the_others_stay() -> None:
    federation = OtherIsDown(REGIONS)
    refused: list[tuple[str, str]] = []
    lost: list[str] = []
    refs = resolve(
        *("other:Madrid", "Burgos", "other:", "other:Nowhere", "third:"),
        federation=federation,
        refuse=lambda ref, error: refused.append((ref.full, str(error))),
        lost=lambda target, error: lost.append(f"{target.name}: {error}"),
    )
    assert refs == ["Burgos", "third:Lisbon"]
    assert refused == [("other:Madrid", "nobody answers"), ("other:Nowhere", "nobody answers")]
    assert lost == ["other: nobody answers"]
    assert federation.asked.count("other") == 1


def test_a_target_that_cannot_be_asked_is_an_error() -> None:
    class Down(Federation):
        def regions(self, target: Target) -> Sequence[str]:
            raise CloudError("nobody answers")

    with pytest.raises(CloudError):
        resolve(federation=Down(REGIONS))


@pytest.mark.parametrize(
    ("word", "target", "region", "full"),
    [
        ("Burgos", "master", "Burgos", "Burgos"),
        ("master:Burgos", "master", "Burgos", "Burgos"),
        ("other:a:b", "other", "a:b", "other:a:b"),
        ("a/b\n", "master", "a/b\n", "a/b\n"),
    ],
)
def test_a_name_is_read_up_to_its_first_colon(word: str, target: str, region: str, full: str) -> None:
    assert RegionRef.parse(word) == RegionRef(target, region)
    assert RegionRef.parse(word).full == full


def test_all_regions_are_really_all() -> None:
    settings = Settings("Spain", {"master": Target("master", ignore_regions=("Burgos",))})
    assert [ref.full for ref in all_regions(settings, Federation(REGIONS))] == REGIONS["master"]


class Down(Federation):
    """A federation one target of which cannot be asked."""

    def regions(self, target: Target) -> Sequence[str]:
        if target.name == "other":
            raise CloudError("it is down")
        return super().regions(target)


def test_of_all_regions_those_of_a_target_that_is_down_are_lost_or_it_is_an_error() -> None:
    settings = Settings("Spain", {name: Target(name) for name in REGIONS})
    lost: list[tuple[str, str]] = []
    refs = all_regions(settings, Down(REGIONS), lambda target, error: lost.append((target.name, str(error))))
    assert [ref.full for ref in refs] == [*REGIONS["master"], "third:Lisbon"]
    assert lost == [("other", "it is down")]
    with pytest.raises(CloudError, match="it is down"):
        all_regions(settings, Down(REGIONS))
