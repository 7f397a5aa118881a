"""``glancesync vms``: words, the file of the backup, status and check (vms 1)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fiwareglancesync.cli.vms_backup import recovered_message
from fiwareglancesync.main import main
from fiwareglancesync.vms.backup_config import BackupSettings
from fiwareglancesync.vms.backup_journal import Stage, journal_text
from fiwareglancesync.vms.execution.backup_opening import BackupOpening
from tests.support.vm_builders import journal_machine
from tests.support.vm_runs import Operator
from tests.support.vm_site import MASTER, Site, SiteFiles


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The file of a backup."""
    file = tmp_path / "backup.cfg"
    file.write_text(f"[libvirt]\nuri = test:///default\n[state]\nfolder = {tmp_path / 'state'}\n", encoding="utf-8")
    return file


@pytest.fixture
def operator(tmp_path: Path, config: Path) -> Operator:
    """Runs whose journals are where the file says."""
    return Operator(Site(2))


def keep(operator: Operator, tmp_path: Path) -> None:
    """Write the journals of an operator where the file says."""
    folder = tmp_path / "state" / MASTER / "journals"
    folder.mkdir(parents=True, exist_ok=True)
    for journal in operator.journals.all():
        (folder / f"{journal.run}.json").write_text(journal_text(journal), encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["backup", "data", "a b", "copy"], "'a b' is no slave host; expected HOST or USER@HOST"),
        (["backup", "--", "-data", "gs", "copy"], "'-data' is no name of a volume"),
        (["backup", "data", "gs", "copy", "--exclude", "web"], "add --allow-torn if that is meant"),
        (["backup", "data", "gs", "copy", "--interval", "0"], "expected 1 or more, not '0'"),
        (["status", "other"], "the volume other has not been backed up from here"),
    ],
)
def test_wrong_words_are_one_line(
    words: list[str], reason: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["vms", words[0], "-c", str(config), *words[1:]])
    except SystemExit as ended:
        code = int(ended.code or 0)
    assert code == 2
    assert reason in capsys.readouterr().err.splitlines()[-1]


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vms", "status", "-c", str(tmp_path / "none.cfg")]) == 2
    assert "the file cannot be read" in capsys.readouterr().err


