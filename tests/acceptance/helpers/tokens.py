"""Tokens as users get them of Keystone."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import requests

from .cloud import DevelopmentCloud

LIMIT = 60.0
"""Seconds that Keystone may take."""

DOMAIN = {"name": "Default"}


class Tokens:
    """Gets tokens of one Keystone.

    :param cloud: the development cloud
    :param keystone: its name
    """

    def __init__(self, cloud: DevelopmentCloud, keystone: str = "keystone-a") -> None:
        self._known = cloud.keystone(keystone)
        self._url = f"{self._known['url']}/auth/tokens"

    def of(self, account: str, *, scoped: bool = True) -> str:
        """A new token of an account.

        :param scoped: whether it is for the account's project, or for none
        """
        known = self._known["accounts"][account]
        user = {"name": known["user"], "domain": DOMAIN, "password": known["password"]}
        wanted: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": user}}}
        wanted["scope"] = {"project": {"name": known["project"], "domain": DOMAIN}} if scoped else "unscoped"
        return self._new(wanted)

    def of_application_credential(self) -> str:
        """A new token of the main account's application credential."""
        known = self._known["application_credential"]
        credential = {"id": known["id"], "secret": known["secret"]}
        return self._new(
            {"identity": {"methods": ["application_credential"], "application_credential": credential}}
        )

    def revoke(self, token: str) -> None:
        """Take a token back, as a user who signs out."""
        answer = requests.delete(self._url, headers=_about(token), timeout=LIMIT)
        assert answer.status_code == 204, answer.text

    def seconds_left(self, token: str) -> float:
        """How long a token is still valid; Keystone states it."""
        answer = requests.get(self._url, headers=_about(token), timeout=LIMIT)
        assert answer.status_code == 200, answer.text
        ends = datetime.strptime(answer.json()["token"]["expires_at"], "%Y-%m-%dT%H:%M:%S.%fZ")
        return (ends.replace(tzinfo=timezone.utc) - datetime.now(timezone.utc)).total_seconds()

    def _new(self, wanted: dict[str, Any]) -> str:
        answer = requests.post(self._url, json={"auth": wanted}, timeout=LIMIT)
        assert answer.status_code == 201, answer.text
        return answer.headers["X-Subject-Token"]


def _about(token: str) -> dict[str, str]:
    return {"X-Auth-Token": token, "X-Subject-Token": token}
