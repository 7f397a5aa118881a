"""Pieces are hashed in a thread while they are used."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from fiwareglancesync.base.hashing import THREAD_BYTES, hashed_meanwhile


@pytest.mark.parametrize("sizes", [[], [0], [5], [THREAD_BYTES], [5, THREAD_BYTES, 7, THREAD_BYTES * 2, THREAD_BYTES]])
def test_all_pieces_are_passed_on_and_hashed_in_their_order(sizes: list[int]) -> None:
    pieces = [os.urandom(size) for size in sizes]
    digest = hashlib.sha512()
    assert list(hashed_meanwhile(pieces, digest.update)) == pieces
    assert digest.hexdigest() == hashlib.sha512(b"".join(pieces)).hexdigest()


def test_a_piece_is_passed_on_before_it_is_hashed() -> None:
    is_used = threading.Event()
    hashed: list[bool] = []
    for _ in hashed_meanwhile([bytes(THREAD_BYTES)], lambda piece: hashed.append(is_used.wait(60))):
        is_used.set()
    assert hashed == [True]


def test_small_pieces_need_no_thread() -> None:
    threads: list[threading.Thread] = []
    list(hashed_meanwhile([b"small"] * 2, lambda piece: threads.append(threading.current_thread())))
    assert threads == [threading.current_thread()] * 2


@pytest.mark.parametrize("how", ["the source fails", "the hash fails", "the caller ends early"])
def test_the_thread_ends_in_any_case(how: str) -> None:
    before = set(threading.enumerate())

    def pieces() -> Iterator[bytes]:
        yield bytes(THREAD_BYTES)
        if how == "the source fails":
            raise ValueError
        yield bytes(THREAD_BYTES)

    def update(piece: bytes) -> None:
        if how == "the hash fails":
            raise ValueError

    with closing(hashed_meanwhile(pieces(), update)) as passed_on:
        next(passed_on)
        if how != "the caller ends early":
            with pytest.raises(ValueError, match=r"^$"):
                list(passed_on)
    assert set(threading.enumerate()) <= before  # those of other tests may end meanwhile
