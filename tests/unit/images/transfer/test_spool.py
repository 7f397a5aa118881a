"""The spool in one process: read once, while it grows; leftovers, room, and whose folder it is."""

from __future__ import annotations

import errno
import os
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from fiwareglancesync.base.attempts import ATTEMPTS
from fiwareglancesync.base.errors import CloudError, SourceBroke, TransferError, Unreachable
from fiwareglancesync.images.places import PIECE_BYTES
from fiwareglancesync.images.transfer import spool as spool_module
from tests.support.conditions import wait_for
from tests.support.spool_content import CONTENT, held, leave
from tests.support.spooling import PART, SIZE, CountedMaster, bytes_of, data_files, read

HALF = 2 * PIECE_BYTES


class TestReading:
    def test_the_master_is_read_once_for_all(self, master: CountedMaster, folder: Path) -> None:
        spool = master.spool(folder)
        for _ in range(3):
            assert read(spool, master.images[0]) == CONTENT
        assert (master.starts, master.sent) == ([0], SIZE)

    def test_two_runs_share_what_has_the_same_content(self, tmp_path: Path, folder: Path) -> None:
        master = CountedMaster(tmp_path, CONTENT, CONTENT)
        first, second = master.spool(folder), master.spool(folder)
        assert read(first, master.images[0]) == read(second, master.images[1]) == CONTENT
        assert master.sent == SIZE

    def test_a_copy_is_read_while_it_grows(self, master: CountedMaster, folder: Path) -> None:
        on = threading.Event()
        master.before = held(on, HALF)
        with master.spool(folder).open(master.images[0]) as body, ExitStack() as at_last:
            at_last.callback(on.set)
            pieces = body.pieces()
            begin = bytes_of(next(pieces)) + bytes_of(next(pieces))
            assert begin == CONTENT[:HALF]
            assert master.sent == HALF
            on.set()
            assert begin + b"".join(map(bytes_of, pieces)) == CONTENT

    def test_an_empty_image_needs_no_download(self, tmp_path: Path, folder: Path) -> None:
        master = CountedMaster(tmp_path, b"")
        assert read(master.spool(folder), master.images[0]) == b""
        assert master.starts == []

    def test_nobody_else_can_read_it_and_the_names_report_nothing(self, master: CountedMaster, folder: Path) -> None:
        read(master.spool(folder), master.images[0])
        assert folder.stat().st_mode & 0o777 == 0o700
        for file in folder.iterdir():
            assert file.stat().st_mode & 0o777 == 0o600
            assert master.images[0].id not in file.name

    def test_a_reader_who_leaves_does_not_wait_for_a_silent_master(
        self, master: CountedMaster, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(spool_module, "JOIN_SECONDS", 0.01)
        on = threading.Event()
        master.before = held(on, PART)
        left = threading.Event()

        def look() -> None:
            with master.spool(folder).open(master.images[0]):
                pass
            left.set()

        reader = threading.Thread(target=look)
        reader.start()
        try:
            assert left.wait(180)
        finally:
            on.set()
            reader.join()
        assert read(master.spool(folder), master.images[0]) == CONTENT


class TestLeftovers:
    def test_what_is_there_is_not_read_again(self, master: CountedMaster, folder: Path) -> None:
        leave(master, folder, CONTENT[:HALF])
        assert read(master.spool(folder), master.images[0]) == CONTENT
        assert (master.starts, master.sent) == ([HALF], SIZE - HALF)

    def test_a_master_that_sends_all_again_does_no_harm(self, master: CountedMaster, folder: Path) -> None:
        master.ranges = False
        leave(master, folder, CONTENT[:HALF])
        assert read(master.spool(folder), master.images[0]) == CONTENT
        assert master.starts == [0]

    def test_a_damaged_one_is_noticed_and_dropped(
        self, master: CountedMaster, folder: Path
    ) -> None:
        leave(master, folder, b"X" + CONTENT[1:HALF])
        read_some = threading.Event()
        master.before = held(read_some, HALF)
        spool = master.spool(folder, first_wait=3600.0)
        with spool.open(master.images[0]) as body:
            pieces = body.pieces()
            assert bytes_of(next(pieces))[:1] == b"X"
            read_some.set()
            wait_for(lambda: not any(file.stat().st_size for file in data_files(folder)), "that it is dropped")
            with pytest.raises(SourceBroke, match=r"^the copy in the spool was damaged and has been emptied$"):
                next(pieces)
        assert read(spool, master.images[0]) == CONTENT
        assert master.starts == [HALF, 0]

    def test_one_that_is_too_long_is_dropped(self, master: CountedMaster, folder: Path) -> None:
        leave(master, folder, CONTENT + b"more")
        assert read(master.spool(folder), master.images[0]) == CONTENT
        assert master.starts == [0]

    def test_a_wrong_one_goes_when_it_is_rejected(self, master: CountedMaster, folder: Path) -> None:
        leave(master, folder, CONTENT[::-1])
        spool = master.spool(folder)
        assert read(spool, master.images[0]) == CONTENT[::-1]
        assert spool.reject_content(master.images[0])
        assert data_files(folder) == []
        assert read(spool, master.images[0]) == CONTENT


class TestBreaks:
    """The master breaks off in the middle, which may pass."""

    def breaking(self, master: CountedMaster, times: int) -> None:
        """Have the second half of the image break off some times."""
        left = [None] * times

        def before(position: int) -> None:
            if position >= HALF and left:
                left.pop()
                raise SourceBroke("the master broke off")

        master.before = before

    def test_the_copy_goes_on_where_it_broke_and_readers_do_not_notice(
        self, master: CountedMaster, folder: Path
    ) -> None:
        self.breaking(master, times=2)
        assert read(master.spool(folder), master.images[0]) == CONTENT
        assert (master.starts, master.sent) == ([0, HALF, HALF], SIZE)

    def test_a_master_that_sends_all_again_is_read_anew(self, master: CountedMaster, folder: Path) -> None:
        master.ranges = False
        self.breaking(master, times=1)
        assert read(master.spool(folder), master.images[0]) == CONTENT
        assert master.starts == [0, 0]

    def test_one_that_breaks_off_again_and_again_is_given_up_for_another_way(
        self, master: CountedMaster, folder: Path
    ) -> None:
        self.breaking(master, times=ATTEMPTS)
        with pytest.raises(TransferError, match=r"^the master broke off$") as caught:
            read(master.spool(folder), master.images[0])
        assert not isinstance(caught.value, SourceBroke)
        assert len(master.starts) == ATTEMPTS

    def test_a_reader_who_leaves_ends_the_pause_too(
        self, master: CountedMaster, folder: Path
    ) -> None:
        self.breaking(master, times=1)
        with master.spool(folder, first_wait=3600.0).open(master.images[0]):
            wait_for(lambda: master.sent == HALF, "the break")
        wait_for(lambda: "spool" not in [thread.name for thread in threading.enumerate()], "the end of the pause")
        assert master.starts == [0]


class TestFailures:
    def test_a_master_that_refuses_is_reported(self, master: CountedMaster, folder: Path) -> None:
        def refuse(position: int) -> None:
            raise Unreachable("Glance does not answer")

        master.before = refuse
        with pytest.raises(TransferError, match=r"^the master cannot be read: Glance does not answer$") as caught:
            read(master.spool(folder), master.images[0])
        assert isinstance(caught.value.__cause__, CloudError)

    def test_the_next_reader_goes_on_where_one_failed(self, master: CountedMaster, folder: Path) -> None:
        def break_off(position: int) -> None:
            if position >= HALF:
                raise TransferError("the master broke off")

        master.before = break_off
        with pytest.raises(TransferError, match="the master broke off"):
            read(master.spool(folder), master.images[0])
        master.before = lambda position: None
        assert read(master.spool(folder), master.images[0]) == CONTENT
        assert master.starts == [0, HALF]

    def test_an_error_of_our_own_reaches_the_reader_at_once(self, master: CountedMaster, folder: Path) -> None:
        def mistaken(position: int) -> None:
            raise LookupError("a mistake")

        master.before = mistaken
        with pytest.raises(LookupError, match="a mistake"):
            read(master.spool(folder), master.images[0])
        assert master.starts == [0]

    def test_a_full_disk_is_reported_as_such(
        self, master: CountedMaster, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(descriptor: int, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(TransferError) as caught:
            read(master.spool(folder), master.images[0])
        assert str(caught.value) == f"{folder}: No space left on device"

    def test_a_master_with_another_size_is_not_believed(self, master: CountedMaster, folder: Path) -> None:
        leave(master, folder, CONTENT[:HALF])
        master.contents["m-1"] = CONTENT + b"more"
        with pytest.raises(TransferError, match=f"the master offers {SIZE + 4 - HALF} bytes, the image has {SIZE}"):
            read(master.spool(folder), master.images[0])


def test_parts_come_in_pieces_that_suit_an_upload(master: CountedMaster, folder: Path) -> None:
    assert PART < PIECE_BYTES
    with master.spool(folder).open(master.images[0]) as body:
        lengths = [len(piece) for piece in body.pieces()]
    assert lengths == [PIECE_BYTES] * 4 + [SIZE - 4 * PIECE_BYTES]
