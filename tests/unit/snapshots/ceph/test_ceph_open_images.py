"""An image is opened once for several requests, and is closed when the last of them has ended (snapshots 5)."""

from __future__ import annotations

import pytest

from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef
from fiwareglancesync.snapshots.ceph.ceph_open_images import OpenImages

IMAGE = ImageRef("volumes", "a")


class Handles:
    """Counts what is opened and what is closed."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.images = OpenImages(self._open, self.closed.append)

    def _open(self, image: ImageRef) -> str:
        self.opened.append(f"{image.id}{len(self.opened)}")
        return self.opened[-1]


@pytest.fixture
def handles() -> Handles:
    """Images of which none is open."""
    return Handles()


def used(handles: Handles, image: ImageRef = IMAGE) -> object:
    """What one request uses."""
    with handles.images.using(image) as opened:
        return opened


def test_an_image_is_opened_once_and_closed_when_its_last_user_has_ended(handles: Handles) -> None:
    with handles.images.keep([IMAGE]):
        with handles.images.keep([IMAGE]):
            assert used(handles) == used(handles) == "a0"
        assert handles.closed == []
    assert (handles.opened, handles.closed) == (["a0"], ["a0"])


def test_a_request_of_somebody_else_ends_before_the_image_is_closed(handles: Handles) -> None:
    keep = handles.images.keep([IMAGE])
    keep.__enter__()
    with handles.images.using(IMAGE) as opened:  # such as of a thread that settles an earlier request
        keep.__exit__(None, None, None)
        assert opened == "a0"
        assert handles.closed == []
    assert handles.closed == ["a0"]


def test_after_an_error_the_next_request_opens_the_image_anew(handles: Handles) -> None:
    with handles.images.keep([IMAGE]):
        assert used(handles) == "a0"
        handles.images.renew(IMAGE)
        assert used(handles) == "a1"
        assert handles.closed == []  # another thread may still use it
    assert handles.closed == ["a0", "a1"]


def test_an_image_that_nobody_keeps_is_not_opened_here(handles: Handles) -> None:
    assert used(handles) is None
    assert handles.opened == []