def test_a_volume_that_is_not_mounted_here_is_a_failed_run_with_a_reason(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vms", "backup", "data", "gs", "copy", "-c", str(config), "--report"]) == 1
    out, err = capsys.readouterr()
    assert err.count("the volume data is not mounted on this machine") == 1
    assert err.splitlines()[-1] .startswith("ERROR:Backup of volume data to gs::copy: FAILED; virtual machines: none; ")
    assert "FAILED" in out
    assert main(["vms", "check", "-c", str(config)]) == 2


def test_debug_shows_where_the_reason_of_a_failed_run_comes_from(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vms", "backup", "data", "gs", "copy", "-c", str(config)]) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert main(["vms", "backup", "data", "gs", "copy", "-c", str(config), "--debug"]) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "mount_table.py" in err
    assert err.splitlines()[-1].startswith("ERROR:Backup of volume data to gs::copy: FAILED; ")


def test_verbs_that_find_no_volume_say_so(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vms", "status", "-c", str(config)]) == 0
    assert capsys.readouterr().err == "INFO:no volume has been backed up from here\n"
    assert main(["vms", "recover", "-c", str(config)]) == 0
    assert "no volume has been backed up from here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("runs", "is_done", "text"),
    [
        (["r1"], True, "data: recovered r1"),
        ([], True, "data: there is nothing to recover"),
        (["r1", "r2"], False, "data: r1, r2 cannot be recovered yet; call recover again, or let the next run do it"),
    ],
)
def test_a_recovery_is_only_called_done_when_it_is(runs: list[str], is_done: bool, text: str) -> None:
    assert str(recovered_message("data", runs, is_done=is_done).text) == text


def test_status_and_check_of_a_good_backup(
    operator: Operator, tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = operator.back_up()
    keep(operator, tmp_path)
    assert main(["vms", "status", "-c", str(config), "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == f"data,gs::copy,{ended.run},SUCCESS,consistent as of {ended.run}"
    assert main(["vms", "check", "-c", str(config), "--max-age", "1000000"]) == 0
    assert capsys.readouterr().out.startswith(f"VMS OK - gs::copy is consistent as of {ended.run} | age=")
    assert main(["vms", "check", "-c", str(config)]) == 2
    assert "the newest consistent backup is of" in capsys.readouterr().out


def test_a_killed_run_and_a_snapshot_that_is_left_are_warnings(
    operator: Operator, tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = operator.back_up()
    operator.killed(30)
    left = journal_machine(9, stage=Stage.STRIPPED, is_stripped=True)
    operator.journals.write(ended.with_machine(left))
    keep(operator, tmp_path)
    assert main(["vms", "status", "-c", str(config)]) == 0
    err = capsys.readouterr().err
    assert "the snapshot of vm-9 is not merged" in err
    assert "has not ended, or was killed" in err
    assert main(["vms", "check", "-c", str(config), "--max-age", "1000000"]) == 1


def test_nothing_that_was_backed_up_is_unknown(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vms", "check", "-c", str(config)]) == 3
    assert capsys.readouterr().out.startswith("VMS UNKNOWN - no volume has been backed up from here")


def test_without_any_run_status_has_no_rows_and_there_is_nothing_to_recover(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vms", "status", "-c", str(config), "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    assert (len(out.splitlines()), err) == (1, "INFO:no volume has been backed up from here\n")
    assert main(["vms", "recover", "-c", str(config)]) == 0


def test_a_run_that_could_not_begin_a_journal_is_no_run(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state" / MASTER / "journals").mkdir(parents=True)
    assert main(["vms", "check", "-c", str(config)]) == 2
    assert capsys.readouterr().out.startswith("VMS CRITICAL - data: there has been no run")


def test_a_torn_slave_is_printed_with_its_time_and_critical(
    operator: Operator, tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    operator.settings, operator.timeout = BackupSettings(merge_parallel=1), 60.0
    monkeypatch.setattr(SiteFiles, "touch_master", lambda self: None)  # so that no checkpoint is complete
    ended = operator.back_up()
    keep(operator, tmp_path)
    assert main(["vms", "status", "-c", str(config), "--format", "csv"]) == 0
    out, _ = capsys.readouterr()
    assert out.splitlines()[1] == f"data,gs::copy,{ended.run},FAILED,torn since {ended.since}"
    assert main(["vms", "check", "-c", str(config), "--max-age", "1000000"]) == 2
    assert "data: no slave holds a consistent backup" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["status"], ["check"], ["recover"], ["backup", "data", "gs", "copy"]])
def test_a_state_that_the_user_may_not_read_is_one_line_and_nothing_is_begun(
    words: list[str], config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(folder: Path) -> list[str]:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(os, "listdir", refuse)
    assert main(["vms", words[0], "-c", str(config), *words[1:]]) == (3 if words == ["check"] else 1)
    out, err = capsys.readouterr()
    [line] = (out + err).splitlines()
    assert "cannot be read: Permission denied; call the command as the user that does the backups" in line


@pytest.mark.parametrize("words", [["status"], ["recover"], ["backup", "data", "gs", "copy", "--dry-run"]])
def test_a_damaged_journal_is_named_by_every_verb(
    words: list[str], tmp_path: Path, config: Path, operator: Operator, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    ended = operator.back_up()
    keep(operator, tmp_path)
    file = tmp_path / "state" / MASTER / "journals" / f"{ended.run}.json"
    file.write_bytes(file.read_bytes()[:-20])
    monkeypatch.setattr(BackupOpening, "tools", lambda opening, slave: operator.tools(slave))
    assert main(["vms", words[0], "-c", str(config), *words[1:]]) == 1
    assert f"{file}: the journal cannot be read" in capsys.readouterr().err


def test_a_state_folder_that_is_a_file_is_named(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").touch()
    assert main(["vms", "status", "-c", str(config)]) == 1
    assert f"the folder {tmp_path / 'state'} cannot be read: Not a directory" in capsys.readouterr().err


def test_a_journal_that_cannot_be_read_keeps_a_run_from_beginning(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "state" / "data" / "journals"
    folder.mkdir(parents=True)
    (folder / "20260101T000000Z-ab.json").write_text("{", encoding="utf-8")
    assert main(["vms", "backup", "data", "gs", "copy", "-c", str(config)]) == 1
    assert "the journal cannot be read: it is no journal of a backup" in capsys.readouterr().err


def test_status_names_a_volume_of_which_no_run_has_written_to_a_slave(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vms", "backup", "data", "gs", "copy", "-c", str(config)]) == 1
    capsys.readouterr()
    assert main(["vms", "status", "-c", str(config), "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert err.startswith("WARNING:data: no run has written to a slave; result of the last one, 20")
    assert err.endswith(": FAILED\n")
