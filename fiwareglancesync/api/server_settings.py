"""What the server is told by its files and the environment; everything that is missing is reported at once."""

from __future__ import annotations

import configparser
import difflib
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from ..base.errors import GlanceSyncError

SYSTEM_FOLDER = Path("/etc/fiware.d")
SETTINGS_FILE, LOGGING_FILE = "fiware-glancesync.cfg", "fiware-glancesync-logging.cfg"
SETTINGS_VARIABLE, LOGGING_VARIABLE = "GLANCESYNC_SETTINGS_FILE", "GLANCESYNC_LOGGING_SETTINGS_FILE"
DATABASE_VARIABLE, FLASK_VARIABLE = "GLANCESYNCAPP_DATABASE_PATH", "GLANCESYNCAPP_CONFIG"
OPENSTACK, SERVER = "openstack", "settings"
HOUR = 3600.0
DAY = 24 * HOUR

KEYS: Mapping[str, tuple[str, ...]] = {
    SERVER: (
        "HOST",
        "PORT",
        "PUBLIC_URL",
        "WORKERS",
        "THREADS",
        "MAX_TASKS",
        "METRICS_TOKEN",
        "TASK_RETENTION",
        "TASK_TIME_LIMIT",
        "EXECUTOR",
        "BROKER_URL",
    ),
    OPENSTACK: (
        "KEYSTONE_URL",
        "ADM_USER",
        "ADM_PASS",
        "ADM_TENANT_ID",
        "ADM_TENANT_NAME",
        "USER_DOMAIN_NAME",
        "PROJECT_DOMAIN_NAME",
        "ADM_APPLICATION_CREDENTIAL_ID",
        "ADM_APPLICATION_CREDENTIAL_SECRET",
        "ROLES",
        "CACERT",
        "INSECURE",
    ),
}
DEFAULTS = {
    "HOST": "127.0.0.1",
    "PORT": "8888",
    "WORKERS": "2",
    "THREADS": "8",
    "MAX_TASKS": "8",
    "TASK_RETENTION": "30",
    "TASK_TIME_LIMIT": "24",
    "EXECUTOR": "embedded",
    "USER_DOMAIN_NAME": "Default",
    "PROJECT_DOMAIN_NAME": "Default",
    "ROLES": "admin",
}
VARIABLES: Mapping[str, str] = {key: key for key in KEYS[OPENSTACK]} | {
    "EXECUTOR": "GLANCESYNC_EXECUTOR",
    "BROKER_URL": "GLANCESYNC_BROKER_URL",
}
"""The environment variables that stand in for keys that the file does not have."""

YES, NO = ("true", "yes", "on", "1"), ("", "false", "no", "off", "0")
"""How a switch is written; one that is not written is off."""

BROKERS = ("redis://", "rediss://", "amqp://", "amqps://")
"""How the URL of a broker begins."""


class ExecutorKind(str, Enum):
    """What carries the tasks out."""

    EMBEDDED = "embedded"
    CELERY = "celery"


class StartError(GlanceSyncError):
    """The server cannot be started as it is configured; holds every problem found (sync 5.4: exit 1)."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class Keystone:
    """How tokens are validated.

    :param roles: one of them is needed
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    tenant_id: str = ""
    tenant_name: str = ""
    user_domain: str = "Default"
    project_domain: str = "Default"
    application_credential_id: str = ""
    application_credential_secret: str = field(default="", repr=False)
    roles: tuple[str, ...] = ("admin",)
    cacert: str = ""
    insecure: bool = False


@dataclass(frozen=True)
class ServerSettings:
    """Everything that the server is told.

    :param public_url: the server's address as users know it, with a slash at the end; "" for the one that they ask
    :param keystone: None means that nobody is asked for a token
    :param max_tasks: tasks that the embedded runner does at once
    :param task_retention: seconds for which a task is kept after its end
    :param task_time_limit: seconds after which a task that still runs is ended
    :param executor: what carries the tasks out
    :param broker_url: where Celery's messages go, "" without Celery
    :param metrics_token: what others than loopback show to see the metrics, "" for never
    :param database_folder: where the SQLite database is
    :param flask_file: a Flask configuration file, None for none
    :param logging_file: None for the default logging
    :param warnings: what the reader wants to tell
    """

    host: str
    port: int
    workers: int
    threads: int
    max_tasks: int
    task_retention: float
    task_time_limit: float = DAY
    executor: ExecutorKind = ExecutorKind.EMBEDDED
    broker_url: str = field(default="", repr=False)
    keystone: Keystone | None = None
    metrics_token: str = field(default="", repr=False)
    public_url: str = ""
    database_folder: Path = Path()
    flask_file: Path | None = None
    logging_file: Path | None = None
    warnings: tuple[str, ...] = ()


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone.

    :param host: a name or an address, without port
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def load_server_settings(environ: Mapping[str, str], *, embedded: bool) -> ServerSettings:
    """Read files and environment.

    :param environ: the environment
    :param embedded: whether the regions are those of the embedded federation, which needs no Keystone
    :raises StartError: something is wrong or missing
    """
    return _Reader(environ, _Validation.IF_CONFIGURED if embedded else _Validation.ALWAYS).read()


