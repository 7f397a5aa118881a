"""The spool in one process: read once, while it grows; leftovers, room, and whose folder it is."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from fiwareglancesync.base import attempts
from fiwareglancesync.base.errors import CloudError, SourceBroke, TransferError, Unreachable
from fiwareglancesync.images.places import PIECE_BYTES
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.images.transfer import spool as spool_module
from fiwareglancesync.images.transfer.ways import Purpose, open_ways
from fiwareglancesync.openstack.credential import Credential
from tests.support.faults import until
from tests.support.spooling import PART, SIZE, CountedMaster, bytes_of, content_of, data_files, read

CONTENT = content_of(1)
HALF = 2 * PIECE_BYTES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the spool is to be."""
    return tmp_path / "spool"


@pytest.fixture
def master(tmp_path: Path) -> CountedMaster:
    """A master with one image."""
    return CountedMaster(tmp_path, CONTENT)


def leave(master: CountedMaster, folder: Path, left: bytes) -> None:
    """Put what an earlier run left of a copy into the spool."""
    spool = master.spool(folder)
    (image,) = master.images
    with spool.open(image) as body:
        bytes_of(next(iter(body.pieces())))
    (data,) = data_files(folder)
    data.write_bytes(left)
    master_log = folder.parent / "downloads"
    master_log.write_text("")


