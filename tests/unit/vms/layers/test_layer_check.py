"""Everything below an overlay is compared with the slave before anything is removed there (vms 2.5)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from threading import current_thread, main_thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.base.errors import Cancelled
from fiwareglancesync.vms.backup_journal import JournalMachine
from fiwareglancesync.vms.layers.check_records import CheckRecords
from fiwareglancesync.vms.layers.layer_check import LayerCheck, MachineCheck, slave_changes
from fiwareglancesync.vms.layers.sample_places import sample_places
from fiwareglancesync.vms.layers.slave_files import Content, MountedFiles, Wanted, read_answer
from fiwareglancesync.vms.layers.volume_files import CHUNK, SAMPLE, Progress, digest
from fiwareglancesync.vms.vm_options import Verify
from tests.support.layer_files import snapshotted
from tests.support.vm_builders import DOMAIN, id_of

NOW, LATER, MUCH_LATER = "2026-11-28T18:00:00+00:00", "2026-12-28T18:00:00+00:00", "2027-06-28T18:00:00+00:00"
SLAVE = "gs::copy"
BASE, FROZEN, OVERLAY = id_of(1, 5), id_of(1, 3), id_of(1, 4)
MEBIBYTE = 2**20
SHARD = 4 * MEBIBYTE


class Volumes:
    """A master and a slave with the same content."""

    def __init__(self, folder: Path, *, content: bytes = b"guest" * 5000) -> None:
        self.state, self.master, self.slave = (folder / name for name in ("state", "master", "slave"))
        self.state.mkdir()
        self.machine: JournalMachine = snapshotted(self.master, content=content)
        shutil.copytree(self.master, self.slave)
        self.read: list[Wanted] = []

    is_stopped = False

    def file(self, volume: Path, id: str) -> Path:
        return volume / DOMAIN / "images" / id_of(1, 2) / id

    def contents(self, wanted: Sequence[Wanted]) -> Sequence[Content]:
        """The slave's files, with a note of what was read."""
        self.read += [each for each in wanted if each.is_read]
        return MountedFiles(self.slave).contents(wanted)

    def stop(self) -> None:
        """Note that the reading was ended."""
        self.is_stopped = True

    def check(self, verify: Verify = Verify.FULL, now: str = NOW, shard: int = SHARD) -> MachineCheck:
        """A run that compares."""
        self.read = []
        records = CheckRecords(self.state, SLAVE, now, "run-1")
        found = LayerCheck(self.master, self, records, verify, shard, f"run {now}").check(self.machine)
        records.save()
        return found


    def changes(self) -> tuple[PurePosixPath, ...]:
        """What was written on the slave since the last run."""
        return slave_changes(CheckRecords(self.state, SLAVE, LATER, "run-2"), self, "run-1")


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    return Volumes(tmp_path)


def reasons(found: MachineCheck) -> list[str]:
    return [each.text.rpartition("/")[2] for each in found.differences]


def test_every_layer_below_the_overlay_is_read_on_both_sides(volumes: Volumes) -> None:
    found = volumes.check()
    assert found.is_same
    assert [each.path.name for each in volumes.read] == [FROZEN, BASE]
    assert found.layer_ids == {id_of(1, 2): {FROZEN, BASE}}
    assert found.bytes == sum(volumes.file(volumes.master, id).stat().st_size for id in (FROZEN, BASE))


@pytest.mark.parametrize("layer", [FROZEN, BASE])
@pytest.mark.parametrize("verify", Verify)
def test_a_difference_in_any_layer_is_found(volumes: Volumes, layer: str, verify: Verify) -> None:
    file = volumes.file(volumes.slave, layer)
    whole = file.read_bytes()
    for content, reason in (
        (b"X" + whole[1:], "its content is not the same on the slave"),
        (bytes(len(whole)), "its content is not the same on the slave"),
        (whole[:-1], f"it has {len(whole)} bytes on the master, and {len(whole) - 1} on the slave"),
        (b"", f"it has {len(whole)} bytes on the master, and 0 on the slave"),
    ):
        file.write_bytes(content)
        if verify is Verify.FULL or content[:1] != b"X":
            assert reasons(volumes.check(verify))[0].startswith(f"{layer}: ")
        assert verify is not Verify.FULL or reasons(volumes.check()) == [f"{layer}: {reason}"]


