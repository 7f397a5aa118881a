"""The metrics of runs as a file for Prometheus' node exporter (sync 1.4, ``metrics_file``)."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fiwareglancesync.base.errors import Cancelled, GlanceSyncError, Rejected, TimedOut
from fiwareglancesync.cli.metrics_file import METRICS, MetricsFile, statuses_after
from fiwareglancesync.events import Action
from fiwareglancesync.images.execution.outcome import ImageOutcome, RegionOutcome
from fiwareglancesync.images.model import SyncStatus
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedPlace
from fiwareglancesync.terminal.textfile_metrics import is_planted

from .conftest import Shell
from .contents import CONFLICT, IN_STEP, MASTERS, failing

FILE = "glancesync.prom"
OPTION = ("--config", f"main.metrics_file={FILE}")


def metrics(path: Path) -> dict[tuple[str, ...], float]:
    """The values by name and labels, as Prometheus reads them."""
    families = text_string_to_metric_families(path.read_text())
    return {
        (sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples
    }


def images(path: Path, mode: str, region: str) -> dict[str, float]:
    """The number of images of a region by status, those that are not 0."""
    return {
        key[-1]: value
        for key, value in metrics(path).items()
        if key[:3] == ("glancesync_images", mode, region) and value
    }


def test_a_run_leaves_what_the_regions_are_like_after_it(shell: Shell) -> None:
    shell.load(Spain=MASTERS, Avila=IN_STEP, Burgos=CONFLICT, Zamora=[])
    assert shell(*OPTION).code == 0
    file = shell.folder / FILE
    assert images(file, "sync", "Avila") == images(file, "sync", "Zamora") == {"ok": 2}
    assert images(file, "sync", "Burgos") == {"ok": 1, "error_checksum": 1}
    found = metrics(file)
    assert found["glancesync_moved_bytes", "sync", "Zamora"] == 3 * 2**20
    assert found["glancesync_pending_bytes", "sync", "Zamora"] == 0
    assert (found["glancesync_last_run_exit_code", "sync"], found["glancesync_last_run_regions", "sync"]) == (0, 3)
    assert {name for name, *_ in found} == set(METRICS)


def test_a_status_leaves_what_is_pending_and_a_run_does_not_replace_that(shell: Shell) -> None:
    shell.load(Spain=MASTERS, Burgos=[])
    assert shell("--show-status", "--exit-code", *OPTION).code == 3
    assert shell(*OPTION).code == 0
    file = shell.folder / FILE
    assert images(file, "status", "Burgos") == {"pending_upload": 2}
    assert images(file, "sync", "Burgos") == {"ok": 2}
    assert metrics(file)["glancesync_last_run_exit_code", "status"] == 3
    assert metrics(file)["glancesync_pending_bytes", "status", "Burgos"] == 3 * 2**20


def test_a_run_for_some_regions_keeps_what_is_known_of_the_others(shell: Shell) -> None:
    shell.load(Spain=MASTERS, Avila=[], Burgos=[])
    shell("--parallel", *OPTION)
    before = metrics(shell.folder / FILE)
    shell("Burgos", *OPTION)
    after = metrics(shell.folder / FILE)
    assert [key for key in before if "Avila" in key and before[key] != after[key]] == []
    assert after["glancesync_last_run_regions", "sync"] == 1
    ran = ("glancesync_region_last_run_timestamp_seconds", "sync", "Burgos")
    assert after[ran] > before[ran]


def test_failures_are_counted_and_the_last_success_stays(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.load(Spain=MASTERS, Burgos=[], Zamora=[])
    shell(*OPTION)
    before = metrics(shell.folder / FILE)
    monkeypatch.setattr(EmbeddedPlace, "listing", failing(TimedOut("30 s"), "listing"))
    assert shell("Burgos", "Zamora", "Nowhere", *OPTION).code == 1
    after = metrics(shell.folder / FILE)
    assert after["glancesync_last_run_failed_regions", "sync"] == 2
    regions = ("Burgos", "Zamora", "Nowhere")
    assert [after["glancesync_region_failed", "sync", region] for region in regions] == [1, 0, 1]
    assert images(shell.folder / FILE, "sync", "Burgos") == {}
    success = "glancesync_region_last_success_timestamp_seconds"
    assert after[success, "sync", "Burgos"] == before[success, "sync", "Burgos"]
    assert after[success, "sync", "Zamora"] > before[success, "sync", "Zamora"]
    assert (success, "sync", "Nowhere") not in after


def test_an_image_that_fails_stays_pending(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.load(Spain=MASTERS, Burgos=[])
    monkeypatch.setattr(EmbeddedPlace, "adopt", failing(Rejected("no such format", status=415), "adopt"))
    assert shell(*OPTION).code == 1
    assert images(shell.folder / FILE, "sync", "Burgos") == {"pending_upload": 2}
    assert metrics(shell.folder / FILE)["glancesync_failed_images", "sync", "Burgos"] == 2


def test_what_was_not_reached_stays_pending() -> None:
    statuses = (("done", SyncStatus.PENDING_UPLOAD), ("failed", SyncStatus.PENDING_AMI), ("a", SyncStatus.OK))
    outcome = RegionOutcome("R", statuses=(*statuses, ("not reached", SyncStatus.PENDING_UPLOAD)))
    outcome.images = [ImageOutcome("done", Action.UPLOAD), ImageOutcome("failed", Action.RELINK, error="no")]
    assert list(statuses_after(outcome)) == ["ok", "pending_ami", "ok", "pending_upload"]


def test_a_master_that_fails_shows_in_the_exit_code(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.load(Spain=MASTERS, Burgos=[])
    monkeypatch.setattr(EmbeddedPlace, "listing", failing(TimedOut("30 s"), "listing", "Spain"))
    assert shell(*OPTION).code == 1
    found = metrics(shell.folder / FILE)
    assert (found["glancesync_last_run_exit_code", "sync"], found["glancesync_last_run_regions", "sync"]) == (1, 0)


def test_an_interrupted_run_has_metrics(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.load(Spain=MASTERS, Burgos=[], Zamora=[])
    monkeypatch.setattr(EmbeddedPlace, "listing", failing(Cancelled(15), "listing", "Zamora"))
    assert shell(*OPTION).code == 143
    found = metrics(shell.folder / FILE)
    assert (found["glancesync_last_run_exit_code", "sync"], found["glancesync_last_run_regions", "sync"]) == (143, 1)


@pytest.mark.parametrize(
    "words",
    [["--dry-run"], ["--make-backups"], ["--show-regions"], ["--show-status", "--image", "small"], ["status"]],
)
def test_other_calls_write_none(shell: Shell, words: list[str]) -> None:
    shell.load(Spain=MASTERS, Burgos=[])
    shell(*words, *OPTION)
    assert not (shell.folder / FILE).exists()


def test_everybody_may_read_the_file_and_there_is_no_other(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        MetricsFile(tmp_path / FILE, "sync").write(0)
    finally:
        os.umask(umask)
    assert os.listdir(tmp_path) == [FILE]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o644


def test_no_half_of_the_file_is_ever_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / FILE
    MetricsFile(file, "sync").write(0)
    before = file.read_bytes()
    monkeypatch.setattr(os, "fchmod", failing_with(OSError(28, "No space left on device")))
    with pytest.raises(GlanceSyncError, match="cannot be written: No space left on device"):
        MetricsFile(file, "sync").write(1)
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == [FILE]


def failing_with(error: OSError) -> object:
    """A function that fails."""

    def fail(*arguments: object) -> None:
        raise error

    return fail


def test_a_file_of_something_else_is_not_replaced(shell: Shell) -> None:
    shell.load(Spain=MASTERS, Burgos=[])
    (shell.folder / FILE).write_text("# HELP node_load1 The load\n")
    ended = shell(*OPTION)
    why = "has other content than metrics of glancesync; it is not replaced"
    assert (ended.code, ended.complaints) == (1, [f"ERROR:metrics_file: {shell.folder / FILE} {why}"])
    assert (shell.folder / FILE).read_text() == "# HELP node_load1 The load\n"
    assert len(shell.images("Burgos")) == 2


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    with pytest.raises(GlanceSyncError, match="it is not replaced"):
        MetricsFile(tmp_path / FILE, "sync").write(0)


def test_links_are_followed_and_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "way").symlink_to("there/../there")
    (tmp_path / "there" / FILE).symlink_to(tmp_path / "there" / "other.prom")
    monkeypatch.chdir(tmp_path)
    MetricsFile(Path("way") / FILE, "sync").write(0)
    assert sorted(os.listdir("there")) == [FILE, "other.prom"]
    assert (tmp_path / "there" / FILE).is_symlink()
    assert metrics(tmp_path / "there" / "other.prom")


def test_links_without_end_are_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE).symlink_to(FILE)
    with pytest.raises(GlanceSyncError, match=f"metrics_file: {tmp_path / FILE} cannot be written: Too many levels"):
        MetricsFile(tmp_path / FILE, "sync").write(0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes links of another account")
@pytest.mark.parametrize("linked", [FILE, "folder"])
def test_a_link_that_another_account_has_planted_is_not_followed(tmp_path: Path, linked: str) -> None:
    everybody, private = tmp_path / "everybody", tmp_path / "private"
    private.mkdir()
    everybody.mkdir()
    everybody.chmod(0o1777)
    (everybody / linked).symlink_to(private / FILE if linked == FILE else private)
    os.lchown(everybody / linked, 12345, 12345)
    path = everybody / FILE if linked == FILE else everybody / linked / FILE
    with pytest.raises(GlanceSyncError, match=f"metrics_file: {everybody / linked} is a link of another account; "):
        MetricsFile(path, "sync").write(0)
    assert os.listdir(private) == []


@pytest.mark.parametrize(
    ("owner", "mode", "of_folder", "planted"),
    [
        ("other", 0o1777, "root", True),
        ("other", 0o777, "own", True),
        ("other", 0o1777, "other", False),
        ("other", 0o755, "root", False),
        ("own", 0o1777, "root", False),
        ("root", 0o1777, "other", False),
    ],
)
def test_a_link_is_planted_where_everybody_may_write(owner: str, mode: int, of_folder: str, planted: bool) -> None:
    own = os.geteuid()
    accounts = {"root": 0, "own": own, "other": own + 1}
    link = os.stat_result((0o120777, 1, 1, 1, accounts[owner], 0, 0, 0, 0, 0))
    folder = os.stat_result((0o040000 | mode, 1, 1, 2, accounts[of_folder], 0, 0, 0, 0, 0))
    assert is_planted(link, folder) is planted


def test_a_folder_that_another_program_locks_is_not_waited_for_without_end(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        with pytest.raises(GlanceSyncError, match=f"not written: another program .* {tmp_path}$"):
            MetricsFile(tmp_path / FILE, "sync", lock_seconds=0.1).write(0)
    finally:
        os.close(folder)
    MetricsFile(tmp_path / FILE, "sync", lock_seconds=0.1).write(0)


def test_what_others_have_put_in_place_of_the_new_file_is_not_written_to(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("of the user")
    os.link(other, tmp_path / f".{FILE}.{os.getpid()}.new")
    MetricsFile(tmp_path / FILE, "sync").write(0)
    assert other.read_text() == "of the user"
    assert sorted(os.listdir(tmp_path)) == [FILE, "other"]


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_bytes(b"# HELP glancesync_images Images\nglancesync_images{mode=\xff")
    MetricsFile(file, "sync").write(0)
    assert metrics(file)["glancesync_last_run_exit_code", "sync"] == 0


def test_hostile_names_stay_in_their_labels(tmp_path: Path) -> None:
    file = tmp_path / FILE
    hostile = 'a"} 1\nglancesync_images{mode="x\\\udcff'
    for _ in range(2):
        written = MetricsFile(file, "sync")
        written.take(RegionOutcome(hostile))
        written.write(0)
    found = [key for key in metrics(file) if key[0] == "glancesync_region_failed"]
    assert found == [("glancesync_region_failed", "sync", hostile.encode("utf-8", "backslashreplace").decode())]
