"""Whom the images of a region are shared with, as it is asked (sync 3.5, ``sync_members``)."""

from __future__ import annotations

from fiwareglancesync.base.errors import Forbidden, NotFound
from fiwareglancesync.images.execution.member_changes import members_of
from fiwareglancesync.images.places import Place
from tests.support.builders import RegionSetup, image
from tests.support.bytes_place import BytesPlace


class SharingPlace(BytesPlace):
    """A place that lists members as Glance does.

    :param members: UUID of a shared image → ids of projects
    """

    def __init__(self, members: dict[str, frozenset[str]]) -> None:
        super().__init__(RegionSetup().place)
        self._members = members
        self.asked: list[str] = []

    def members(self, image_id: str) -> frozenset[str]:
        """Ids of the projects that a shared image is shared with."""
        self.asked.append(image_id)
        if image_id not in self._members:
            raise NotFound("no such image", status=404)
        if image_id.startswith("r-private"):
            raise Forbidden("Only shared images have members.", status=403)
        return self._members[image_id]

    def add_member(self, image_id: str, project: str) -> None:
        """Nothing is shared here."""

    def remove_member(self, image_id: str, project: str) -> None:
        """Nothing is shared here."""

    def knows_projects_of(self, master: Place) -> bool:
        """All places know the same projects."""
        return True


def test_only_shared_images_are_asked_after() -> None:
    shared, private = image("a", visibility="shared"), image("private", visibility="private")
    place = SharingPlace({shared.id: frozenset({"p"}), private.id: frozenset()})
    assert members_of(place, [shared, private]) == {shared.id: {"p"}, private.id: frozenset()}
    assert place.asked == [shared.id]


def test_an_image_that_is_gone_by_now_is_left_out() -> None:
    here, gone = image("a", visibility="shared"), image("gone", visibility="shared")
    place = SharingPlace({here.id: frozenset({"p"})})
    assert members_of(place, [gone, here]) == {here.id: {"p"}}
