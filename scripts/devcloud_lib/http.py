"""A small HTTP client for loopback: the standard library only, no proxies, clear errors."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from devcloud_lib.errors import CloudError
from devcloud_lib.ports import HOST

TIMEOUT_SECONDS = 60.0
PATCH_TYPE = "application/openstack-images-v2.1-json-patch"


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """Talks to one server as one user.

    :param port: port of the server on loopback.
    :param token: token to send along; None sends none.
    :param version: the version of the API that is spoken, as in ``compute 2.90``; empty means the oldest.
    """

    port: int
    token: str | None = field(default=None, repr=False)
    version: str = ""

    def call(self, method: str, path: str, body: Any = None, *, content_type: str = "application/json") -> Answer:
        """Send a request and demand success.

        :param body: bytes are sent as they are, anything else as JSON, None sends no body.
        :raises CloudError: no answer, or one with a status of 400 or more.
        """
        answer = self.try_call(method, path, body, content_type=content_type)
        if answer.status >= 400:
            text = answer.body.decode("utf-8", "replace").strip()[:500]
            raise CloudError(f"{method} {self.url(path)} was answered with {answer.status}: {text}")
        return answer

    def try_call(self, method: str, path: str, body: Any = None, *, content_type: str = "application/json",
                 timeout: float = TIMEOUT_SECONDS) -> Answer:
        """The same, whatever the status.

        :param timeout: seconds to wait for each step of the exchange.
        :raises CloudError: no answer.
        """
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {} if data is None else {"Content-Type": content_type}
        if self.token:
            headers["X-Auth-Token"] = self.token
        if self.version:
            headers["OpenStack-API-Version"] = self.version
        connection = http.client.HTTPConnection(HOST, self.port, timeout=timeout)
        try:
            connection.request(method, path, body=data, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers.items()), response.read())
        except (OSError, http.client.HTTPException) as error:
            raise CloudError(f"no answer from {self.url(path)}: {error}") from error
        finally:
            connection.close()

    def pages(self, path: str, key: str) -> Iterator[dict[str, Any]]:
        """All items of a listing, page after page."""
        following: str | None = path
        while following:
            page = self.call("GET", following).json()
            yield from page[key]
            following = page.get("next")

    def url(self, path: str) -> str:
        """The whole URL of `path`."""
        return f"http://{HOST}:{self.port}{path}"


def query(path: str, **parameters: str) -> str:
    """`path` with a query string."""
    return f"{path}?{urllib.parse.urlencode(parameters)}"


def sign_in(
    port: int, *, user: str, password: str, project: str, domain: str = "Default", project_id: str = ""
) -> str:
    """Sign in at a Keystone and give the token for `project`.

    :param domain: the name of the domain of the user and of the project.
    :param project_id: a project of any domain, instead of `project`.
    :raises CloudError: Keystone does not answer, or refuses.
    """
    named = {"name": domain}
    body = {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {"user": {"name": user, "domain": named, "password": password}},
            },
            "scope": {"project": {"id": project_id} if project_id else {"name": project, "domain": named}},
        }
    }
    answer = Client(port).call("POST", "/v3/auth/tokens", body)
    return next(value for name, value in answer.headers.items() if name.lower() == "x-subject-token")
