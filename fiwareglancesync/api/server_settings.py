"""The settings of the server, from its file and the environment; all problems are reported at once (sync 5.4)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from ..base.errors import ConfigError
from ..config.service_file import CORRECT_IT, ServiceFile
from ..images.places.factory import EMBEDDED, read_settings
from ..images.settings import Settings
from ..kinds import option_tables
from ..serving.start_error import StartError
from .server_options import DAY, KEYSTONE_OPTIONS, OPENSTACK, SECTIONS, ExecutorKind

SYSTEM_FOLDER = Path("/etc/fiware.d")
SETTINGS_FILE, LOGGING_FILE = "fiware-glancesync.cfg", "fiware-glancesync-logging.cfg"
SETTINGS_VARIABLE, LOGGING_VARIABLE = "GLANCESYNC_SETTINGS_FILE", "GLANCESYNC_LOGGING_SETTINGS_FILE"
DATABASE_VARIABLE, FLASK_VARIABLE = "GLANCESYNCAPP_DATABASE_PATH", "GLANCESYNCAPP_CONFIG"

BROKERS = ("redis://", "rediss://", "amqp://", "amqps://")
"""How the URL of a broker begins."""


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
    """The settings of the server.

    :param public_url: the server's address as users know it, with a slash at the end; "" when requests show it
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
    :param warnings: what is odd in the file
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


def configuration(environ: Mapping[str, str]) -> tuple[ServerSettings, Settings]:
    """The settings of the server and those of the synchronisation.

    :param environ: the environment
    :raises StartError: with everything that is wrong or missing in either
    """
    embedded = bool(environ.get(EMBEDDED))
    return _with_synchronisation(environ, partial(load_server_settings, embedded=embedded))


def worker_configuration(environ: Mapping[str, str]) -> tuple[ServerSettings, Settings]:
    """The settings of a worker and those of the synchronisation.

    :param environ: the environment
    :raises StartError: with everything that is wrong or missing in either; or the server does not use workers
    """
    return _with_synchronisation(environ, _load_celery_settings)


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


def _load_celery_settings(environ: Mapping[str, str]) -> ServerSettings:
    server = load_worker_settings(environ)
    if server.executor is not ExecutorKind.CELERY:
        raise StartError([
            "EXECUTOR is embedded: the server carries its tasks out by itself. "
            "Please set EXECUTOR = celery for the server and its workers."
        ])
    return server


def _with_synchronisation(
    environ: Mapping[str, str], load_server: Callable[[Mapping[str, str]], ServerSettings]
) -> tuple[ServerSettings, Settings]:
    problems: list[str] = []
    try:
        server = load_server(environ)
    except StartError as error:
        problems += error.problems
    try:
        settings = read_settings(environ, option_tables())
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise StartError(problems)
    return server, settings


class _Validation(Enum):
    """When tokens are validated."""

    ALWAYS = "always"
    IF_CONFIGURED = "if configured"
    NEVER = "never"


