"""``glancesync vms backup --dry-run``: what it prints, and that it changes nothing (vms 1.3)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from fiwareglancesync.main import main
from fiwareglancesync.vms.backup_config import BackupSettings
from fiwareglancesync.vms.backup_journal import journal_text
from fiwareglancesync.vms.execution.backup_opening import BackupOpening, RunLimits
from fiwareglancesync.vms.execution.run_ports import SlaveLook
from fiwareglancesync.vms.planning.preflight_checks import Space
from fiwareglancesync.vms.replication.georep_model import PairStatus
from fiwareglancesync.vms.vm_errors import DomainFileRefused, EngineUnreachable, GlusterError
from tests.support.vm_builders import DOMAIN, id_of
from tests.support.vm_runs import Operator
from tests.support.vm_site import MASTER, SLAVES, Site, SiteFiles, SiteMachines, SiteReplication

CHANGES = (
    (SiteMachines, ("snapshot", "merge", "update_store", "send")),
    (SiteReplication, ("set_checkpoint", "start", "stop", "pause", "mount_master", "mount_slave")),
    (SiteFiles, ("touch_master", "keep", "mount", "try_slave", "strip", "put_back", "send_again")),
)
"""Every call that changes something outside."""


def refuse(name: str) -> Callable[..., object]:
    def call(*arguments: object, **options: object) -> object:
        raise AssertionError(f"a dry run has called {name}")

    return call


class DryRuns:
    """Dry runs at a site in memory, which refuses every change."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.operator = Operator(Site(2))
        self.state = folder / "state"
        self._config = folder / "backup.cfg"
        self._capsys = capsys
        monkeypatch.setattr(BackupOpening, "tools", lambda opening, slave: self.operator.tools(slave))
        self._monkeypatch = monkeypatch

    def call(self, *words: str) -> tuple[int, list[str], list[str]]:
        """The exit code, and the lines on both streams; nothing has been changed."""
        journals = self.state / MASTER / "journals"
        for journal in self.operator.journals.all():
            journals.mkdir(parents=True, exist_ok=True)
            (journals / f"{journal.run}.json").write_text(journal_text(journal), encoding="utf-8")
        self._config.write_text(
            f"[libvirt]\nuri = test:///default\n[state]\nfolder = {self.state}\n"
            "[generations]\nmethod = alternate\nalternate = other\n",
            encoding="utf-8",
        )
        site = self.operator.site
        before = copy.deepcopy((site.files, site.engine, site.slaves)), self._files()
        with self._monkeypatch.context() as patch:
            for owner, names in CHANGES:
                for name in names:
                    patch.setattr(owner, name, refuse(name))
            code = main(["vms", "backup", MASTER, "gs", "copy", "-c", str(self._config), "--dry-run", *words])
        assert ((site.files, site.engine, site.slaves), self._files()) == before
        out, err = self._capsys.readouterr()
        return code, out.splitlines(), err.splitlines()

    def _files(self) -> list[tuple[Path, int]]:
        return sorted((each, each.stat().st_mtime_ns) for each in self.state.rglob("*"))


@pytest.fixture
def dry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> DryRuns:
    """Dry runs of two virtual machines."""
    return DryRuns(tmp_path, monkeypatch, capsys)


def test_it_prints_what_is_snapshotted_replicated_removed_and_merged_and_the_cost(dry: DryRuns) -> None:
    code, out, err = dry.call()
    folder = f"{DOMAIN}/images"
    assert (code, err) == (0, [])
    assert out == [
        f"Snapshot: vm-1 ({id_of(1, 1)}): vda ({id_of(1, 2)})",
        f"Snapshot: vm-2 ({id_of(2, 1)}): vda ({id_of(2, 2)})",
        f"Replicate: volume data to {SLAVES[0]}, until a checkpoint; then pause",
        f"Remove from the slave: the overlays of vm-1 in {folder}/{id_of(1, 2)}",
        f"Remove from the slave: the overlays of vm-2 in {folder}/{id_of(2, 2)}",
        "Merge: 2 snapshots, 1 at once",
        "Cost: the volume is not sharded, so each layer that has changed is read whole: up to 2.0 MiB; "
        "the differences are sent",
    ]
    assert not dry.state.exists()


def test_what_is_left_out_is_named_without_a_snapshot(dry: DryRuns) -> None:
    code, out, _ = dry.call("--exclude", "vm-2", "--allow-torn")
    assert code == 0
    assert f"NOT CONSISTENT on the slave: vm-2 ({id_of(2, 1)}): excluded on purpose" in out
    assert not any(line.startswith(("Snapshot: vm-2", "Remove from the slave: the overlays of vm-2")) for line in out)


