"""The REST server as an operator starts it, and whoever asks it something."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.support.free_ports import free_port
from tests.support.server import gunicorn

from .cloud import OURS, DevelopmentCloud

KEYSTONE = "keystone-a"
LIMIT = 60.0
"""Seconds that an answer may take."""

Account = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What a request was answered with.

    :param document: its JSON
    :param shown: the token that was shown
    """

    code: int
    text: str
    document: Any
    shown: str = field(repr=False)


@dataclass(frozen=True)
class Server:
    """A running server.

    :param address: its URL
    """

    address: str

    def ask(
        self, request: str, token: str | None, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask it something.

        :param request: method and path, such as ``GET /regions``
        :param token: what is shown, None for nothing
        :param body: JSON
        :param headers: further ones
        """
        method, path = request.split(" ", 1)
        shown = {} if token is None else {"X-Auth-Token": token.encode()}
        wanted = requests.Request(method, self.address, headers={**shown, **(headers or {})}, data=body).prepare()
        wanted.url = self.address + path  # as it is: no client tidies it up
        with requests.Session() as session:
            answer = session.send(wanted, timeout=LIMIT)
        return Answer(answer.status_code, answer.text, answer.json() if answer.content else None, token or "")


def service_account(cloud: DevelopmentCloud) -> Account:
    """The settings with which the server signs in as a user."""
    known = cloud.keystone(KEYSTONE)["accounts"][OURS]
    return {"ADM_USER": known["user"], "ADM_PASS": known["password"], "ADM_TENANT_NAME": known["project"]}


def service_credential(cloud: DevelopmentCloud) -> Account:
    """The settings with which the server signs in by an application credential."""
    known = cloud.keystone(KEYSTONE)["application_credential"]
    return {
        "ADM_APPLICATION_CREDENTIAL_ID": known["id"],
        "ADM_APPLICATION_CREDENTIAL_SECRET": known["secret"],
    }


@contextmanager
def running_server(cloud: DevelopmentCloud, folder: Path, account: Account) -> Iterator[Server]:
    """A server with two workers.

    :param folder: an empty folder
    :param account: its own account
    """
    (folder / "run").mkdir(mode=0o700)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "GLANCESYNCAPP_DATABASE_PATH": str(folder / "database"),
        "NO_PROXY": "127.0.0.1",
        **cloud.environment,
        "KEYSTONE_URL": cloud.keystone(KEYSTONE)["url"],
        **account,
    }
    with gunicorn(environ, folder, free_port()) as address:
        yield Server(address)
