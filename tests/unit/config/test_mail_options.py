"""Section ``[notify]`` of the configuration (volumes 6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.config.mail_options import MAIL_OPTIONS, mail_section, read_mail_settings
from fiwareglancesync.config.reader import Configuration
from fiwareglancesync.kinds import option_tables
from fiwareglancesync.notify.mail_addresses import Mailbox
from fiwareglancesync.notify.mail_settings import MailSettings, SmtpTls
from tests.support.reading import Reading

WHOLE = """[notify]
smtp_host = mail.example.org
smtp_port = 587
smtp_tls = STARTTLS
smtp_cacert = /etc/ca.pem
smtp_user = glancesync
smtp_password = s3cret
sender = GlanceSync <glancesync@example.org>
receivers = ops@example.org, storage@example.org, ops@example.org
project_receiver_domain = @projects.example.org
"""
SENDER = "sender = glancesync@example.org\n"


class Mail:
    """Reads the section from a file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "glancesync.conf"
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def read(self, text: str, **environ: str) -> MailSettings:
        self._file.write_text(text)
        self._file.chmod(0o600)
        configuration = Configuration(str(self._file), [], environ, option_tables(), lambda *_: None)
        settings = read_mail_settings(configuration, environ)
        findings = configuration.findings
        self.problems = [problem.replace(str(self._file), "FILE") for problem in findings.problems]
        self.warnings = [warning.replace(str(self._file), "FILE") for warning in findings.warnings]
        return settings


@pytest.fixture
def mail(tmp_path: Path) -> Mail:
    return Mail(tmp_path)


def test_every_key_is_read(mail: Mail) -> None:
    assert mail.read(WHOLE) == MailSettings(
        smtp_host="mail.example.org",
        smtp_port=587,
        smtp_tls=SmtpTls.STARTTLS,
        smtp_cacert="/etc/ca.pem",
        smtp_user="glancesync",
        smtp_password="s3cret",
        sender=Mailbox("glancesync@example.org", "GlanceSync"),
        receivers=("ops@example.org", "storage@example.org"),
        project_receiver_domain="projects.example.org",
    )
    assert (mail.problems, mail.warnings) == ([], [])
    assert {option.key for option in MAIL_OPTIONS} == set(MailSettings.__dataclass_fields__)


def test_without_the_section_nothing_is_sent(mail: Mail) -> None:
    assert mail.read("[main]\n") == MailSettings()
    assert MailSettings().sender is None
    assert (mail.problems, mail.warnings) == ([], [])


def test_the_defaults_are_printed(mail: Mail) -> None:
    texts = {option.key: mail_section().default_text(option) for option in MAIL_OPTIONS}
    assert (texts["smtp_host"], texts["smtp_port"], texts["smtp_tls"]) == ("localhost", "25", "none")
    assert (texts["notify_always"], texts["remind"]) == ("False", "24h")
    stated = ("smtp_host", "smtp_port", "smtp_tls", "remind", "notify_always")
    assert {text for key, text in texts.items() if key not in stated} == {"none"}


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("smtp_host = mail.example.org:25", "found 'mail.example.org:25', expected the name or the address of"),
        ("smtp_host = smtp://mail", "expected the name or the address of a server, without a port"),
        ("remind = often", "found 'often', expected a time such as 24h, or 0 for no reminders"),
        ("smtp_host = bücher.de", "expected the name or the address of a server"),
        ("smtp_port = 0", "found '0', expected a whole number from 1 to 65535"),
        ("smtp_tls = ssl", "found 'ssl', expected none or starttls or tls"),
        ("sender = GlanceSync", "found 'GlanceSync', expected an address such as backup@example.org or"),
        ("sender = größe@example.org", "expected an address such as"),
        ("receivers = ops@example.org, storage", "'storage' is no address such as ops@example.org"),
        ("receivers = ,", "expected one address or several, with commas in between"),
        ("project_receiver_domain = two words", "found 'two words', expected a domain such as example.org"),
    ],
)
def test_what_is_wrong_is_named(mail: Mail, entry: str, problem: str) -> None:
    mail.read(f"[notify]\n{entry}\n")
    (found,) = mail.problems
    assert found.startswith(f"FILE:2: [notify] {entry.partition(' ')[0]}: ")
    assert problem in found


