"""The copies that are in use are always good ones, whatever an edit makes of the originals (snapshots 3.2)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from fiwareglancesync.snapshots.inventory.files_in_use import FilesInUse
from fiwareglancesync.snapshots.schedule.server_list import write_servers
from tests.support.snapshot_runs import DB, WEB

GOOD, OTHER, BROKEN = "web: 7@2\n", "web: 5@3\n", "web: 7@25\n"


@dataclass
class Bench:
    """Two files with their copies."""

    schedule: Path
    servers: Path

    def files(self) -> FilesInUse:
        """As a daemon that starts."""
        return FilesInUse(str(self.schedule), str(self.servers))

    def copies(self) -> tuple[str, str]:
        """The contents of the copies."""
        return tuple(Path(f"{path}-").read_text() for path in (self.schedule, self.servers))  # type: ignore[return-value]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Good files that were never in use."""
    made = Bench(tmp_path / "snap_sched.yml", tmp_path / "server_list.txt")
    made.schedule.write_text(GOOD)
    made.servers.write_text(write_servers([WEB, DB]))
    return made


def specs(files: FilesInUse) -> dict[str, list[str]]:
    """What is in force, by server."""
    assert files.schedule is not None
    return {id: [str(placed.spec) for placed in entry.specs] for id, entry in files.schedule.by_server.items()}


def test_of_very_many_mistakes_the_first_ones_are_named(bench: Bench) -> None:
    bench.schedule.write_text("".join(f"web{number}: 7@25\n" for number in range(1000)))
    files = bench.files()
    files.refresh()
    assert files.problem.count("expected an hour") == 10
    assert "; and 990 more; nothing is in force" in files.problem


def test_good_files_are_copied_once(bench: Bench) -> None:
    files = bench.files()
    assert files.refresh()
    assert (bench.copies(), files.problem) == ((GOOD, write_servers([WEB, DB])), "")
    before = Path(f"{bench.schedule}-").stat()
    assert not files.refresh()
    assert Path(f"{bench.schedule}-").stat() == before
    assert sorted(path.name for path in bench.schedule.parent.iterdir()) == [
        "server_list.txt", "server_list.txt-", "snap_sched.yml", "snap_sched.yml-",
    ]  # fmt: skip


def test_an_edit_is_in_force_at_once(bench: Bench) -> None:
    files = bench.files()
    files.refresh()
    bench.schedule.write_text(OTHER)
    assert files.refresh()
    assert (specs(files), bench.copies()[0]) == ({WEB.id: ["5@3"]}, OTHER)


@pytest.mark.parametrize("restart", [False, True])
def test_an_edit_that_broke_the_schedule_leaves_the_last_good_one_in_force(bench: Bench, restart: bool) -> None:
    files = bench.files()
    files.refresh()
    bench.schedule.write_text(BROKEN)
    files = bench.files() if restart else files
    files.refresh()
    assert (specs(files), bench.copies()[0]) == ({WEB.id: ["7@2"]}, GOOD)
    assert f"{bench.schedule}:1:8: " in files.problem
    assert f"in force are {bench.schedule}- and {bench.servers}" in files.problem
    bench.schedule.write_text(OTHER)
    assert files.refresh()
    assert (specs(files), files.problem) == ({WEB.id: ["5@3"]}, "")


@pytest.mark.parametrize("which", ["schedule", "servers"])
def test_a_file_that_is_gone_leaves_its_copy_in_force(bench: Bench, which: str) -> None:
    files = bench.files()
    files.refresh()
    path: Path = getattr(bench, which)
    path.unlink()
    assert not files.refresh() or specs(files) == {WEB.id: ["7@2"]}
    assert str(path) in files.problem or "cannot be read" in files.problem
    assert f"{path}-" in files.problem
    assert specs(bench_after_restart(bench)) == {WEB.id: ["7@2"]}


def bench_after_restart(bench: Bench) -> FilesInUse:
    files = bench.files()
    files.refresh()
    return files


def test_new_servers_count_while_the_schedule_is_broken(bench: Bench) -> None:
    files = bench.files()
    files.refresh()
    bench.schedule.write_text(BROKEN)
    bench.servers.write_text(write_servers([WEB]))
    assert files.refresh()
    assert files.schedule is not None
    assert files.schedule.servers == [WEB]
    assert bench.copies() == (GOOD, write_servers([WEB]))


def test_servers_that_make_the_schedule_ambiguous_leave_the_old_list_in_force(bench: Bench) -> None:
    bench.schedule.write_text('"w*": 7@2\n"*-b": 5@2\n')
    files = bench.files()
    files.refresh()
    both = type(WEB)("33333333-0000-4000-8000-000000000000", "acme", "w-b")
    bench.servers.write_text(write_servers([WEB, DB, both]))
    files.refresh()
    assert files.schedule is not None
    assert files.schedule.servers == [WEB, DB]
    assert "two patterns are for the server w-b" in files.problem
    assert f"in force are {bench.schedule} and {bench.servers}-" in files.problem


def test_a_list_that_an_edit_broke_is_named(bench: Bench) -> None:
    files = bench.files()
    files.refresh()
    bench.servers.write_text("nonsense\n")
    assert files.refresh() is False
    assert f"{bench.servers}: the list of servers cannot be read: line 1 has 1 columns" in files.problem


def test_without_anything_good_nothing_is_in_force(bench: Bench) -> None:
    bench.schedule.write_text(BROKEN)
    files = bench.files()
    assert not files.refresh()
    assert files.schedule is None
    assert files.problem.endswith("; nothing is in force")


def test_what_was_read_stays_in_force_when_somebody_removes_the_copies_too(bench: Bench) -> None:
    files = bench.files()
    files.refresh()
    for path in bench.schedule.parent.iterdir():
        path.unlink()
    assert not files.refresh()
    assert specs(files) == {WEB.id: ["7@2"]}
    assert files.problem.endswith("; what was read before is in force")


def test_a_copy_that_cannot_be_written_is_reported_until_it_can(bench: Bench) -> None:
    copy = Path(f"{bench.schedule}-")
    copy.mkdir()
    copy.joinpath("file").touch()
    files = bench.files()
    assert files.refresh()
    assert f"{copy} cannot be written" in files.problem
    files.refresh()
    assert f"{copy} cannot be written" in files.problem
    copy.joinpath("file").unlink()
    copy.rmdir()
    files.refresh()
    assert (files.problem, bench.copies()[0]) == ("", GOOD)


def test_a_copy_that_somebody_changed_is_made_again(bench: Bench) -> None:
    files = bench.files()
    files.refresh()
    Path(f"{bench.schedule}-").write_text(BROKEN)
    assert not files.refresh()
    assert (bench.copies()[0], files.problem) == (GOOD, "")


def test_changes_happen_in_the_folders_of_the_originals(bench: Bench) -> None:
    assert bench.files().folders == {str(bench.schedule.parent)}


def test_a_named_pipe_in_place_of_a_file_is_not_waited_for(bench: Bench) -> None:
    files = bench.files()
    files.refresh()
    for path in (bench.schedule, bench.servers):
        path.unlink()
        os.mkfifo(path)
    files.refresh()
    assert files.problem.startswith(f"the schedule file, {bench.schedule}, is no regular file")
    assert specs(files) == {WEB.id: ["7@2"]}
