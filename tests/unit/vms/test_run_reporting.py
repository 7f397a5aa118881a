"""EVENT: what is said of a run, once, and sent later when it cannot be sent now (vms 2.8)."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import NotWritten
from fiwareglancesync.base.messages import Message
from fiwareglancesync.notify.file_outbox import FileOutbox
from fiwareglancesync.notify.mail_addresses import parse_mailbox
from fiwareglancesync.notify.mail_settings import MailSettings
from fiwareglancesync.vms.backup_journal import Journal, SlaveState
from fiwareglancesync.vms.engines.engine_event import EngineEvent, Severity, events_of
from fiwareglancesync.vms.execution.event_outbox import EventOutbox
from fiwareglancesync.vms.execution.journal_files import JournalFiles
from fiwareglancesync.vms.execution.run_reporting import RunReporting
from fiwareglancesync.vms.planning.run_report import duration_text, event_text, report_lines, severity_of
from fiwareglancesync.vms.vm_errors import EngineUnreachable, EventRefused
from tests.support.mail_server import mail_server
from tests.support.vm_builders import journal, journal_machine
from tests.support.vm_site import Site, SiteClock, SiteMachines

ENDED = "2026-11-28T19:01:05+00:00"


def ended_run() -> Journal:
    return replace(journal(), ended=ENDED, result="FAILED", reasons=("the slave <b>died</b>",), clusters=("c-1", "c-2"))


def reporting(folder: Path, site: Site, lines: list[Message], mail: MailSettings | None = None) -> RunReporting:
    files = JournalFiles(folder, "data")
    return RunReporting(files, SiteMachines(site), mail or MailSettings(), lines.append, SiteClock(site))


def test_a_run_is_reported_once_in_each_cluster(tmp_path: Path) -> None:
    site, lines = Site(1), list[Message]()
    JournalFiles(tmp_path, "data").write(ended_run())
    for _ in range(2):
        reporting(tmp_path, site, lines).report_all()
    assert [each.cluster for each in site.engine.events] == ["c-1", "c-2"]
    assert {each.severity for each in site.engine.events} == {Severity.ALERT}
    assert "the slave <b>died</b>" in site.engine.events[0].text
    assert lines == []


def test_a_run_that_has_not_ended_is_not_reported(tmp_path: Path) -> None:
    site, lines = Site(1), list[Message]()
    JournalFiles(tmp_path, "data").write(journal())
    reporting(tmp_path, site, lines).report_all()
    assert (site.engine.events, lines) == ([], [])


def test_an_event_that_the_engine_does_not_take_is_sent_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site, lines = Site(1), list[Message]()
    JournalFiles(tmp_path, "data").write(ended_run())
    with monkeypatch.context() as patch:

        def send(self: SiteMachines, event: object) -> None:
            raise EngineUnreachable("the engine does not answer")

        patch.setattr(SiteMachines, "send", send)
        reporting(tmp_path, site, lines).report_all()
    assert [line.text for line in lines] == [
        "An event could not be sent, and is sent by a later run: the engine does not answer"
    ]
    reporting(tmp_path, site, lines).report_all()
    assert len(site.engine.events) == 2


def test_an_event_that_the_engine_refuses_holds_back_no_other_one_and_is_given_up_after_a_week(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, lines = Site(1), list[Message]()
    JournalFiles(tmp_path, "data").write(replace(ended_run(), clusters=("odd", "c-1")))
    send = SiteMachines.send

    def refuse(self: SiteMachines, event: EngineEvent) -> None:
        if event.cluster == "odd":
            raise EventRefused("the cluster is not known")
        send(self, event)

    monkeypatch.setattr(SiteMachines, "send", refuse)
    reporting(tmp_path, site, lines).report_all()
    assert [each.cluster for each in site.engine.events] == ["c-1"]
    [kept] = (tmp_path / "data" / "events").iterdir()
    assert lines[-1].text == "An event could not be sent, and is sent by a later run: the cluster is not known"
    os.utime(kept, (0, 0))
    reporting(tmp_path, site, lines).report_all()
    assert lines[-1].text == "An event is given up after 7 days: the cluster is not known"
    assert not kept.exists()


def test_a_file_beside_the_events_that_is_none_of_ours_is_not_sent_and_holds_back_nothing(tmp_path: Path) -> None:
    site, lines, folder = Site(1), list[Message](), tmp_path / "data" / "events"
    folder.mkdir(parents=True)
    ours = '{"custom_id": 5, "severity": "alert", "text": %s}'
    for name, text in (("5", ours % 5), ("6", ours % '"another"'), ("7", ours % '"torn'), ("8", "[" * 100000)):
        (folder / f"{name}.event").write_text(text, encoding="utf-8")
    (folder / "9.event").symlink_to(tmp_path / "nowhere")
    (folder / "10.event").mkdir()
    JournalFiles(tmp_path, "data").write(ended_run())
    reporting(tmp_path, site, lines).report_all()
    assert [each.cluster for each in site.engine.events] == ["c-1", "c-2"]
    assert lines == []
    assert len(list(folder.iterdir())) == 6


def test_a_report_that_cannot_be_kept_is_sent_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site, lines = Site(1), list[Message]()
    JournalFiles(tmp_path, "data").write(ended_run())

    def full(self: object, kept: object) -> None:
        raise NotWritten("No space left on device")

    for outbox in (EventOutbox, FileOutbox):
        monkeypatch.setattr(outbox, "add", full)
    with mail_server() as mails:
        reporting(tmp_path, site, lines, mails.settings(receivers=("ops@example.org",))).report_all()
    assert len(site.engine.events) == 2
    assert mails.received[0].message["Subject"] == "GlanceSync: backup of volume data to gs::copy: FAILED"
    assert lines[0].text.startswith("The report of run run-1 cannot be kept, and is sent at once: ")


def test_names_of_guests_write_no_lines_and_no_controls(tmp_path: Path) -> None:
    site, lines = Site(1), list[Message]()
    odd = replace(journal_machine(1), name="web\nReason: \x1b[31mnothing\u202e", is_stripped=True)
    JournalFiles(tmp_path, "data").write(replace(ended_run(), machines=(odd,)))
    with mail_server() as mails:
        reporting(tmp_path, site, lines, mails.settings(receivers=("ops@example.org",))).report_all()
    shown = "web\\x0aReason: \\x1b[31mnothing\\u202e"
    assert f"  {shown} ({odd.id})" in mails.received[0].body("plain")
    assert all(shown in each.text and each.text.isprintable() for each in site.engine.events)


def test_only_a_run_that_compared_says_so_and_samples_are_in_the_event() -> None:
    assert not any(line.startswith("Compared") for line in report_lines(ended_run()))
    assert "samples" not in event_text(replace(ended_run(), verify="full"))
    sampled = replace(ended_run(), verify="sampled")
    assert "; compared by samples; " in event_text(sampled)
    assert "Compared with the master: sampled" in report_lines(sampled)


def test_the_text_of_an_event_has_an_end() -> None:
    [event] = events_of("run-1", Severity.ALERT, "ä" * 5000, (), "")
    assert len(event.text) == 4000


def test_a_mail_that_cannot_be_sent_waits(tmp_path: Path) -> None:
    site, lines = Site(1), list[Message]()
    JournalFiles(tmp_path, "data").write(ended_run())
    mail = MailSettings(
        smtp_host="127.0.0.1", smtp_port=1, sender=parse_mailbox("backup@example.org"), receivers=("ops@example.org",)
    )
    reporting(tmp_path, site, lines, mail).report_all()
    [waiting] = FileOutbox(tmp_path / "data" / "mails").due(SiteClock(Site(1)).now().replace(year=2030))
    assert waiting.receivers == ("ops@example.org",)
    assert waiting.subject == "GlanceSync: backup of volume data to gs::copy: FAILED"
    assert "Reason: the slave <b>died</b>" in waiting.text
    assert any("No mail can be sent" in line.text for line in lines)


def test_an_alert_of_a_run_that_succeeded_is_an_event_a_mail_and_in_the_report(tmp_path: Path) -> None:
    site, lines, alert = Site(1), list[Message](), "The backup on the slave gs::copy was overwritten: it is active"
    run = replace(ended_run(), result="SUCCESS", reasons=(), alerts=(alert,))
    JournalFiles(tmp_path, "data").write(run)
    mail = MailSettings(
        smtp_host="127.0.0.1", smtp_port=1, sender=parse_mailbox("backup@example.org"), receivers=("ops@example.org",)
    )
    reporting(tmp_path, site, lines, mail).report_all()
    assert {(each.severity, alert in each.text) for each in site.engine.events} == {(Severity.ALERT, True)}
    [waiting] = FileOutbox(tmp_path / "data" / "mails").due(SiteClock(Site(1)).now().replace(year=2030))
    assert waiting.subject == "GlanceSync: backup of volume data to gs::copy: SUCCESS, with an alert"
    assert f"Alert: {alert}\n" in waiting.text
    run = replace(run, alerts=())
    assert severity_of(run) is Severity.NORMAL


def test_the_event_of_a_run_that_failed_early_says_which_backup_the_slave_still_holds(tmp_path: Path) -> None:
    site, lines, files = Site(1), list[Message](), JournalFiles(tmp_path, "data")
    good = replace(ended_run(), slave_state=SlaveState.CONSISTENT, result="SUCCESS", reasons=())
    for run in (good, replace(ended_run(), run="run-2")):
        files.write(run)
    reporting(tmp_path, site, lines).report_all()
    assert len(site.engine.events) == 4
    assert all("; the slave gs::copy is consistent as of run-1" in each.text for each in site.engine.events)


def test_the_duration_has_hours_minutes_and_seconds() -> None:
    assert duration_text(ended_run()) == "1:01:05"
    assert duration_text(replace(ended_run(), ended="2026-11-28T18:00:42+00:00")) == "0:00:42"
    assert "duration 1:01:05" in event_text(ended_run())