def test_a_layer_that_cannot_be_read_is_a_difference(volumes: Volumes) -> None:
    file = volumes.file(volumes.slave, BASE)
    file.unlink()
    assert reasons(volumes.check()) == [f"{BASE}: it cannot be read on the slave: it is not there"]
    file.symlink_to(volumes.file(volumes.master, BASE))
    assert reasons(volumes.check())[0].startswith(f"{BASE}: it cannot be read on the slave: ")
    file.unlink()
    os.mkfifo(file)
    assert reasons(volumes.check()) == [f"{BASE}: it cannot be read on the slave: it is no ordinary file"]


def test_a_chain_that_cannot_be_read_is_a_difference(volumes: Volumes) -> None:
    volumes.file(volumes.master, OVERLAY).unlink()
    found = volumes.check()
    assert not found.is_same
    assert f"{OVERLAY} cannot be read" in found.differences[0].text


def test_an_answer_that_makes_no_sense_is_a_problem() -> None:
    answers: list[object] = [[], {}, None, {"size": "x", "digest": "", "identity": ""}]
    for document in answers:
        assert read_answer(document).problem == "the answer about it makes no sense"
    assert read_answer({"problem": "a\nb"}).problem == "a b"


class TestRecords:
    def test_what_has_not_changed_since_it_was_compared_whole_is_not_read_again(self, volumes: Volumes) -> None:
        volumes.check()
        for verify in Verify:
            found = volumes.check(verify, LATER)
            assert (found.is_same, found.skipped, volumes.read) == (True, 2, [])

    @pytest.mark.parametrize("side", ["master", "slave"])
    def test_what_was_written_since_is_read(self, volumes: Volumes, side: str) -> None:
        volumes.check()
        file = volumes.file(getattr(volumes, side), BASE)
        times = file.stat()
        file.write_bytes(b"other" * 5000)
        # A guest cannot do that, but a restore from a tape can: the time of modification says that nothing changed.
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        found = volumes.check()
        assert [each.path.name for each in volumes.read] == [BASE]
        assert reasons(found) == [f"{BASE}: its content is not the same on the slave"]

    def test_times_that_say_nothing_are_no_reason_not_to_read(self, volumes: Volumes) -> None:
        volumes.check()
        records = CheckRecords(volumes.state, SLAVE, NOW, "run-2")
        check = LayerCheck(volumes.master, volumes, records, Verify.FULL, SHARD, "run-2", keeps_times=False)
        assert check.check(volumes.machine).skipped == 0

    def test_samples_are_no_reason_not_to_read(self, volumes: Volumes) -> None:
        volumes.check(Verify.SAMPLED)
        volumes.check()
        assert len(volumes.read) == 2

    def test_a_layer_that_was_not_the_same_is_read_again(self, volumes: Volumes) -> None:
        volumes.file(volumes.slave, BASE).write_bytes(b"other")
        assert not volumes.check().is_same
        assert not volumes.check().is_same

    def test_a_layer_that_is_gone_from_the_slave_is_found_although_it_was_compared(self, volumes: Volumes) -> None:
        volumes.check()
        volumes.file(volumes.slave, BASE).unlink()
        assert reasons(volumes.check()) == [f"{BASE}: it cannot be read on the slave: it is not there"]

    def test_each_slave_has_its_own(self, volumes: Volumes) -> None:
        volumes.check()
        other = CheckRecords(volumes.state, "gs::other", NOW, "run-1")
        assert not LayerCheck(volumes.master, volumes, other, Verify.FULL, 0, "r").check(volumes.machine).skipped

    @pytest.mark.parametrize(
        "text",
        [
            "", "[]", "{}", '{"v": 1}', '{"v": 1, "layers": {"a": {}}}', "\xff",
            '{"v": 1, "layers": {"a": {"master": 1, "slave": 2, "used": 3, "whole": true, "run": 4}}}',
        ],
    )  # fmt: skip
    def test_a_damaged_file_holds_none(self, volumes: Volumes, text: str) -> None:
        volumes.check()
        [file] = volumes.state.iterdir()
        file.write_text(text, encoding="latin-1")
        assert volumes.check().skipped == 0
        assert volumes.check().skipped == 2

    @pytest.mark.parametrize("verify", Verify)
    def test_what_was_written_on_the_slave_since_the_last_run_is_known(self, volumes: Volumes, verify: Verify) -> None:
        assert volumes.changes() == ()
        volumes.check(verify)
        volumes.file(volumes.slave, OVERLAY).unlink()
        assert volumes.changes() == ()
        volumes.file(volumes.slave, BASE).touch()
        assert [path.name for path in volumes.changes()] == [BASE]
        volumes.file(volumes.slave, FROZEN).unlink()
        assert [path.name for path in volumes.changes()] == [FROZEN, BASE]

    def test_those_that_are_not_used_for_long_are_left_out(self, volumes: Volumes) -> None:
        volumes.check()
        CheckRecords(volumes.state, SLAVE, MUCH_LATER, "run-2").save()
        assert volumes.check().skipped == 0


