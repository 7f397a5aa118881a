"""A right that is missing is noticed once, before more bytes are sent in vain."""

from __future__ import annotations

from fiwareglancesync.base.errors import PublicationRefused
from tests.support.builders import RegionSetup, image, master_image
from tests.support.watched import WatchedPlace, Write, refusing


def _may_not_publish(write: Write) -> bool:
    return write.kind == "update" and write.patch.visibility == "public"


def test_a_refused_publication_is_not_tried_again_for_other_images() -> None:
    setup = RegionSetup(
        [master_image("a", "A", size=1), master_image("b", "B", size=2), master_image("c", "C", size=3)]
    )
    refused = PublicationRefused("You are not authorized to complete publicize_image action.", status=403)
    place = WatchedPlace(setup.place, refusing(refused, _may_not_publish))
    outcome = setup.sync(through=lambda _: place)
    assert [write.kind for write in place.writes].count("adopt") == 1
    assert outcome.failures == 3
    assert setup.names() == []
    reported = setup.reported()
    assert reported[0] == "You are not authorized to complete publicize_image action."
    assert reported[1:] == ["making an image public was refused before in this run"] * 2


def test_metadata_is_updated_nevertheless() -> None:
    setup = RegionSetup(
        [master_image("a", "A", size=1), master_image("b", "B", size=2, properties={"nid": "1"})], [image("b", "B")]
    )
    refused = PublicationRefused("You are not authorized to complete publicize_image action.", status=403)
    place = WatchedPlace(setup.place, refusing(refused, _may_not_publish))
    setup.sync(through=lambda _: place)
    assert setup.named("b").user_properties == {"nid": "1"}
