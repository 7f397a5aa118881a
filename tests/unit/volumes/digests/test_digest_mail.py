"""The mails of a digest: who gets which, and that one project holds back no other (volumes 6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fiwareglancesync.notify.delivery import send_due
from fiwareglancesync.notify.mail_addresses import Mailbox
from fiwareglancesync.notify.mail_settings import MailSettings
from fiwareglancesync.notify.outbox import MembersOf, OutgoingMail
from fiwareglancesync.volumes.digests.digest_mail import project_mails, whole_mail
from fiwareglancesync.volumes.digests.digest_model import ProjectDigest
from tests.support.digests import ANALYTICS, END, USUAL, WEB, of_names
from tests.support.mail_server import mail_server
from tests.support.outboxes import MemoryOutbox, no_members

SETTINGS = MailSettings(
    sender=Mailbox("glancesync@example.org"),
    receivers=("ops@example.org", "storage@example.org"),
    project_receiver_domain="projects.example.org",
)
BY_MEMBERS = replace(SETTINGS, project_receiver_domain="")


def mails(
    settings: MailSettings = SETTINGS, warnings: list[str] | None = None, *projects: ProjectDigest
) -> list[OutgoingMail]:
    digest = replace(USUAL, projects=projects or USUAL.projects)
    return [*project_mails(digest, settings, "account", END, [] if warnings is None else warnings)]


def test_the_digest_of_all_projects_goes_to_the_receivers() -> None:
    mail = whole_mail(USUAL, SETTINGS, "account", END)
    assert mail.receivers == ("ops@example.org", "storage@example.org")
    assert mail.subject.startswith("Volume backups in RegionOne: 1 failed")
    assert mail.text.startswith("Volume backups of all projects\n")
    assert mail.html.startswith("<!DOCTYPE html>\n")
    assert (mail.created, mail.next_attempt) == (END, END)


def test_each_project_gets_its_own() -> None:
    found = mails()
    assert [mail.receivers for mail in found] == [("web@projects.example.org",), ("analytics@projects.example.org",)]
    assert "spark" not in found[0].subject + found[0].text + found[0].html


def test_a_message_id_is_fixed_and_each_mail_has_another_one() -> None:
    later = replace(USUAL, end=END + timedelta(days=1))
    made = [whole_mail(USUAL, SETTINGS, "account", END), *mails(), whole_mail(later, SETTINGS, "account", END)]
    made.append(whole_mail(USUAL, SETTINGS, "another account", END))
    assert len({mail.message_id for mail in made}) == len(made)
    assert mails()[0].message_id == made[1].message_id
    assert made[0].message_id.endswith("@example.org>")


def test_without_a_domain_of_projects_their_members_get_them() -> None:
    found = mails(BY_MEMBERS)
    assert [mail.members_of for mail in found] == [
        MembersOf(WEB.project_id, "Default/web"), MembersOf(ANALYTICS.project_id, ANALYTICS.project_name),
    ]  # fmt: skip
    assert {mail.receivers for mail in found} == {()}


def test_a_name_that_is_no_local_part_is_reported() -> None:
    warnings: list[str] = []
    assert mails(SETTINGS, warnings, ProjectDigest("1", "two words")) == []
    assert warnings == ["project two words (1): its name is no local part of an address; it gets no mail"]


@pytest.mark.parametrize("settings", [MailSettings(), replace(SETTINGS, sender=None)])
def test_without_a_sender_only_the_whole_digest_is_made(settings: MailSettings) -> None:
    assert mails(settings) == []
    assert whole_mail(USUAL, settings, "account", END).message_id.endswith("@localhost>")


def test_a_hostile_digest_arrives_at_a_mail_server_as_it_is() -> None:
    name = "<b>\r\nBcc: x@example.org\u202e👩‍👧" + "x" * 200
    with mail_server() as server:
        settings = server.settings(receivers=("ops@example.org",))
        mail = whole_mail(of_names(name, name), settings, "account", END)
        report = send_due(MemoryOutbox(mail), settings, no_members, END)
        assert (report.sent, server.receivers) == (1, ["ops@example.org"])
        message = server.received[0].message
        assert message["Bcc"] is None
        assert message["Message-ID"] == mail.message_id
        assert message["Subject"].startswith("Volume backups in <b>\\x0d\\x0aBcc: x@example.org\\u202e👩\\u200d👧xxx")
        assert server.received[0].body("plain").splitlines() == mail.text.splitlines()
        assert server.received[0].body("html").splitlines() == mail.html.splitlines()
