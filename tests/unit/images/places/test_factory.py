"""Which kind of federation each target has, and regions of several kinds behind one federation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import ConfigError, UnknownRegion
from fiwareglancesync.images.places import Federation, FolderBacked, ReportsWaits, Versioned, factory
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation
from fiwareglancesync.images.places.factory import (
    EMBEDDED,
    MixedFederation,
    PlaceKind,
    kind_of,
    open_federation,
    read_settings,
)
from fiwareglancesync.images.places.glance import OpenStackFederation
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.kinds import option_tables
from fiwareglancesync.openstack.refusals import Wait

MASTER, OTHER = Target("master"), Target("other")
SETTINGS = Settings("Spain", {"master": MASTER, "other": OTHER})


@pytest.mark.parametrize(
    ("environ", "kind"),
    [({}, PlaceKind.GLANCE), ({EMBEDDED: ""}, PlaceKind.GLANCE), ({EMBEDDED: "/f"}, PlaceKind.EMBEDDED)],
)
@pytest.mark.parametrize("target", [MASTER, OTHER])
def test_the_variable_makes_the_places_of_all_targets_embedded(
    target: Target, environ: dict[str, str], kind: PlaceKind
) -> None:
    assert kind_of(target, environ) is kind


def test_credentials_are_needed_unless_the_federation_is_embedded(tmp_path: Path) -> None:
    overrides = ["main.master_region=Spain"]
    assert read_settings({EMBEDDED: str(tmp_path)}, option_tables(), overrides=overrides).master_region == "Spain"
    with pytest.raises(ConfigError, match="OS_USERNAME"):
        read_settings({}, option_tables(), overrides=overrides)


def test_targets_of_one_kind_have_its_federation_with_all_its_capabilities() -> None:
    federation = open_federation(SETTINGS, {})
    assert isinstance(federation, OpenStackFederation)
    assert isinstance(federation, ReportsWaits)


def test_an_embedded_federation_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=EMBEDDED):
        open_federation(SETTINGS, {EMBEDDED: str(tmp_path)})


class WithWaits(EmbeddedFederation):
    """An embedded federation whose services may have us wait."""

    def __init__(self) -> None:
        super().__init__(None, SETTINGS)
        self.listeners: list[object] = []
        self.forks = 0

    def report_waits(self, listener: object) -> None:
        self.listeners.append(listener)

    def forked(self) -> None:
        self.forks += 1


def listen(_: Wait) -> None:
    """Does nothing with it."""


class TestMixed:
    @pytest.fixture
    def parts(self) -> dict[PlaceKind, WithWaits]:
        parts = {kind: WithWaits() for kind in PlaceKind}
        parts[PlaceKind.GLANCE].add_region("Spain")
        parts[PlaceKind.EMBEDDED].add_region("other:Madrid")
        return parts

    @pytest.fixture
    def mixed(self, parts: dict[PlaceKind, WithWaits]) -> Federation:
        return MixedFederation(
            lambda target: PlaceKind.GLANCE if target.name == "master" else PlaceKind.EMBEDDED, parts
        )

    def test_each_target_has_the_regions_of_its_kind(self, mixed: Federation) -> None:
        assert (mixed.regions(MASTER), mixed.regions(OTHER)) == (["Spain"], ["Madrid"])
        assert (mixed.place(MASTER, "Spain").name, mixed.place(OTHER, "Madrid").name) == ("Spain", "other:Madrid")
        with pytest.raises(UnknownRegion):
            mixed.place(MASTER, "Madrid")

    def test_all_parts_hear_of_a_fork_and_report_their_waits(
        self, mixed: MixedFederation, parts: dict[PlaceKind, WithWaits]
    ) -> None:
        mixed.forked()
        mixed.report_waits(listen)
        assert [(part.forks, part.listeners) for part in parts.values()] == [(1, [listen])] * 2

    def test_a_part_that_never_waits_is_left_out(self) -> None:
        part = EmbeddedFederation(None, SETTINGS)
        MixedFederation(lambda _: PlaceKind.EMBEDDED, {PlaceKind.EMBEDDED: part}).report_waits(listen)

    def test_it_has_only_the_capabilities_that_hold_for_all_regions(self, mixed: Federation) -> None:
        assert isinstance(mixed, ReportsWaits)
        assert not isinstance(mixed, Versioned | FolderBacked)


def test_each_kind_is_opened_once_and_only_if_a_target_is_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[PlaceKind] = []

    def opener(kind: PlaceKind) -> Callable[[Settings, object], Federation]:
        def open_(settings: Settings, _: object) -> Federation:
            opened.append(kind)
            return EmbeddedFederation(None, settings)

        return open_

    monkeypatch.setattr(factory, "_OPEN", {kind: opener(kind) for kind in PlaceKind})
    assert not isinstance(open_federation(SETTINGS, {}), MixedFederation)
    assert opened == [PlaceKind.GLANCE]
    opened.clear()
    monkeypatch.setattr(
        factory, "kind_of", lambda target, _: PlaceKind.GLANCE if target is MASTER else PlaceKind.EMBEDDED
    )
    three = Settings("Spain", {"master": MASTER, "other": OTHER, "third": Target("third")})
    assert isinstance(open_federation(three, {}), MixedFederation)
    assert opened == [PlaceKind.GLANCE, PlaceKind.EMBEDDED]
