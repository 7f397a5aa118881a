"""Images that stay open while several requests are about them (snapshots 5)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from .ceph_model import ImageRef


@dataclass(slots=True)
class _Kept:
    """An image of which somebody has said that more requests follow.

    :param users: how many have said so, and the requests that use it now
    :param current: what requests use; None before the first one, and after one that failed
    :param opened: all that the bindings have opened; another thread may still use one that is not current
    """

    users: int = 0
    lock: Lock = field(default_factory=Lock)
    current: Any = None
    opened: list[Any] = field(default_factory=list)


class OpenImages:
    """Opens images, and keeps some of them open; threads may share it.

    :param open_image: opens one for reading and writing
    :param close_image: closes one, and raises nothing
    """

    def __init__(self, open_image: Callable[[ImageRef], Any], close_image: Callable[[Any], None]) -> None:
        self._open_image = open_image
        self._close_image = close_image
        self._lock = Lock()
        self._kept: dict[ImageRef, _Kept] = {}

    @contextmanager
    def keep(self, images: Collection[ImageRef]) -> Iterator[None]:
        """Keep images open from their first request on until the last of their users has ended."""
        with self._lock:
            for image in images:
                self._kept.setdefault(image, _Kept()).users += 1
        try:
            yield
        finally:
            for image in images:
                self._leave(image)

    @contextmanager
    def using(self, image: ImageRef) -> Iterator[Any | None]:
        """The open image if it is to be kept open, None for others. Nobody closes it before this request has ended."""
        kept = self._join(image)
        if kept is None:
            yield None
            return
        try:
            with kept.lock:
                if kept.current is None:
                    kept.current = self._open_image(image)
                    kept.opened.append(kept.current)
                current = kept.current
            yield current
        finally:
            self._leave(image)

    def renew(self, image: ImageRef) -> None:
        """Have the next request open an image anew: one that failed may have left it in any state."""
        with self._lock:
            kept = self._kept.get(image)
        if kept is not None:
            with kept.lock:
                kept.current = None

    def _join(self, image: ImageRef) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(image)
            if kept is not None:
                kept.users += 1
            return kept

    def _leave(self, image: ImageRef) -> None:
        with self._lock:
            kept = self._kept[image]
            kept.users -= 1
            if kept.users:
                return
            del self._kept[image]
        for opened in kept.opened:
            self._close_image(opened)
