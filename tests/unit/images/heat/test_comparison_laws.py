"""What holds for every comparison, whatever templates, region and shelf have."""

from __future__ import annotations

from hypothesis import given

from fiwareglancesync.images.heat.image_comparison import Comparison, compare
from fiwareglancesync.images.heat.image_lists import classify_lists, given_lists, names_in_list
from fiwareglancesync.images.heat.image_status import ImageStatus
from tests.strategies import LAW
from tests.support.comparisons import UUIDS, comparisons


@LAW
@given(comparisons())
def test_every_name_has_exactly_one_row(found: Comparison) -> None:
    assert len(found.by_name) == len(found.rows)
    own = {each.label for each in found.region.images if found.region.owns(each)}
    assert own <= set(found.by_name)
    unresolved = {image.name for image in found.templates.needed} - set(UUIDS) - {""}
    assert unresolved <= set(found.by_name)


@LAW
@given(comparisons(tags=("", "a", "b")))
def test_nothing_that_is_needed_is_to_be_deleted_and_nothing_else_is_an_alert(found: Comparison) -> None:
    for row in found.rows:
        assert not (row.needed and row.status is ImageStatus.DELETE)
        assert row.needed or row.status not in (ImageStatus.ALERT, ImageStatus.IMAGE_MISSING)


@LAW
@given(comparisons())
def test_what_a_needed_image_links_to_is_needed(found: Comparison) -> None:
    by_id = {each.id: each for each in (*found.shelf.images, *found.region.images)}
    for row in found.rows:
        for each in (*row.own, *row.kept):
            linked = by_id.get(each.user_properties.get("kernel_id", ""))
            if row.needed and linked is not None and linked.label in found.by_name:
                assert found.by_name[linked.label].needed


@LAW
@given(comparisons(tags=("a",)))
def test_a_tag_only_leaves_rows_out(found: Comparison) -> None:
    whole = compare(found.templates, found.region, found.shelf)
    assert all(whole.by_name[row.name] == row for row in found.rows)


@LAW
@given(comparisons())
def test_the_lists_say_the_same_as_the_table(found: Comparison) -> None:
    rows = [row.row for row in found.rows]
    lists = {file: names_in_list(content) for file, content in given_lists(rows).items()}
    again = {row.name: row.status for row in classify_lists(lists)}
    assert again == {row.name: row.status for row in rows if row.status.is_of_table}
