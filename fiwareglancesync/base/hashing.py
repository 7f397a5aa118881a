"""Hashes bytes while something else is done with them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

THREAD_BYTES = 2**16
"""Bytes of a piece from which on a thread is worth its time."""


def hashed_meanwhile(pieces: Iterable[bytes], update: Callable[[bytes], None]) -> Generator[bytes, None, None]:
    """Pass pieces on; each is hashed in a thread while the caller uses it, and before the next one but one is read.

    :param pieces: the pieces
    :param update: hashes one; all calls are made in the order of the pieces, and have ended when the iterator ends
    """
    former: Future[None] | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="hash") as thread:
        for piece in pieces:
            if former is not None:
                former.result()
            if len(piece) < THREAD_BYTES:
                former = None
                update(piece)
            else:
                former = thread.submit(update, piece)
            yield piece
        if former is not None:
            former.result()
