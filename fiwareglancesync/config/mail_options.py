"""The options of section ``[notify]``, and what they mean (volumes 6)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping

from ..base.errors import ConfigError
from ..base.machine import is_loopback
from ..base.text import show
from ..notify.mail_addresses import is_address, is_domain, parse_mailbox
from ..notify.mail_settings import MailSettings, SmtpTls
from .option_tables import Option, SectionTable
from .reader import Configuration, without_empty
from .sections import Findings, Values
from .values import BOOLEAN, DURATION, FILE, Kind, split_list, up_to

NOTIFY = "notify"
"""The name of the section."""

PASSWORD_VARIABLE = "GLANCESYNC_SMTP_PASSWORD"  # noqa: S105 - the name of the variable that has it
"""The variable that has the password when the configuration does not."""

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\.?")


def _host(text: str) -> str:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if not _HOST.fullmatch(bare):
        ipaddress.IPv6Address(bare)  # raises ValueError
    return bare


def _tls(text: str) -> SmtpTls:
    return SmtpTls(text.lower())


def _receivers(text: str) -> tuple[str, ...]:
    found = split_list(text)
    wrong = [f"'{show(each)}' is no address such as ops@example.org" for each in found if not is_address(each)]
    if wrong or not found:
        raise ConfigError(wrong or ["expected one address or several, with commas in between"])
    return tuple(dict.fromkeys(found))


def _domain(text: str) -> str:
    domain = text.removeprefix("@")
    if not is_domain(domain):
        raise ValueError(text)
    return domain


def _remind(text: str) -> int:
    return 0 if text == "0" else int(DURATION.parse(text))


def _ascii(text: str) -> str:
    if not text.isascii():
        raise ValueError(text)
    return text


HOST = Kind("the name or the address of a server, without a port", _host)
TLS = Kind(" or ".join(each.value for each in SmtpTls), _tls)
MAILBOX = Kind("an address such as backup@example.org or GlanceSync <backup@example.org>", parse_mailbox)
RECEIVERS = Kind("addresses such as ops@example.org, separated by commas", _receivers)
DOMAIN = Kind("a domain such as example.org", _domain)
REMIND = Kind("a time such as 24h, or 0 for no reminders", _remind)
ASCII_TEXT = Kind("ASCII characters", _ascii)

MAIL_OPTIONS: tuple[Option, ...] = (
    Option("smtp_host", HOST, "The mail server.", sample="mail.example.org"),
    Option(
        "smtp_port",
        up_to(65535),
        "Its port: 25, often 587 with starttls, 465 with tls.",
    ),
    Option(
        "smtp_tls",
        TLS,
        "How the connection is encrypted: none, starttls (begun in the clear, then encrypted) or tls (encrypted "
        "from the start). The certificate is checked with both.",
        default=SmtpTls.NONE.value,
        sample=SmtpTls.STARTTLS.value,
    ),
    Option(
        "smtp_cacert",
        FILE,
        "A file with the authorities, in PEM, that the certificate is checked with, in place of the system's.",
        sample="/etc/ssl/certs/example-ca.pem",
    ),
    Option("smtp_user", ASCII_TEXT, "The user to sign in as, where the server wants a login.", sample="glancesync"),
    Option(
        "smtp_password",
        ASCII_TEXT,
        f"The user's password; without it, that of the environment variable {PASSWORD_VARIABLE}.",
        sample="secret",
        variable=PASSWORD_VARIABLE,
        secret=True,
        confidential=bool,
    ),
    Option(
        "sender",
        MAILBOX,
        "Who the mail is from. Without it no mail is sent: the text is written to the log.",
        sample="GlanceSync <glancesync@example.org>",
    ),
    Option(
        "receivers",
        RECEIVERS,
        "Who gets the reports of all projects; without it they are written to the log.",
        sample="ops@example.org, storage@example.org",
    ),
    Option(
        "project_receiver_domain",
        DOMAIN,
        "Where each project has an address of its name, PROJECT@DOMAIN, which gets the project's own report. Without "
        "it, the addresses that Keystone has of the project's members get it.",
        sample="projects.example.org",
    ),
    Option(
        "remind",
        REMIND,
        "After how long there is another mail about a problem that goes on. 0 means never.",
        default="24h",
    ),
    Option(
        "notify_always",
        BOOLEAN,
        "Whether vault status and heal with --mail send a mail also when all is well.",
    ),
)


def mail_section() -> SectionTable:
    """The options of section ``[notify]``."""
    defaults = MailSettings()
    return SectionTable(
        "Mail: which server sends it, and who gets it.",
        MAIL_OPTIONS,
        {option.key: getattr(defaults, option.key) for option in MAIL_OPTIONS},
    )


def read_mail_settings(configuration: Configuration, environ: Mapping[str, str]) -> MailSettings:
    """The settings of mail; what is wrong or odd is added to the findings.

    :param configuration: that has been read
    :param environ: the environment
    """
    return mail_settings_of(configuration.section(NOTIFY), configuration.findings, environ)


def mail_settings_of(values: Values, findings: Findings, environ: Mapping[str, str]) -> MailSettings:
    """The settings of mail of a section; what is wrong or odd is added to the findings.

    :param values: of the section
    :param environ: the environment
    """
    rules = without_empty(values.rules)
    if "smtp_user" in rules:
        rules.setdefault("smtp_password", environ.get(PASSWORD_VARIABLE, ""))
    settings = MailSettings(**rules)
    findings.problems += _problems_of_login(settings, values)
    if settings.smtp_user and settings.smtp_tls is SmtpTls.NONE and not is_loopback(settings.smtp_host):
        findings.warnings.append(
            f"{values.where('smtp_user')}: the password is sent unencrypted; set smtp_tls = starttls or tls"
        )
    addressed = [key for key in ("receivers", "project_receiver_domain") if key in rules]
    if addressed and not _is_stated("sender", values):
        text = "no mail is sent without a sender; its text is written to the log"
        findings.warnings.append(f"{values.where(addressed[0])}: {text}")
    return settings


def _problems_of_login(settings: MailSettings, values: Values) -> Iterator[str]:
    user, password = _is_stated("smtp_user", values), _is_stated("smtp_password", values)
    if user and not password and not settings.smtp_password:
        yield f"{values.where('smtp_user')}: the password is missing: set smtp_password, or {PASSWORD_VARIABLE}"
    if password and not user:
        yield f"{values.where('smtp_password')}: the user is missing: set smtp_user"
    if not settings.smtp_password.isascii():
        yield f"{PASSWORD_VARIABLE}: expected {ASCII_TEXT.expected}"


def _is_stated(key: str, values: Values) -> bool:
    """Whether an entry has a text, right or wrong."""
    entry = values.section.entries.get(key)
    return entry is not None and bool(entry.value)