def test_the_slave_without_the_newest_good_backup_is_written(dry: DryRuns) -> None:
    dry.operator.back_up()
    _, out, _ = dry.call()
    assert f"Replicate: volume data to {SLAVES[1]}, until a checkpoint; then pause" in out


def test_a_run_that_was_killed_is_recovered_first_and_not_by_a_dry_run(dry: DryRuns) -> None:
    assert dry.operator.killed(45)
    [killed] = dry.operator.journals.unfinished()
    _, out, _ = dry.call()
    assert out[0].startswith(f"Recover first: run {killed.run}: vm-1")


def test_a_run_that_would_fail_is_an_error(dry: DryRuns) -> None:
    dry.operator.site.free = 5
    code, _, err = dry.call()
    assert (code, err) == (1, ["ERROR:the master volume data has 5 % free, and 10 % are needed"])


def test_the_only_good_backup_that_is_left_is_not_overwritten(dry: DryRuns) -> None:
    older, newer = dry.operator.back_up(), dry.operator.back_up()
    dry.operator.site.slaves[newer.slave].session.status = PairStatus.ACTIVE
    code, _, err = dry.call()
    assert code == 1
    assert err[0].startswith(f"WARNING:The backup on the slave {newer.slave} was overwritten: geo-replication is ")
    assert err[1].startswith(f"ERROR:the slave {older.slave} has the only good backup that is left")


def test_a_slave_that_is_nearly_full_or_read_only_or_was_written_is_found(
    dry: DryRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = dry.operator.back_up()
    dry.operator.back_up()
    layer = PurePosixPath(DOMAIN, "images", id_of(1, 2), id_of(1, 3))
    asked: list[str] = []

    def look(files: SiteFiles, run: str) -> SlaveLook:
        asked.append(run)
        return SlaveLook(Space("the slave volume copy", 3, 100), "it is read-only", (layer,))

    monkeypatch.setattr(SiteFiles, "look_at_slave", look)
    code, _, err = dry.call()
    assert (code, asked) == (1, [older.run])
    assert err == [
        f"WARNING:The backup on the slave {older.slave} was overwritten: written since run {older.run}: {layer}",
        "ERROR:it is read-only",
        "ERROR:the slave volume copy has 3 % free, and 10 % are needed",
    ]


def test_everything_is_looked_at_whatever_fails(dry: DryRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*arguments: object) -> object:
        raise EngineUnreachable("the engine does not answer")

    def unmounted(*arguments: object) -> object:
        raise GlusterError("the volume copy of gs could not be mounted")

    monkeypatch.setattr(SiteMachines, "machines", away)
    monkeypatch.setattr(SiteFiles, "look_at_slave", unmounted)
    dry.operator.site.free = 5
    code, out, err = dry.call()
    assert (code, out) == (1, [])
    assert err == [
        "ERROR:the engine does not answer",
        "ERROR:the master volume data has 5 % free, and 10 % are needed",
        "ERROR:the volume copy of gs could not be mounted",
    ]


def test_metadata_that_a_run_could_not_keep_and_a_run_without_snapshots_are_errors(
    dry: DryRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = dry.call("--exclude", "vm-*", "--allow-torn")
    assert (code, err) == (1, ["ERROR:no snapshot could be made, so nothing is replicated"])

    def refuse_meta(*arguments: object) -> str:
        raise DomainFileRefused("images/a/b.meta is no text")

    monkeypatch.setattr(SiteFiles, "meta", refuse_meta)
    code, out, _ = dry.call()
    assert code == 1
    assert out[0].endswith("metadata of a disk cannot be kept: images/a/b.meta is no text")


def test_a_run_that_goes_on_is_named_and_the_dry_run_keeps_none_from_beginning(dry: DryRuns) -> None:
    settings = BackupSettings(libvirt="test:///default", folder=str(dry.state))
    other = BackupOpening(settings, MASTER, RunLimits(), lambda message: None)
    with other.locked():
        code, _, err = dry.call()
    assert code == 1
    assert err[0].startswith("ERROR:another run works on the volume data: process ")

    def lines(self: SiteFiles, run: str) -> SlaveLook:
        with other.locked():
            return SlaveLook(Space("the slave volume", 50, 100))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SiteFiles, "look_at_slave", lines)
        assert dry.call()[0] == 0
