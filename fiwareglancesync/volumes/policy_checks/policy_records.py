"""Asks the database for the policy server, which needs an answer soon or none (volumes 5)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, create_engine

from ...base.database import connect_args, database_url, no_driver
from ..state.volume_store import is_recorded

TIMEOUT_SECONDS = 2
"""Seconds for a connection, and for each step of a statement, where the driver has such limits."""

MAX_CONNECTIONS = 32

RECYCLE_SECONDS = 300
"""Seconds after which a connection is made anew, before a firewall or the database closes it."""

LIMITS: dict[str, dict[str, Any]] = {
    "sqlite": {"timeout": TIMEOUT_SECONDS},
    "postgresql": {"connect_timeout": TIMEOUT_SECONDS, "tcp_user_timeout": TIMEOUT_SECONDS * 1000},
    "mysql": {"connect_timeout": TIMEOUT_SECONDS, "read_timeout": TIMEOUT_SECONDS, "write_timeout": TIMEOUT_SECONDS},
}
"""Arguments of connections, by the kind of the database; an answer is waited for only so long whatever they do."""


def recorded_in(url: str) -> Callable[[str], bool]:
    """A function that asks a database whether it has a record of a backup; it connects when it is called.

    :param url: of the database
    :raises GlanceSyncError: the URL cannot be used
    """
    found = _only_existing(database_url(url))
    limits = LIMITS.get(found.get_backend_name().replace("mariadb", "mysql"), {})
    try:
        engine = create_engine(
            found,
            connect_args={**connect_args(found), **limits},
            hide_parameters=True,
            pool_size=MAX_CONNECTIONS,
            max_overflow=0,
            pool_timeout=TIMEOUT_SECONDS,
            pool_pre_ping=True,
            pool_recycle=RECYCLE_SECONDS,
        )
    except ImportError as error:
        raise no_driver(found) from error
    return partial(is_recorded, engine)


def _only_existing(url: URL) -> URL:
    """The URL of a database that is not made when it is not there: an empty one knows no backup."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:" or "uri" in url.query:
        return url
    return url.set(database=f"file:{quote(url.database)}").update_query_dict({"mode": "rw", "uri": "true"})
