"""Section ``[notify]``: how mail is sent, and to whom (volumes 6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .mail_addresses import Mailbox


class SmtpTls(str, Enum):
    """How the connection to the mail server is encrypted."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True)
class MailSettings:
    """The mail server, the sender and the receivers.

    :param smtp_cacert: a file with the authorities that the server's certificate is checked with, "" for the system's
    :param smtp_user: "" when the server asks for no login
    :param sender: None when mail is written to the log
    :param receivers: addresses that get the reports of all projects
    :param project_receiver_domain: where each project has an address of its name; "" when its members get the mail
    :param remind: seconds after which a mail about a problem that goes on is sent again, 0 for none
    :param notify_always: whether a mail about images is sent also when all is well
    """

    smtp_host: str = "localhost"
    smtp_port: int = 25
    smtp_tls: SmtpTls = SmtpTls.NONE
    smtp_cacert: str = ""
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    sender: Mailbox | None = None
    receivers: tuple[str, ...] = ()
    project_receiver_domain: str = ""
    remind: int = 86400
    notify_always: bool = False

    @property
    def server(self) -> str:
        """The mail server as messages name it."""
        host = f"[{self.smtp_host}]" if ":" in self.smtp_host else self.smtp_host
        return f"{host}:{self.smtp_port}"
