"""What limits the bytes per second into a region, and what is said of the folder of the spool."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.images.places import Place
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.images.transfer.ways import BandwidthLimits, spool_warning
from tests.support.builders import MASTER

SLOW, FAST = 10**6, 10**9


def places(settings: Settings, *names: str) -> list[Place]:
    """Regions of the settings' targets."""
    federation = EmbeddedFederation(None, settings)
    found: list[Place] = []
    for name in names:
        federation.add_region(name)
        target, colon, region = name.rpartition(":")
        found.append(federation.place(settings.targets[target if colon else "master"], region))
    return found


def test_each_region_of_a_limited_target_has_a_throttle_of_its_own() -> None:
    targets = {"master": Target("master"), "other": Target("other", region_bandwidth=SLOW)}
    settings = Settings(MASTER, targets)
    burgos, madrid, sevilla = places(settings, "Burgos", "other:Madrid", "other:Sevilla")
    limits = BandwidthLimits(settings)
    assert list(limits(burgos)) == []
    (first,) = limits(madrid)
    assert list(limits(madrid)) == [first]
    (second,) = limits(sevilla)
    assert second is not first


def test_the_limit_of_the_run_holds_for_all_regions_together() -> None:
    targets = {"master": Target("master"), "other": Target("other", region_bandwidth=SLOW)}
    settings = Settings(MASTER, targets, bandwidth=FAST)
    burgos, madrid = places(settings, "Burgos", "other:Madrid")
    limits = BandwidthLimits(settings)
    (whole,) = limits(burgos)
    assert whole in limits(madrid)
    assert len(limits(madrid)) == 2


@pytest.mark.parametrize(
    ("transfer", "several", "effect"),
    [
        ("auto", True, "each region reads the master anew"),
        ("spool", False, "nothing can be uploaded"),
        ("auto", False, None),
        ("stream", True, None),
    ],
)
def test_a_folder_of_the_spool_that_cannot_be_used_is_reported_where_it_is_needed(
    tmp_path: Path, transfer: str, several: bool, effect: str | None
) -> None:
    (tmp_path / "spool").touch()
    settings = Settings(MASTER, {"master": Target("master")}, spool_dir=tmp_path / "spool", transfer=transfer)
    problem = f"[main] spool_dir: {tmp_path}/spool is not a folder of your own that only you can write to"
    assert spool_warning(settings, several=several) == (f"{problem}; {effect}" if effect else None)


def test_a_folder_of_the_spool_that_can_be_used_is_not_reported(tmp_path: Path) -> None:
    settings = Settings(MASTER, {"master": Target("master")}, spool_dir=tmp_path / "spool")
    assert spool_warning(settings, several=True) is None
