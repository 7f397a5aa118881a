"""The message of one receiver: what is in it, and that nothing breaks out of a header (volumes 6)."""

from __future__ import annotations

from datetime import datetime, timezone
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fiwareglancesync.notify.mail_addresses import Mailbox
from fiwareglancesync.notify.mail_errors import Malformed
from fiwareglancesync.notify.mail_message import MAX_SUBJECT, build_message, message_id, shortened

CREATED = datetime(2026, 11, 28, 6, tzinfo=timezone.utc)
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]


def raw(**others: Any) -> bytes:
    fields = {
        "sender": Mailbox("glancesync@example.org", "GlanceSync"),
        "receiver": "ops@example.org",
        "subject": "Volume backups",
        "text": "plain",
        "html": "<p>html</p>",
        "message_id": "<volumes.1@example.org>",
        "created": CREATED,
    }
    return build_message(**{**fields, **others}).as_bytes()


def parsed(**others: Any) -> EmailMessage:
    return message_from_bytes(raw(**others), policy=default)


def test_a_message_has_both_alternatives_and_the_headers_of_a_program() -> None:
    message = parsed(sender=Mailbox("glancesync@example.org", "Sauvegardes d'été, volumes"), subject="Größe 📦")
    assert list(message.keys()) == HEADERS
    assert message["From"] == "\"Sauvegardes d'été, volumes\" <glancesync@example.org>"
    assert message["Subject"] == "Größe 📦"
    assert message["Date"].datetime == CREATED
    assert message["Message-ID"] == "<volumes.1@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_without_html_it_is_plain_text() -> None:
    assert parsed(html="").get_content_type() == "text/plain"


@given(st.text(), st.text())
@example("a\r\nBcc: x@y.org", "a\r\n.\r\nMAIL FROM:<x@y.org>")
@example("a\u2028Bcc: x@y.org\x0bTo: z", "é" * 3000)
@example("\ud800=?utf-8?q?x?=", "\ud800")
@example("x " * 400, "x" * 3000)
def test_no_subject_and_no_body_breaks_out(subject: str, body: str) -> None:
    message = parsed(subject=subject, text=body, html=f"<p>{body}</p>")
    assert list(message.keys()) == HEADERS
    assert message["Subject"].split() == shortened(subject).split()
    lines = raw(subject=subject, text=body).split(b"\r\n")
    assert all(len(line) <= 998 and b"\n" not in line and b"\r" not in line and line.isascii() for line in lines)
    text = next(part for part in message.walk() if part.get_content_type() == "text/plain").get_content()
    assert text.split() == body.encode("utf-8", "replace").decode().split()


@given(st.text(max_size=MAX_SUBJECT + 10))
def test_a_subject_is_one_short_printable_line(subject: str) -> None:
    line = shortened(subject)
    assert line.isprintable()
    assert len(line) <= MAX_SUBJECT


@pytest.mark.parametrize(
    "fields",
    [
        {"receiver": "a@b.org\r\nBcc: c@d.org"},
        {"receiver": "größe@b.org"},
        {"receiver": ""},
        {"message_id": "<1@b.org>\r\nBcc: c@d.org"},
    ],
)
def test_what_cannot_stand_in_a_header_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(Malformed, match="has a malformed address or Message-ID") as caught:
        raw(**fields)
    assert not caught.value.retryable
    assert str(caught.value).isprintable()


@given(st.lists(st.text(), min_size=1))
def test_a_message_id_is_that_of_its_parts(parts: list[str]) -> None:
    found = message_id("volumes", *parts, domain="example.org")
    assert found == message_id("volumes", *parts, domain="example.org")
    assert found != message_id("volumes", *parts, "", domain="example.org")
    assert parsed(message_id=found)["Message-ID"] == found
