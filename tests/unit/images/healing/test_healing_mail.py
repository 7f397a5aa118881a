"""The mail about how images stand (vault 5.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

from fiwareglancesync.images.healing.healing_mail import mail_of
from fiwareglancesync.images.removal_mark import hiding
from fiwareglancesync.notify.mail_addresses import Mailbox
from fiwareglancesync.notify.mail_settings import MailSettings
from tests.support.builders import image
from tests.support.comparing import compared, kept, templates

NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
SETTINGS = MailSettings(sender=Mailbox("sync@example.org", "GlanceSync"), receivers=("ops@example.org",))
UUID = "aaaaaaaa-0000-4000-8000-000000000000"
TEXT = f"""\
ALERT: neither in the region nor on the shelf:
  gone (templates/stack.yaml:3)

Missing in the region:
  lost (templates/stack.yaml:3)

Missing on the shelf:
  new (templates/stack.yaml:3)

Different in the region and on the shelf:
  changed (the region and the shelf have different bytes)

Not judged:
  busy (it is saving in the region)

Unresolved in templates:
  templates/stack.yaml:3: {{get_attr: [a, b]}}: it is not known before the stack exists

Hidden, to be deleted later (vault undelete UUID reverts that):
  old ({UUID})

the last line
"""


def test_it_begins_with_alerts() -> None:
    whole = image("old", id=UUID)
    region = [image("new"), image("changed", "B"), image("busy", status="saving"), hiding(whole, NOW).apply(whole)]
    needed = ["gone", "lost", "new", "changed", "busy"]
    found = compared(needed, [*region, image("unneeded")], [kept("lost"), kept("changed")])
    found = replace(found, templates=templates(needed, unresolved=True))
    mail = mail_of(found, "Spain", "the last line", SETTINGS, NOW)
    assert mail is not None
    assert mail.subject == "Images of Spain: 1 ALERT, 1 imageMissing, 1 bkpMissing, 1 Differs, 1 busy, 1 unresolved"
    assert (mail.text, mail.receivers) == (TEXT, ("ops@example.org",))
    assert mail.message_id.endswith("@example.org>")


def test_nothing_is_sent_when_all_is_well_unless_that_is_asked_for() -> None:
    well = compared(["a"], [image("a"), image("unneeded")], [kept("a")])
    assert mail_of(well, "Spain", "all is well", SETTINGS, NOW) is None
    mail = mail_of(well, "Spain", "all is well", replace(SETTINGS, notify_always=True), NOW)
    assert mail is not None
    assert (mail.subject, mail.text) == ("Images of Spain: all is well", "all is well\n")


def test_what_the_healing_itself_has_hidden_is_in_its_mail() -> None:
    whole = image("old", id=UUID)
    shelf, hidden = [kept("a"), kept("old", id=UUID)], hiding(whole, NOW).apply(whole)
    well, healed = (compared(["a"], [image("a"), each], shelf) for each in (whole, hidden))
    mail = mail_of(well, "Spain", "end", SETTINGS, NOW, healed)
    assert mail is not None
    assert f"reverts that):\n  old ({UUID})\n" in mail.text


def test_what_could_not_be_done_is_mailed_although_no_image_is_missing() -> None:
    well = compared(["a"], [image("a")], [kept("a")])
    mail = mail_of(well, "Spain", "end", SETTINGS, NOW, well, "not everything could be done")
    assert mail is not None
    assert (mail.subject, mail.text) == ("Images of Spain: not everything could be done", "end\n")


def test_a_hidden_image_that_is_mentioned_stays() -> None:
    whole = image("old", id=UUID)
    found = compared([], [hiding(whole, NOW).apply(whole)], [], mentioned=["old"])
    mail = mail_of(found, "Spain", "end", SETTINGS, NOW)
    assert mail is not None
    assert f"  old ({UUID}; templates mention it, so it stays)\n" in mail.text


def test_names_of_others_cannot_break_lines() -> None:
    mail = mail_of(compared(["a\nb"], [], []), "Spain", "end", SETTINGS, NOW)
    assert mail is not None
    assert "  a\\x0ab (" in mail.text