def test_a_signal_ends_the_reading_of_the_slave_too(volumes: Volumes, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = MountedFiles.contents

    def interrupted(files: MountedFiles, wanted: Sequence[Wanted]) -> Sequence[Content]:
        if wanted[0].is_read and current_thread() is main_thread():
            raise Cancelled(15)
        return contents(files, wanted)

    monkeypatch.setattr(MountedFiles, "contents", interrupted)
    with pytest.raises(Cancelled):
        volumes.check()
    assert volumes.is_stopped


class TestContent:
    def test_holes_and_zeros_are_the_same(self, tmp_path: Path) -> None:
        sparse, filled = tmp_path / "sparse", tmp_path / "filled"
        with sparse.open("wb") as file:
            file.seek(5 * CHUNK + 17)
            file.write(b"x")
            file.truncate(9 * CHUNK + 3)
        filled.write_bytes(sparse.read_bytes())
        assert [digest_of(each) for each in (sparse, filled)] == [digest_of(filled)] * 2

    @given(st.lists(st.tuples(st.integers(0, 4 * CHUNK - 1), st.binary(min_size=1)), max_size=4), st.data())
    def test_other_bytes_or_another_place_are_another_digest(
        self, tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[int, bytes]], data: st.DataObject
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "digest"
        content = bytearray(4 * CHUNK)
        for at, piece in writes:
            content[at : at + len(piece)] = piece
        path.write_bytes(content)
        before = digest_of(path)
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= 1
        path.write_bytes(content)
        assert digest_of(path) != before

    def test_a_file_that_ends_before_a_sample_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"x" * 100)
        [found] = MountedFiles(tmp_path).contents([Wanted(PurePosixPath("file"), (0, 2 * SAMPLE))])
        assert found.problem


class TestSamples:
    def test_each_shard_has_one_with_content(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        with path.open("wb") as file:
            for at in (100, SHARD + 3 * MEBIBYTE + 5, 3 * SHARD - 1):
                file.seek(at)
                file.write(b"x")
            file.truncate(4 * SHARD + 10)
        places = places_of(path)
        assert {0, SHARD + 3 * MEBIBYTE, 3 * SHARD - SAMPLE} <= set(places)
        assert {place // SHARD for place in places} == set(range(5))
        assert places == places_of(path)

    def test_a_volume_without_shards_is_sampled_in_pieces(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        with path.open("wb") as file:
            file.truncate(130 * MEBIBYTE)
        assert len(places_of(path, 0)) == 3

    def test_an_emptied_shard_is_found(self, tmp_path: Path) -> None:
        volumes = Volumes(tmp_path, content=bytes(SHARD + 10) + b"x" + bytes(SHARD))
        assert volumes.check(Verify.SAMPLED).is_same
        with volumes.file(volumes.slave, BASE).open("r+b") as file:
            file.seek(SHARD)
            file.write(bytes(SHARD))
        assert reasons(volumes.check(Verify.SAMPLED)) == [f"{BASE}: its content is not the same on the slave"]

    def test_only_samples_are_read_on_the_slave(self, tmp_path: Path) -> None:
        volumes = Volumes(tmp_path, content=b"y" * (2 * SHARD))
        found = volumes.check(Verify.SAMPLED)
        assert found.bytes <= 2 * 2 * 3 * SAMPLE


def digest_of(path: Path) -> str:
    file = os.open(path, os.O_RDONLY)
    try:
        return digest(file, Progress())
    finally:
        os.close(file)


def places_of(path: Path, shard: int = SHARD) -> tuple[int, ...]:
    file = os.open(path, os.O_RDONLY)
    try:
        return sample_places(file, shard, "run")
    finally:
        os.close(file)