@pytest.mark.parametrize(("text", "seconds"), [("12h", 43200), ("0", 0)])
def test_reminders_come_after_a_time_or_never(mail: Mail, text: str, seconds: int) -> None:
    assert mail.read(f"[notify]\nremind = {text}\n").remind == seconds


@pytest.mark.parametrize("host", ["::1", "[::1]", "127.0.0.1", "localhost", "mail_1.example.org"])
def test_a_host_may_be_an_address(mail: Mail, host: str) -> None:
    settings = mail.read(f"[notify]\nsmtp_host = {host}\n")
    assert settings.smtp_host == host.strip("[]")
    assert mail.problems == []


class TestLogin:
    USER = "[notify]\nsmtp_user = u\nsmtp_tls = tls\n" + SENDER

    def test_the_password_may_come_from_the_environment(self, mail: Mail) -> None:
        assert mail.read(self.USER, GLANCESYNC_SMTP_PASSWORD="p").smtp_password == "p"
        assert mail.problems == []

    def test_that_of_the_file_wins(self, mail: Mail) -> None:
        assert mail.read(self.USER + "smtp_password = f\n", GLANCESYNC_SMTP_PASSWORD="p").smtp_password == "f"

    def test_without_a_user_that_of_the_environment_is_not_used(self, mail: Mail) -> None:
        assert mail.read(f"[notify]\n{SENDER}", GLANCESYNC_SMTP_PASSWORD="p").smtp_password == ""
        assert mail.problems == []

    def test_a_user_without_a_password_is_a_problem(self, mail: Mail) -> None:
        mail.read(self.USER)
        assert mail.problems == [
            "FILE:2: [notify] smtp_user: the password is missing: set smtp_password, or GLANCESYNC_SMTP_PASSWORD"
        ]

    def test_a_password_without_a_user_is_a_problem(self, mail: Mail) -> None:
        mail.read("[notify]\nsmtp_password = p\n")
        assert mail.problems == ["FILE:2: [notify] smtp_password: the user is missing: set smtp_user"]

    def test_a_password_that_no_server_takes_is_a_problem_and_not_shown(self, mail: Mail) -> None:
        mail.read(self.USER + "smtp_password = größe\n")
        assert mail.problems == ["FILE:5: [notify] smtp_password: expected ASCII characters"]
        mail.read(self.USER, GLANCESYNC_SMTP_PASSWORD="größe")
        assert mail.problems == ["GLANCESYNC_SMTP_PASSWORD: expected ASCII characters"]

    @pytest.mark.parametrize(("host", "warned"), [("mail.example.org", True), ("localhost", False), ("::1", False)])
    def test_a_password_in_the_clear_is_a_warning(self, mail: Mail, host: str, warned: bool) -> None:
        mail.read(f"[notify]\nsmtp_host = {host}\nsmtp_user = u\nsmtp_password = p\n{SENDER}")
        expected = "FILE:3: [notify] smtp_user: the password is sent unencrypted; set smtp_tls = starttls or tls"
        assert mail.warnings == ([expected] if warned else [])

    def test_a_file_with_the_password_that_others_may_read_is_a_warning(self, reading: Reading) -> None:
        reading.settings("[main]\n")
        reading.file.write_text(WHOLE)
        reading.file.chmod(0o644)
        configuration = Configuration(str(reading.file), [], {}, option_tables(), lambda *_: None)
        assert "smtp_password: others may read this file" in configuration.findings.warnings[0]


@pytest.mark.parametrize("entry", ["receivers = a@example.org", "project_receiver_domain = example.org"])
def test_receivers_without_a_sender_are_a_warning(mail: Mail, entry: str) -> None:
    mail.read(f"[notify]\n{entry}\n")
    assert mail.warnings == [
        f"FILE:2: [notify] {entry.partition(' ')[0]}: no mail is sent without a sender; its text is written to the log"
    ]


def test_no_password_is_shown(mail: Mail) -> None:
    assert "s3cret" not in repr(mail.read(WHOLE))


def test_a_synchronisation_reads_the_section_too_and_reports_what_is_wrong(reading: Reading) -> None:
    assert reading.settings(WHOLE).warnings == ()
    with pytest.raises(ConfigError, match=r"\[notify\] smtp_port"):
        reading.settings("[notify]\nsmtp_port = x\n")
