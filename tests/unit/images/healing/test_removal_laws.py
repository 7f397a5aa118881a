"""What holds for every plan of removals, whatever templates, region and shelf have."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given

from fiwareglancesync.images.healing.healing_plan import plan_healing
from fiwareglancesync.images.healing.removal_plan import ImageUses, RemovalPlan, RemovalRules, plan_removals
from fiwareglancesync.images.heat.image_comparison import Comparison
from fiwareglancesync.images.model import Image
from fiwareglancesync.images.vault.healing_ledger import HealingLedger
from tests.strategies import LAW
from tests.support.comparisons import NAMES, UUIDS, comparisons

NOW = datetime(2026, 3, 20, tzinfo=timezone.utc)
OLD = HealingLedger(1, {name: NOW - timedelta(days=30) for name in (*NAMES, *UUIDS)})


def plan(found: Comparison, uses: ImageUses = ImageUses()) -> RemovalPlan:  # noqa: B008 - it is never changed
    return plan_removals(found, OLD, RemovalRules(("*",), max_deletions=100), uses, NOW)


def touched(found: RemovalPlan) -> list[Image]:
    return [*found.hide, *found.delete, *found.leave]


@LAW
@given(comparisons())
def test_nothing_that_is_needed_or_mentioned_is_removed(found: Comparison) -> None:
    named = {image.name for image in (*found.templates.needed, *found.templates.mentioned)}
    for image in touched(plan(found)):
        row = found.by_name[image.label]
        assert not row.needed
        assert not row.mentioned
        assert not named & {image.name, image.id} or image.name == ""


@LAW
@given(comparisons())
def test_nothing_is_removed_that_another_image_links_to(found: Comparison) -> None:
    gone = {image.id for image in touched(plan(found))}
    for other in found.region.images:
        if other.id not in gone:
            assert other.user_properties.get("kernel_id", "") not in gone


@LAW
@given(comparisons())
def test_only_own_active_images_of_the_region_are_hidden_and_few(found: Comparison) -> None:
    made = plan(found)
    own = [image for image in found.region.images if found.region.owns(image)]
    assert len(made.hide) <= max(1, len(own) // 5)
    assert all(image in own and image.status == "active" for image in made.hide)


@LAW
@given(comparisons())
def test_what_is_not_known_to_be_unused_stays(found: Comparison) -> None:
    assert touched(plan(found, ImageUses(unknown="no answer"))) == []


@LAW
@given(comparisons())
def test_nothing_is_restored_that_is_removed_and_what_the_region_lost_stays_on_the_shelf(found: Comparison) -> None:
    healing, removals = plan_healing(found), plan(found)
    restored = {row.name for row in healing.restores}
    assert not restored & {image.label for image in touched(removals)}
    assert not {row.kept[0].id for row in healing.restores} & healing.scope.leaving
