"""The options of the server's file, for its reader and the handbook."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import Enum
from urllib.parse import urlsplit

from ..base.errors import ConfigError
from ..config.option_tables import Option
from ..config.values import BOOLEAN, TEXT, Kind, split_list, up_to

HOUR = 3600.0
DAY = 24 * HOUR


class ExecutorKind(str, Enum):
    """What carries the tasks out."""

    EMBEDDED = "embedded"
    CELERY = "celery"


def is_web_address(text: str) -> bool:
    """Whether a text is the address of an HTTP server."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _executor(text: str) -> ExecutorKind:
    return ExecutorKind(text.lower())


def _public_url(text: str) -> str:
    if not is_web_address(text) or set("?#@") & set(text):
        raise ConfigError("is no address of a server,\nexpected one such as https://glancesync.example.org")
    return f"{text.rstrip('/')}/"


def _keystone_url(text: str) -> str:
    if not is_web_address(text):
        raise ValueError(text)
    return text


def _roles(text: str) -> tuple[str, ...]:
    roles = split_list(text)
    if not roles:
        raise ValueError(text)
    return roles


def _readable_file(text: str) -> str:
    if not os.access(text, os.R_OK):
        raise ValueError(text)
    return text


EXECUTOR = Kind(" or ".join(kind.value for kind in ExecutorKind), _executor)
PUBLIC_URL = Kind("the address of a server", _public_url)
KEYSTONE_URL = Kind("a URL such as https://keystone.example.org:5000/v3", _keystone_url)
ROLES = Kind("the name of one role or of several, with commas in between", _roles)
READABLE_FILE = Kind("a file that can be read", _readable_file)

SERVER_OPTIONS: tuple[Option, ...] = (
    Option(
        "HOST",
        TEXT,
        "The address to serve on, or ``unix:PATH`` for a unix socket; ``-H`` on the command line wins.",
        default="127.0.0.1",
    ),
    Option("PORT", up_to(65535), "The port; ``-p`` wins.", default="8888"),
    Option(
        "PUBLIC_URL",
        PUBLIC_URL,
        "The server's address as users know it, where a proxy gives it another one, as"
        " ``https://glancesync.example.org``. A page in a browser may change something only if it comes from there.",
    ),
    Option("WORKERS", up_to(1000), "Processes of Gunicorn; ``-w`` wins.", default="2"),
    Option("THREADS", up_to(1000), "Threads in each of them: how many requests it serves at once.", default="8"),
    Option(
        "MAX_TASKS",
        up_to(1000),
        "Tasks that the embedded runner does at once on this machine; further ones wait their turn.",
        default="8",
    ),
    Option(
        "METRICS_TOKEN",
        TEXT,
        "What callers from elsewhere than loopback show to see ``/metrics``; without it they see none.",
        secret=True,
    ),
    Option("TASK_RETENTION", up_to(100_000, DAY), "Days after which a finished task is dropped.", default="30"),
    Option(
        "TASK_TIME_LIMIT",
        up_to(10_000, HOUR),
        "Hours after which a task that still runs is ended: what is unfinished is removed, and the task is ``failed``.",
        default="24",
    ),
    Option(
        "EXECUTOR",
        EXECUTOR,
        "``embedded``: the server starts a process for each task. ``celery``: workers do, here or elsewhere.",
        default="embedded",
        variable="GLANCESYNC_EXECUTOR",
    ),
    Option(
        "BROKER_URL",
        TEXT,
        "Where Celery's messages go: ``redis://…``, ``rediss://…``, ``amqp://…`` or ``amqps://…``.",
        variable="GLANCESYNC_BROKER_URL",
        secret=True,
    ),
)


def _keystone(key: str, kind: Kind, text: str, default: str = "") -> Option:
    # No value is shown in an error: it may be a password, or a URL that holds one.
    return Option(key, kind, text, default=default, variable=key, secret=True)


KEYSTONE_OPTIONS: tuple[Option, ...] = (
    _keystone(
        "KEYSTONE_URL", KEYSTONE_URL, "The Keystone that validates tokens, as ``https://keystone.example.org:5000/v3``."
    ),
    _keystone(
        "ADM_USER",
        TEXT,
        "The account that validates them; by Keystone's policies it needs the role ``admin`` or ``service``.",
    ),
    _keystone("ADM_PASS", TEXT, "Its password."),
    _keystone("ADM_TENANT_ID", TEXT, "The project that it signs in to."),
    _keystone("ADM_TENANT_NAME", TEXT, "The same, by name."),
    _keystone("USER_DOMAIN_NAME", TEXT, "The domain of the account.", "Default"),
    _keystone("PROJECT_DOMAIN_NAME", TEXT, "The domain of the project.", "Default"),
    _keystone(
        "ADM_APPLICATION_CREDENTIAL_ID", TEXT, "An application credential instead of account, password and project."
    ),
    _keystone("ADM_APPLICATION_CREDENTIAL_SECRET", TEXT, "Its secret."),
    _keystone("ROLES", ROLES, "Roles, separated by commas; a token needs one of them.", "admin"),
    _keystone("CACERT", READABLE_FILE, "A file with the authorities that Keystone's certificate is checked with."),
    _keystone("INSECURE", BOOLEAN, "``True``: do not check it."),
)

SERVER, OPENSTACK = "settings", "openstack"
"""Sections of the server's file."""

SECTIONS: Mapping[str, Sequence[Option]] = {SERVER: SERVER_OPTIONS, OPENSTACK: KEYSTONE_OPTIONS}
