"""A call of ``glancesync vms`` that ends without the journal of a run tells somebody by event and mail (vms 2.8)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.main import main
from fiwareglancesync.vms.backup_config import read_backup_file
from fiwareglancesync.vms.backup_journal import journal_text
from fiwareglancesync.vms.execution.backup_opening import BackupOpening, RunLimits
from fiwareglancesync.vms.execution.journal_files import JournalFiles
from fiwareglancesync.vms.vm_errors import EngineUnreachable
from tests.support.mail_server import MailServer, mail_server
from tests.support.vm_runs import Operator
from tests.support.vm_site import MASTER, Site, SiteMachines

CONFIG = """\
[connection]
server = https://127.0.0.1:1/ovirt-engine/api
user_name = admin@internal
password = secret
ca_file = /nowhere.pem
[state]
folder = {folder}
[notify]
smtp_host = 127.0.0.1
smtp_port = {port}
sender = backup@example.org
receivers = ops@example.org
"""
BACKUP = ["backup", MASTER, "gs", "copy"]


class Calls:
    """Calls of the command, whose engine is that of a site in memory."""

    def __init__(self, folder: Path, mails: MailServer) -> None:
        self.operator = Operator(Site(1))
        self.state = folder / "state"
        self.mails = mails
        self.config = folder / "backup.cfg"
        self.set(port=mails.port)

    def set(self, port: int, more: str = "") -> None:
        """Write the file of the backup."""
        self.config.write_text(CONFIG.format(folder=self.state, port=port) + more, encoding="utf-8")

    def call(self, *words: str) -> int:
        """The exit code."""
        return main(["vms", words[0], "-c", str(self.config), *words[1:]])

    def damage(self) -> Path:
        """Leave a damaged journal."""
        folder = self.state / MASTER / "journals"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "20260101T000000Z-ab.json"
        file.write_text("{", encoding="utf-8")
        return file

    def opening(self) -> BackupOpening:
        """What another process works with."""
        return BackupOpening(read_backup_file(self.config).settings, MASTER, RunLimits(), lambda message: None)

    @property
    def subjects(self) -> list[str]:
        """Of the mails that were received."""
        return [str(each.message["Subject"]) for each in self.mails.received]

    @property
    def events(self) -> list[str]:
        """The texts of the engine's events."""
        return [each.text for each in self.operator.site.engine.events]


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    """Calls with a mail server."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with mail_server() as mails:
        made = Calls(tmp_path, mails)
        monkeypatch.setattr(BackupOpening, "_connect", lambda opening: SiteMachines(made.operator.site))
        yield made


@pytest.mark.parametrize("words", [BACKUP, ["recover"]])
def test_a_damaged_journal(calls: Calls, words: list[str]) -> None:
    file = calls.damage()
    assert calls.call(*words) == 1
    what = {"backup": "backup of volume data to gs::copy", "recover": "recovery of volume data"}[words[0]]
    assert calls.subjects == [f"GlanceSync: {what}: FAILED"]
    assert f"{file}: the journal cannot be read" in calls.mails.received[0].body("plain")
    [event] = calls.events
    assert event.startswith(f"{what}: FAILED: {file}: the journal cannot be read")


@pytest.mark.parametrize("words", [BACKUP, ["recover", MASTER]])
def test_another_run_that_works_on_the_volume(calls: Calls, words: list[str]) -> None:
    (calls.state / MASTER / "journals").mkdir(parents=True)
    with calls.opening().locked():
        assert calls.call(*words) == 1
    assert "another run works on the volume data: process " in calls.mails.received[0].body("plain")
    assert len(calls.events) == 1


def test_the_event_says_how_the_slave_is(calls: Calls) -> None:
    ended = calls.operator.back_up()
    JournalFiles(calls.state, MASTER).write(ended)
    with calls.opening().locked():
        assert calls.call(*BACKUP) == 1
    assert calls.events[-1].endswith(f"; the slave gs::copy is consistent as of {ended.run}")
    assert f"consistent as of {ended.run}" in calls.mails.received[0].body("plain")


def test_an_alternate_volume_that_is_refused(calls: Calls) -> None:
    calls.set(calls.mails.port, "[generations]\nmethod = alternate\nalternate = copy\n")
    assert calls.call(*BACKUP) == 2
    assert "expected a second volume" in calls.mails.received[0].body("plain")


def test_a_recovery_that_does_not_reach_the_engine(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    calls.operator.killed(40)
    folder = calls.state / MASTER / "journals"
    folder.mkdir(parents=True)
    for journal in calls.operator.journals.all():
        (folder / f"{journal.run}.json").write_text(journal_text(journal), encoding="utf-8")
    monkeypatch.setattr(BackupOpening, "tools", lambda opening, slave: calls.operator.tools(slave))

    def refuse(*arguments: object) -> object:
        raise EngineUnreachable("the engine does not answer")

    for name in ("machines", "send"):
        monkeypatch.setattr(SiteMachines, name, refuse)
    assert calls.call("recover") == 1
    assert "cannot be recovered yet" in calls.mails.received[0].body("plain")
    [kept] = (calls.state / MASTER / "events").glob("*.event")
    assert json.loads(kept.read_text(encoding="utf-8"))["severity"] == "alert"


def test_a_state_folder_that_cannot_be_written(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    calls.state.mkdir()
    (calls.state / MASTER).write_text("a file")
    assert calls.call(*BACKUP) == 1
    assert "Not a directory" in calls.mails.received[0].body("plain")
    assert len(calls.events) == 1


def test_a_mail_that_cannot_be_sent_is_kept_for_the_next_call(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    file = calls.damage()
    calls.set(port=1)
    assert calls.call("recover") == 1
    assert "No mail can be sent" in capsys.readouterr().err
    file.unlink()
    for each in (calls.state / MASTER / "mails").iterdir():
        document = json.loads(each.read_text(encoding="utf-8"))
        each.write_text(json.dumps(document | {"next_attempt": document["created"]}), encoding="utf-8")
    calls.set(port=calls.mails.port)
    assert calls.call("recover") == 0
    assert calls.subjects == ["GlanceSync: recovery of volume data: FAILED"]


def test_one_volume_that_fails_holds_back_no_recovery_of_another(
    calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    calls.damage()
    (calls.state / "zeta" / "journals").mkdir(parents=True)
    assert calls.call("recover") == 1
    out, err = capsys.readouterr()
    assert "the journal cannot be read" in err
    assert "zeta: there is nothing to recover" in out


def test_a_dry_run_and_wrong_words_tell_nobody(calls: Calls) -> None:
    calls.damage()
    assert calls.call(*BACKUP, "--dry-run") == 1
    assert calls.call("backup", MASTER) == 2
    assert (calls.subjects, calls.events) == ([], [])
