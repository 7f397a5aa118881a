"""Makes the message of one receiver: plain text and HTML, in UTF-8, with nothing in a header but what belongs there."""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256

from ..base.text import escaped, show
from .mail_addresses import Mailbox, is_address
from .mail_errors import Malformed

MAX_SUBJECT = 250
"""Characters of a subject; what is longer is cut."""

_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.+_-]{1,64}@[A-Za-z0-9.-]{1,253}>")

_SEVEN_BITS = SMTP.clone(cte_type="7bit")
"""Bytes above 127 are encoded, so the server need not offer 8BITMIME."""


def message_id(kind: str, *parts: str, domain: str) -> str:
    """The Message-ID of a mail, the same for the same parts, so that a mailbox shows a mail once that came twice.

    :param kind: what the mail is, such as ``volumes``
    :param parts: what makes it different from others of its kind
    :param domain: that of the sender
    """
    digest = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"<{kind}.{digest[:32]}@{domain}>"


def build_message(
    *, sender: Mailbox, receiver: str, subject: str, text: str, html: str, message_id: str, created: datetime
) -> EmailMessage:
    """Make a message.

    :param sender: whose address and name it shows
    :param receiver: an address
    :param subject: any text; what is not printable in it is escaped
    :param text: the plain alternative
    :param html: a whole document, "" for none
    :param message_id: with angle brackets
    :param created: an aware time, for the header ``Date``
    :raises Malformed: an address or the Message-ID cannot stand in a header
    """
    if not (is_address(sender.address) and is_address(receiver) and _MESSAGE_ID.fullmatch(message_id)):
        raise Malformed(f"the mail to {show(receiver)} has a malformed address or Message-ID")
    message = EmailMessage(policy=_SEVEN_BITS)
    message["From"] = Address(sender.name, addr_spec=sender.address)
    message["To"] = Address(addr_spec=receiver)
    message["Subject"] = shortened(subject)
    message["Date"] = created
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # answers of absent receivers are not wanted (RFC 3834)
    message.set_content(text.encode("utf-8", "replace").decode())
    if html:
        message.add_alternative(html.encode("utf-8", "replace").decode(), subtype="html")
    return message


def shortened(subject: str) -> str:
    """A subject as a header may have it: one line, printable, not too long."""
    line = escaped(subject).replace("=?", "=\\x3f")  # "=?" begins what is encoded in a header (RFC 2047)
    return line if len(line) <= MAX_SUBJECT else f"{line[: MAX_SUBJECT - 1]}…"
