"""What limits the bytes per second into a region: the whole run, and the target of the region."""

from __future__ import annotations

from fiwareglancesync.images.places import Place
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.images.transfer.ways import BandwidthLimits
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
