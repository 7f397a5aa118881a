"""A body on its way: what is known of its source while it is being sent."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..base.content import Body, Piece
from ..base.errors import GlanceSyncError, TransferError


class SourceFailed(Exception):
    """The source of a body failed while it was being sent; ends the request and never leaves this package."""


class Outgoing:
    """A body for one sending: an iterable with a length and without ``read()``, which is sent piece by piece.

    A failing source must not look like a failing connection, for those are sometimes forgiven by the HTTP
    library: whatever the source raises is kept in ``failure`` and sent on as :class:`SourceFailed`.

    :param body: where the bytes come from; its pieces are taken once
    :param idle: seconds without progress after which sending is given up
    """

    def __init__(self, body: Body, idle: float) -> None:
        self.size = body.size
        self.idle = idle
        self.sent = 0
        self.finished: float | None = None
        """Value of ``time.monotonic()`` when all had been sent; None as long as it has not."""
        self.failure: Exception | None = None
        self._source = body.pieces

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Piece]:
        """The pieces; the last one only once the source has ended well: a bad one is never sent whole."""
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
