"""The folder of the spool: its room, its clearing, and who may use it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from fiwareglancesync.base.errors import TransferError
from fiwareglancesync.images.places import PIECE_BYTES
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.images.transfer.spool import objection
from fiwareglancesync.images.transfer.ways import Purpose, open_ways
from fiwareglancesync.openstack.credential import Credential
from tests.support.spool_content import CONTENT, held, leave
from tests.support.spooling import SIZE, CountedMaster, bytes_of, content_of, data_files, read


class TestRoom:
    @pytest.fixture
    def masters(self, tmp_path: Path) -> CountedMaster:
        """A master with three images of one size."""
        return CountedMaster(tmp_path, *(content_of(number, PIECE_BYTES) for number in range(3)))

    def test_an_image_larger_than_the_spool_is_refused_beforehand(self, master: CountedMaster, folder: Path) -> None:
        why_unusable = master.spool(folder, SIZE - 1).why_unusable(master.images[0])
        assert why_unusable == f"no room in {folder}: 5 MB are needed, 4 MB are left (spool_size)"
        assert master.spool(folder, SIZE).why_unusable(master.images[0]) is None

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
            assert spool.why_unusable(third) is None
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
        assert spool.why_unusable(master.images[0]) is None
        free -= 2
        assert "no room" in str(spool.why_unusable(master.images[0]))
        # What the spool holds itself is no room lost.
        free += 2
        leave(master, folder, CONTENT[:2])
        free -= 2
        assert spool.why_unusable(master.images[0]) is None


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
        assert spool.why_unusable(master.images[0]) == expected
        if not bad.is_file():
            with pytest.raises(TransferError) as caught:
                read(spool, master.images[0])
            assert str(caught.value) == expected
        spool.clear()
        assert master.starts == []

    def test_one_that_cannot_be_made_is_reported(self, master: CountedMaster, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        folder = tmp_path / "file" / "spool"
        assert master.spool(folder).why_unusable(master.images[0]) == f"{folder}: Not a directory"
        with pytest.raises(TransferError, match="Not a directory"):
            read(master.spool(folder), master.images[0])

    @pytest.mark.parametrize(("made", "what"), [(False, "made"), (True, "written")])
    @pytest.mark.parametrize(
        ("flag", "why"), [(0, "Permission denied"), (os.ST_RDONLY, "Read-only file system")]
    )
    def test_one_that_cannot_be_written_is_not_called_full(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: bool, what: str, flag: int, why: str
    ) -> None:
        folder = tmp_path / "spool"
        if made:
            folder.mkdir(mode=0o700)
        monkeypatch.setattr(os, "access", lambda *_: False)
        monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=flag))
        assert objection(folder) == f"{folder} cannot be {what}: {why}"

    def test_what_can_be_made_is_no_problem_and_is_not_made(self, tmp_path: Path) -> None:
        assert objection(tmp_path / "new" / "spool") is None
        assert list(tmp_path.iterdir()) == []