class _Reader:
    def __init__(self, environ: Mapping[str, str], validation: _Validation) -> None:
        self._environ = environ
        self._validation = validation
        self._file = ServiceFile(SECTIONS, environ, str(SYSTEM_FOLDER / SETTINGS_FILE))

    def read(self) -> ServerSettings:
        file = self._file
        path = self._path(SETTINGS_VARIABLE, SETTINGS_FILE)
        if path is not None:
            file.origin = str(path)
            file.read(path)
        settings = ServerSettings(
            host=file.value("HOST"),
            port=file.value("PORT"),
            workers=file.value("WORKERS"),
            threads=file.value("THREADS"),
            max_tasks=file.value("MAX_TASKS"),
            task_retention=file.value("TASK_RETENTION"),
            task_time_limit=file.value("TASK_TIME_LIMIT"),
            executor=file.value("EXECUTOR"),
            broker_url=self._broker_url(),
            keystone=self._keystone(),
            metrics_token=file.text("METRICS_TOKEN"),
            public_url=file.value("PUBLIC_URL") or "",
            database_folder=self._database_folder(),
            flask_file=self._named(FLASK_VARIABLE),
            logging_file=self._path(LOGGING_VARIABLE, LOGGING_FILE),
            warnings=tuple(file.warnings),
        )
        if file.problems:
            raise StartError(file.problems)
        return settings

    def _named(self, variable: str) -> Path | None:
        """The file that a variable names; it has to be there."""
        if not self._environ.get(variable):
            return None
        path = Path(self._environ[variable]).expanduser().absolute()
        if not path.is_file() or not os.access(path, os.R_OK):
            self._file.problems.append(
                f"The environment variable {variable} points to {path},\nwhich is no file that can be read.\n"
                "Please correct it, or unset it, to execute the program."
            )
            return None
        return path

    def _path(self, variable: str, name: str) -> Path | None:
        """The file that a variable names, else the system's; None when there is none."""
        system = SYSTEM_FOLDER / name
        return self._named(variable) or (system if not self._environ.get(variable) and system.is_file() else None)

    def _broker_url(self) -> str:
        """The broker's URL where one is needed; it may hold a password, so it is never shown."""
        text = self._file.text("BROKER_URL")
        if self._file.text("EXECUTOR").lower() != ExecutorKind.CELERY.value:
            return ""
        try:
            usable = text.lower().startswith(BROKERS) and bool(urlsplit(text).hostname) and urlsplit(text).port != 0
        except ValueError:
            usable = False
        if not usable:
            found = "is none" if text else "is missing"
            self._file.problems.append(
                f"EXECUTOR is celery and {self._file.place('BROKER_URL')} {found},\n"
                "expected one such as redis://host:6379/0 or amqp://user@host, there or in the environment variable "
                f"{self._file.variable('BROKER_URL')}.\n{CORRECT_IT}"
            )
        return text

    def _keystone(self) -> Keystone | None:
        file = self._file
        given = [option.key for option in KEYSTONE_OPTIONS if not option.default and file.text(option.key)]
        if self._validation is _Validation.NEVER or (not given and self._validation is _Validation.IF_CONFIGURED):
            return None
        self._need("KEYSTONE_URL")
        if not file.text("ADM_APPLICATION_CREDENTIAL_ID"):
            self._need("ADM_USER")
            self._need("ADM_PASS")
            self._need("ADM_TENANT_ID", "ADM_TENANT_NAME")
        else:
            self._need("ADM_APPLICATION_CREDENTIAL_SECRET")
        return Keystone(
            url=file.value("KEYSTONE_URL"),
            user=file.text("ADM_USER"),
            password=file.text("ADM_PASS"),
            tenant_id=file.text("ADM_TENANT_ID"),
            tenant_name=file.text("ADM_TENANT_NAME"),
            user_domain=file.text("USER_DOMAIN_NAME"),
            project_domain=file.text("PROJECT_DOMAIN_NAME"),
            application_credential_id=file.text("ADM_APPLICATION_CREDENTIAL_ID"),
            application_credential_secret=file.text("ADM_APPLICATION_CREDENTIAL_SECRET"),
            roles=file.value("ROLES"),
            cacert=file.value("CACERT") or "",
            insecure=file.value("INSECURE") or False,
        )

    def _need(self, *keys: str) -> None:
        """Check that one of some keys of ``[openstack]`` is set."""
        if any(self._file.text(key) for key in keys):
            return
        names = " or ".join(keys)
        self._file.problems.append(
            f"{names} is missing: set it in the environment, or in the section [{OPENSTACK}] of {self._file.origin}"
            f" ({SETTINGS_VARIABLE} names another file)"
        )

    def _database_folder(self) -> Path:
        named = self._environ.get(DATABASE_VARIABLE)
        if named:
            return Path(named).expanduser().absolute()
        data = self._environ.get("XDG_DATA_HOME") or Path(self._environ.get("HOME") or "~", ".local", "share")
        return Path(data).expanduser().absolute() / "glancesync"