def load_worker_settings(environ: Mapping[str, str]) -> ServerSettings:
    """Read the same files and environment for a worker, which validates no token and needs no Keystone for that.

    :param environ: the environment
    :raises StartError: something is wrong or missing
    """
    return _Reader(environ, _Validation.NEVER).read()


class _Validation(Enum):
    """When tokens are validated."""

    ALWAYS = "always"
    IF_CONFIGURED = "if configured"
    NEVER = "never"


class _Reader:
    def __init__(self, environ: Mapping[str, str], validation: _Validation) -> None:
        self._environ = environ
        self._validation = validation
        self._problems: list[str] = []
        self._warnings: list[str] = []
        self._values: dict[str, str] = {}
        self._origin = str(SYSTEM_FOLDER / SETTINGS_FILE)

    def read(self) -> ServerSettings:
        path = self._file(SETTINGS_VARIABLE, SETTINGS_FILE)
        if path is not None:
            self._origin = str(path)
            self._parse(path)
        settings = ServerSettings(
            host=self._value("HOST"),
            port=self._number("PORT", 65535),
            workers=self._number("WORKERS", 1000),
            threads=self._number("THREADS", 1000),
            max_tasks=self._number("MAX_TASKS", 1000),
            task_retention=self._number("TASK_RETENTION", 100_000) * DAY,
            task_time_limit=self._number("TASK_TIME_LIMIT", 10_000) * HOUR,
            executor=self._executor(),
            broker_url=self._broker_url(),
            keystone=self._keystone(),
            metrics_token=self._value("METRICS_TOKEN"),
            public_url=self._public_url(),
            database_folder=self._database_folder(),
            flask_file=self._named(FLASK_VARIABLE),
            logging_file=self._file(LOGGING_VARIABLE, LOGGING_FILE),
            warnings=tuple(self._warnings),
        )
        if self._problems:
            raise StartError(self._problems)
        return settings

    def _named(self, variable: str) -> Path | None:
        """The file that a variable names; it has to be there."""
        if not self._environ.get(variable):
            return None
        path = Path(self._environ[variable]).expanduser().absolute()
        if not path.is_file() or not os.access(path, os.R_OK):
            self._problems.append(
                f"The environment variable {variable} points to {path},\nwhich is no file that can be read.\n"
                "Please correct it, or unset it, to execute the program."
            )
            return None
        return path

    def _file(self, variable: str, name: str) -> Path | None:
        named = self._named(variable)
        system = SYSTEM_FOLDER / name
        return named or (system if not self._environ.get(variable) and system.is_file() else None)

    def _parse(self, path: Path) -> None:
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError, configparser.Error) as error:
            # Not what the library says: it shows lines of the file, which may hold a password.
            line = getattr(error, "lineno", None) or next(iter(getattr(error, "errors", [])), (None,))[0]
            text = getattr(error, "strerror", None) or (f"line {line} is malformed" if line else "it is malformed")
            self._problems.append(f"The file {path} cannot be read: {text}\nPlease correct it to execute the program.")
            return
        known = {key: section for section, keys in KEYS.items() for key in keys}
        for section in parser.sections():
            for name, value in parser.items(section):
                key = name.upper()
                if key in known:
                    self._values[key] = value.strip()
                    continue
                near = difflib.get_close_matches(key, known, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                self._warnings.append(f"{path}: [{section}] {name}: unknown key, ignored{hint}")

    def _value(self, key: str) -> str:
        of_environment = self._environ.get(VARIABLES[key], "") if key in VARIABLES else ""
        return self._values.get(key) or of_environment or DEFAULTS.get(key, "")

    def _number(self, key: str, most: int) -> int:
        text = self._value(key)
        if text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most:
            return int(text)
        self._problems.append(
            f"{key} in the section [{SERVER}] of {self._origin} is {text[:40]!r},\n"
            f"expected a whole number from 1 to {most}. Please correct it to execute the program."
        )
        return 1

    def _executor(self) -> ExecutorKind:
        text = self._value("EXECUTOR").lower()
        kinds = [kind.value for kind in ExecutorKind]
        if text in kinds:
            return ExecutorKind(text)
        self._problems.append(
            f"EXECUTOR in the section [{SERVER}] of {self._origin}, or the environment variable "
            f"{VARIABLES['EXECUTOR']}, is {text[:40]!r},\n"
            f"expected {' or '.join(kinds)}. Please correct it to execute the program."
        )
        return ExecutorKind.EMBEDDED

    def _broker_url(self) -> str:
        """The broker's URL where one is needed; it may hold a password, so it is never shown."""
        text = self._value("BROKER_URL")
        if self._value("EXECUTOR").lower() != ExecutorKind.CELERY.value:
            return ""
        try:
            usable = text.lower().startswith(BROKERS) and bool(urlsplit(text).hostname) and urlsplit(text).port != 0
        except ValueError:
            usable = False
        if not usable:
            found = "is none" if text else "is missing"
            self._problems.append(
                f"EXECUTOR is celery and BROKER_URL in the section [{SERVER}] of {self._origin} {found},\n"
                f"expected one such as redis://host:6379/0 or amqp://user@host, there or in the environment variable "
                f"{VARIABLES['BROKER_URL']}.\nPlease correct it to execute the program."
            )
        return text

    def _public_url(self) -> str:
        text = self._value("PUBLIC_URL")
        if text and not (_is_web_address(text) and not set("?#@") & set(text)):
            self._problems.append(
                f"PUBLIC_URL in the section [{SERVER}] of {self._origin} is no address of a server,\n"
                "expected one such as https://glancesync.example.org. Please correct it to execute the program."
            )
        return f"{text.rstrip('/')}/" if text else ""

    def _keystone(self) -> Keystone | None:
        given = [key for key in KEYS[OPENSTACK] if key not in DEFAULTS and self._value(key)]
        if self._validation is _Validation.NEVER or (not given and self._validation is _Validation.IF_CONFIGURED):
            return None
        self._need("KEYSTONE_URL")
        if not self._value("ADM_APPLICATION_CREDENTIAL_ID"):
            self._need("ADM_USER")
            self._need("ADM_PASS")
            self._need("ADM_TENANT_ID", "ADM_TENANT_NAME")
        else:
            self._need("ADM_APPLICATION_CREDENTIAL_SECRET")
        self._check_keystone()
        return Keystone(
            url=self._value("KEYSTONE_URL"),
            user=self._value("ADM_USER"),
            password=self._value("ADM_PASS"),
            tenant_id=self._value("ADM_TENANT_ID"),
            tenant_name=self._value("ADM_TENANT_NAME"),
            user_domain=self._value("USER_DOMAIN_NAME"),
            project_domain=self._value("PROJECT_DOMAIN_NAME"),
            application_credential_id=self._value("ADM_APPLICATION_CREDENTIAL_ID"),
            application_credential_secret=self._value("ADM_APPLICATION_CREDENTIAL_SECRET"),
            roles=self._roles(),
            cacert=self._value("CACERT"),
            insecure=self._value("INSECURE").lower() in YES,
        )

    def _roles(self) -> tuple[str, ...]:
        return tuple(role for role in (r.strip() for r in self._value("ROLES").split(",")) if role)

    def _check_keystone(self) -> None:
        """See that what is said of Keystone makes sense."""
        url, cacert = self._value("KEYSTONE_URL"), self._value("CACERT")
        if url and not _is_web_address(url):
            self._wrong("KEYSTONE_URL", "a URL such as https://keystone.example.org:5000/v3")
        if not self._roles():
            self._wrong("ROLES", "the name of one role or of several, with commas in between")
        if cacert and not os.access(cacert, os.R_OK):
            self._wrong("CACERT", "a file that can be read")
        if self._value("INSECURE").lower() not in (*YES, *NO):
            self._wrong("INSECURE", "True or False")

    def _wrong(self, key: str, expected: str) -> None:
        """Tell of a value that makes no sense; it is not shown, for a URL may hold a password."""
        self._problems.append(
            f"{key} in the section [{OPENSTACK}] of {self._origin}, or the environment variable {key}, is wrong,\n"
            f"expected {expected}. Please correct it to execute the program."
        )

    def _need(self, *keys: str) -> None:
        if any(self._value(key) for key in keys):
            return
        names = " or ".join(keys)
        self._problems.append(
            f"There is neither defined the environment variable {names}\n"
            f"nor {names} in the section [{OPENSTACK}] of {self._origin}\n"
            f"(another file: {SETTINGS_VARIABLE}). Please correct at least one of them to execute the program."
        )

    def _database_folder(self) -> Path:
        named = self._environ.get(DATABASE_VARIABLE)
        if named:
            return Path(named).expanduser().absolute()
        data = self._environ.get("XDG_DATA_HOME") or Path(self._environ.get("HOME") or "~", ".local", "share")
        return Path(data).expanduser().absolute() / "glancesync"
