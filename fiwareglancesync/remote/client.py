"""Requests to one GlanceSync server: with a token if there is an account, repeated while errors are retryable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from ..base.errors import CloudError, Unauthorized
from ..openstack.addresses import url_without_secrets
from ..openstack.credential import Credential
from ..openstack.http_client import HttpClient
from ..openstack.tuning import Tuning
from .server_answers import (
    VERSION,
    Images,
    Region,
    RegionRefused,
    Regions,
    ServerVersion,
    Task,
    TaskRef,
    Tasks,
    WholeTask,
    error_of_answer,
    not_glancesync,
)

T = TypeVar("T", bound=BaseModel)

SERVICE = "GlanceSync server"

ONCE = Tuning(control=180.0, attempts=3)
"""Limits of a single request; the server itself may wait long for a region."""

FOLLOWING = Tuning(control=60.0, attempts=20, retry_limit=90.0)
"""Limits while a task is followed, long enough for a restart of the server."""

NO_ACCOUNT = "name an account with OS_AUTH_URL, OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME, or with OS_CLOUD"


class Client:
    """A client of one server.

    :param address: address of the server, without a slash at the end
    :param credential: the account; without ``auth_url`` no token is sent
    :param once: limits of a single request
    :param following: limits while a task is followed
    """

    def __init__(
        self, address: str, credential: Credential, *, once: Tuning = ONCE, following: Tuning = FOLLOWING
    ) -> None:
        self._name = f"{SERVICE} at {url_without_secrets(address)}"
        self._once = once
        self._following = following
        self._http = HttpClient(SERVICE, address, credential, once)
        self._greeted = False

    def close(self) -> None:
        """Close the connections: the server may keep a thread for each."""
        self._http.close()

    def regions(self, *, refresh: bool) -> list[Region]:
        """What was last seen of each region.

        :param refresh: whether all regions are asked now
        :raises CloudError: the server cannot be asked, or refuses
        """
        path = "/regions?refresh=1" if refresh else "/regions"
        return self._ask(Regions, "GET", path).regions

    def images(self, region: str, image: str | None = None) -> Images:
        """The status of each image of a region, as it is now, and what is left out.

        :param region: its full name
        :param image: the name of the only one that is wanted
        :raises CloudError: the server cannot be asked, or refuses
        """
        query = f"?image={_quoted(image)}" if image is not None else ""
        return self._ask(Images, "GET", f"/regions/{_quoted(region)}{query}")

    def synchronise(self, region: str, wanted: Mapping[str, Any]) -> TaskRef:
        """Start a task. Asked again after an answer that was lost, the server returns the same task.

        :param region: its full name
        :param wanted: the body of the request
        :raises CloudError: the server cannot be asked, or refuses
        """
        return self._ask(TaskRef, "POST", f"/regions/{_quoted(region)}", wanted or None)

    def tasks(self, region: str) -> list[Task]:
        """The tasks of a region, newest first.

        :param region: its full name
        :raises CloudError: the server cannot be asked, or refuses
        """
        return self._ask(Tasks, "GET", f"/regions/{_quoted(region)}/tasks").tasks

    def look(self, region: str, task: str) -> WholeTask:
        """How a task stands that is being followed.

        :param region: its full name
        :param task: its id
        :raises CloudError: the server cannot be asked, or refuses
        """
        return self._ask(WholeTask, "GET", _task_path(region, task), tuning=self._following)

    def cancel(self, region: str, task: str) -> TaskRef:
        """End a task tidily.

        :param region: its full name
        :param task: its id
        :raises CloudError: the server cannot be asked, or refuses
        """
        return self._ask(TaskRef, "POST", f"{_task_path(region, task)}/cancel")

    def _ask(
        self,
        kind: type[T],
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        tuning: Tuning | None = None,
    ) -> T:
        def once() -> T:
            self._greet()
            try:
                return self._http.with_token(lambda token: self._exchange(kind, method, path, document, token))
            except Unauthorized as error:
                if self._http.has_account:
                    raise
                raise Unauthorized(f"{error.cause}; {NO_ACCOUNT}", status=error.status) from error

        return self._http.repeat(once, tuning or self._once)

    def _greet(self) -> None:
        """Check that it is a GlanceSync server, before a token is sent to it."""
        if self._greeted:
            return
        try:
            greeting = self._exchange(ServerVersion, "GET", "/", None, None)
        except RegionRefused as error:  # no region is asked for: it is the address that is refused
            text = f"{self._name} has no API at this address (HTTP {error.status}); check the path"
            raise CloudError(text, status=error.status) from error
        if greeting.id != VERSION:
            raise CloudError(f"{self._name} speaks {greeting.id}, and this program {VERSION}")
        self._greeted = True

    def _exchange(
        self, kind: type[T], method: str, path: str, document: Mapping[str, Any] | None, token: str | None
    ) -> T:
        answer = self._http.send(method, path, document, token=token)
        if answer.status != 200:
            raise error_of_answer(answer.status, answer.headers, answer.body, self._name)
        try:
            return kind.model_validate_json(answer.body)
        except ValidationError as error:
            raise not_glancesync(self._name, "another document than expected") from error


def _task_path(region: str, task: str) -> str:
    return f"/regions/{_quoted(region)}/tasks/{_quoted(task)}"


def _quoted(name: str) -> str:
    """A name as a part of an address; bytes of the command line that are no text go as they are."""
    return quote(name, safe="", errors="surrogateescape")