def held(on: threading.Event, start: int) -> Callable[[int], None]:
    """Have a master hold everything from some position on back until it may go on."""

    def before(position: int) -> None:
        if position >= start:
            on.wait()

    return before


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
            assert left.wait(30)
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
        self, master: CountedMaster, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(attempts, "FIRST_WAIT_SECONDS", 3600.0)
        leave(master, folder, b"X" + CONTENT[1:HALF])
        read_some = threading.Event()
        master.before = held(read_some, HALF)
        spool = master.spool(folder)
        with spool.open(master.images[0]) as body:
            pieces = body.pieces()
            assert bytes_of(next(pieces))[:1] == b"X"
            read_some.set()
            until(lambda: not any(file.stat().st_size for file in data_files(folder)), "that it is dropped")
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

    @pytest.fixture(autouse=True)
    def _at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(attempts, "FIRST_WAIT_SECONDS", 0.0)

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
        self.breaking(master, times=attempts.ATTEMPTS)
        with pytest.raises(TransferError, match=r"^the master broke off$") as caught:
            read(master.spool(folder), master.images[0])
        assert not isinstance(caught.value, SourceBroke)
        assert len(master.starts) == attempts.ATTEMPTS

    def test_a_reader_who_leaves_ends_the_pause_too(
        self, master: CountedMaster, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(attempts, "FIRST_WAIT_SECONDS", 3600.0)
        self.breaking(master, times=1)
        with master.spool(folder).open(master.images[0]):
            until(lambda: master.sent == HALF, "the break")
        until(lambda: "spool" not in [thread.name for thread in threading.enumerate()], "the end of the pause")
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


class TestRoom:
    @pytest.fixture
    def masters(self, tmp_path: Path) -> CountedMaster:
        """A master with three images of one size."""
        return CountedMaster(tmp_path, *(content_of(number, PIECE_BYTES) for number in range(3)))

    def test_an_image_larger_than_the_spool_is_refused_beforehand(self, master: CountedMaster, folder: Path) -> None:
        refusal = master.spool(folder, SIZE - 1).refusal(master.images[0])
        assert refusal == f"no room in {folder}: 5 MB are needed, 4 MB are left (spool_size)"
        assert master.spool(folder, SIZE).refusal(master.images[0]) is None

    def test_the_oldest_copy_that_nobody_uses_makes_way(self, masters: CountedMaster, folder: Path) -> None:
        spool = masters.spool(folder, 2 * PIECE_BYTES)
        first, second, third = masters.images
        read(spool, first)
        (old,) = data_files(folder)
        os.utime(old, (1, 1))
        read(spool, second)
        read(spool, third)
        assert not old.exists()
        assert len(data_files(folder)) == 2
        read(spool, second)
        assert masters.starts == [0, 0, 0]

    def test_copies_in_use_never_make_way(self, masters: CountedMaster, folder: Path) -> None:
        spool = masters.spool(folder, 2 * PIECE_BYTES)
        first, second, third = masters.images
        with spool.open(first), spool.open(second):
            with pytest.raises(TransferError, match=rf"^no room in {folder}: 1 MB are needed, 0 MB are left"):
                read(spool, third)
            assert spool.refusal(third) is None
        assert read(spool, third) == content_of(2, PIECE_BYTES)

    def test_room_is_reserved_before_the_bytes_come(self, masters: CountedMaster, folder: Path) -> None:
        on = threading.Event()
        masters.before = held(on, 0)
        spool = masters.spool(folder, PIECE_BYTES)
        with spool.open(masters.images[0]), ExitStack() as at_last:
            at_last.callback(on.set)
            with pytest.raises(TransferError, match="no room"):
                read(spool, masters.images[1])

    def test_without_a_limit_half_of_what_is_free_is_taken(
        self, master: CountedMaster, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        free = 2 * SIZE
        monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
        spool = master.spool(folder)
        assert spool.refusal(master.images[0]) is None
        free -= 2
        assert "no room" in str(spool.refusal(master.images[0]))
        # What the spool holds itself is no room lost.
        free += 2
        leave(master, folder, CONTENT[:2])
        free -= 2
        assert spool.refusal(master.images[0]) is None


class TestClearing:
    def test_copies_go_but_those_in_use(self, tmp_path: Path, folder: Path) -> None:
        master = CountedMaster(tmp_path, CONTENT, content_of(2, PIECE_BYTES))
        mine, others = master.spool(folder), master.spool(folder)
        read(mine, master.images[0])
        with others.open(master.images[1]) as body:
            mine.clear()
            (kept,) = data_files(folder)
            assert b"".join(map(bytes_of, body.pieces())) == content_of(2, PIECE_BYTES)
        assert kept.read_bytes() == content_of(2, PIECE_BYTES)
        mine.clear()
        assert [file.name for file in folder.iterdir()] == ["admission"]

    def test_files_of_others_stay(self, master: CountedMaster, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        theirs = [folder / name for name in ("accounts.data", "package.json", "x.use", "0123.fill", ".hidden")]
        for file in theirs:
            file.write_text("theirs")
        spool = master.spool(folder, SIZE)
        read(spool, master.images[0])
        spool.clear()
        assert [file.read_text() for file in theirs] == ["theirs"] * len(theirs)
        assert len(list(folder.iterdir())) == len(theirs) + 1

    def test_what_a_killed_run_was_about_to_write_goes_too(self, master: CountedMaster, folder: Path) -> None:
        spool = master.spool(folder)
        read(spool, master.images[0])
        (data,) = data_files(folder)
        data.with_suffix(".part").touch()
        spool.clear()
        assert [file.name for file in folder.iterdir()] == ["admission"]

    @pytest.mark.parametrize(
        ("purpose", "keep", "left"), [(Purpose.MOVE, False, 0), (Purpose.MOVE, True, 1), (Purpose.READ, False, 1)]
    )
    @pytest.mark.parametrize("several", [False, True])
    def test_the_end_of_a_run_that_moves_images_clears_unless_all_is_to_be_kept(
        self, master: CountedMaster, folder: Path, purpose: Purpose, keep: bool, left: int, several: bool
    ) -> None:
        read(master.spool(folder), master.images[0])
        targets = {"master": Target("master", Credential())}
        settings = Settings("Spain", targets, spool_dir=folder, spool_keep=keep)
        with open_ways(settings, master, purpose, several=several):  # type: ignore[arg-type]
            assert len(data_files(folder)) == 1
        assert len(data_files(folder)) == left


class TestFolders:
    """A folder that somebody else can write to is nothing to read images from."""

    @pytest.fixture(params=["link", "writable", "foreign", "file"])
    def bad(self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        folder = tmp_path / "spool"
        if request.param == "file":
            folder.touch()
        else:
            folder.mkdir(mode=0o700)
            (folder / f"{'0' * 64}.data").write_text("theirs")
        if request.param == "writable":
            folder.chmod(0o770)
        elif request.param == "link":
            folder.rename(tmp_path / "elsewhere")
            folder.symlink_to("elsewhere")
        elif request.param == "foreign":
            monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
        yield folder
        if request.param != "file":
            assert (folder / f"{'0' * 64}.data").read_text() == "theirs"

    def test_is_refused_and_left_alone(self, bad: Path, master: CountedMaster) -> None:
        spool = master.spool(bad)
        expected = f"{bad} is not a folder of your own that only you can write to"
        assert spool.refusal(master.images[0]) == expected
        if not bad.is_file():
            with pytest.raises(TransferError) as caught:
                read(spool, master.images[0])
            assert str(caught.value) == expected
        spool.clear()
        assert master.starts == []

    def test_one_that_cannot_be_made_is_reported(self, master: CountedMaster, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        folder = tmp_path / "file" / "spool"
        assert master.spool(folder).refusal(master.images[0]) == f"{folder}: Not a directory"
        with pytest.raises(TransferError, match="Not a directory"):
            read(master.spool(folder), master.images[0])


def test_parts_come_in_pieces_that_suit_an_upload(master: CountedMaster, folder: Path) -> None:
    assert PART < PIECE_BYTES
    with master.spool(folder).open(master.images[0]) as body:
        lengths = [len(piece) for piece in body.pieces()]
    assert lengths == [PIECE_BYTES] * 4 + [SIZE - 4 * PIECE_BYTES]
