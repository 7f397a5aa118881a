"""A body while it is sent, with the failures of its source."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..base.content import Body, Piece
from ..base.errors import GlanceSyncError, TransferError


class SourceFailed(Exception):
    """The source of a body failed while it was sent. This ends the request; callers of this package never see it."""


class Outgoing:
    """A body for one request: an iterable with a length and without ``read()``, which is sent piece by piece.

    A failing source must not look like a failing connection, because the HTTP library ignores some of those. So what
    the source raises is kept in ``failure``, and :class:`SourceFailed` is raised.

    :param body: the bytes; its pieces are taken once
    :param idle: seconds without progress after which sending ends
    """

    def __init__(self, body: Body, idle: float) -> None:
        self.size = body.size
        self.idle = idle
        self.sent = 0
        self.finished: float | None = None
        """Value of ``time.monotonic()`` when everything had been sent; None before."""
        self.failure: Exception | None = None
        self._source = body.pieces

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Piece]:
        """The pieces. The last one is sent after the source has ended well: a wrong body is never sent completely."""
        try:
            source = iter(self._source())
            reached = 0
            held: Piece | None = None
            for piece in source:
                reached += len(piece)
                if reached > self.size:
                    raise TransferError(f"the source holds more than the {self.size} bytes it promised")
                if held is not None:
                    yield held
                    self.sent += len(held)
                    held = None
                if reached < self.size:
                    yield piece
                    self.sent += len(piece)
                else:
                    held = piece
            if reached < self.size:
                raise TransferError(f"the source ended after {reached} of {self.size} bytes")
            if held is not None:
                yield held
                self.sent += len(held)
            self.finished = time.monotonic()
        except GlanceSyncError as error:
            self.failure = error
            raise SourceFailed from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self.failure = TransferError(f"the source cannot be read ({reason})")
            self.failure.__cause__ = error
            raise SourceFailed from error
