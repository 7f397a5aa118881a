"""Errors as answers of the API, all in one form (sync 5.2)."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask, Response, current_app, request
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, NotFound

from ..base.errors import (
    CloudError,
    ConfigError,
    GlanceSyncError,
    Scope,
    TimedOut,
    UnknownRegion,
    UnknownTarget,
    UsageError,
)
from ..base.text import nearest, show
from ..images.status import MasterFailed
from ..jobs.runner import ExecutorFailed

log = logging.getLogger("glancesync.api")

BAD_REQUEST = "Bad request"

MAX_PROBLEMS = 10
"""Problems of one request that are described."""

EXTRA = "extra_forbidden"
"""Pydantic's type of the error of an unknown key."""

VERSION = re.compile(r"^/(api/)?v\d+(\.\d+)?(?=/)")
"""What other APIs put before their paths."""

MIN_SIMILARITY = 0.8
"""How similar to a path of a route a path must be to count as misspelt."""

CUT_BY_UNION = 2
"""Parts of the place of a key of ``config``; pydantic appends the alternatives of its type."""


KeysIn = Callable[[Sequence[object]], Sequence[str]]
"""Takes the place of an object in a request; returns the keys that it may have."""


def no_keys(place: Sequence[object]) -> Sequence[str]:
    """The keys of an object when they are not known."""
    return ()


class ApiError(Exception):
    """A request that is answered with an error.

    :param code: HTTP status
    :param message: what kind of error it is
    :param description: what is wrong and how to mend it
    :param more: what else the answer holds beside ``error``
    """

    def __init__(self, code: int, message: str, description: str, **more: str) -> None:
        super().__init__(description)
        self.code = code
        self.message = message
        self.description = description
        self.more = more


def body_of(code: int, message: str, description: str, **more: str) -> bytes:
    """The body of an error's answer (sync 5.2)."""
    error: dict[str, Any] = {"code": code, "message": message, "description": description}
    if code == 401:
        error["title"] = "Unauthorized"
    return json.dumps({"error": error, **more}).encode()


def answer(code: int, message: str, description: str, **more: str) -> Response:
    """An error as a response of Flask."""
    response = Response(body_of(code, message, description, **more), code, mimetype="application/json")
    if code == 503:
        response.headers["Retry-After"] = "10"
    return response


def invalid(error: ValidationError, keys_in: KeysIn = no_keys) -> Response:
    """The answer to a request that does not fit its schema.

    :param keys_in: what keys an object of the request may have
    """
    problems: dict[str, list[str]] = {}
    for found in error.errors():
        place = found["loc"]
        shown = place[:CUT_BY_UNION] if place[:1] == ("config",) else place
        problem = unknown_key(str(place[-1]), keys_in(place[:-1])) if found["type"] == EXTRA else found["msg"]
        problems.setdefault(".".join(map(str, shown or ("body",))), []).append(problem)
    lines = [f"{place}: {_joined(of_place)}" for place, of_place in problems.items()]
    return answer(400, BAD_REQUEST, "; ".join(lines[:MAX_PROBLEMS]))


def unknown_key(key: str, known: Sequence[str]) -> str:
    """What is said of a key that is not known.

    :param known: the keys that are, in place of it
    """
    near = nearest(key, known)
    if near is not None:
        return f"unknown key; did you mean {near}?"
    return f"unknown key; there are {', '.join(known)}" if known else "unknown key"


def _joined(problems: Sequence[str]) -> str:
    """The problems of one key, for each type that it may have."""
    first, *others = dict.fromkeys(problems)
    return " or ".join([first, *(other.removeprefix("Input should be ") for other in others)])


def register(app: Flask) -> None:
    """Answer every error of an application in this form."""
    app.register_error_handler(Exception, _handle)


def _handle(error: Exception) -> Response:
    if isinstance(error, ApiError):
        return answer(error.code, error.message, error.description, **error.more)
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, UnknownTarget):
        return answer(410, "Bad region", str(error), unknown="target")
    if isinstance(error, UnknownRegion):
        return answer(410, "Bad region", str(error))
    if isinstance(error, ConfigError | UsageError):
        # Errors of the options in a request are answered by its route; this one is in the server's own configuration.
        log.error("The configuration cannot be used: %s", error)
        return answer(500, "Internal error", "The server's configuration cannot be used; its log says more.")
    if isinstance(error, MasterFailed) or (isinstance(error, CloudError) and error.scope is Scope.TARGET):
        return answer(503, "Service unavailable", f"Keystone or the master region does not answer: {error}")
    if isinstance(error, ExecutorFailed):
        log.error("A task cannot be handed over: %s", error)
        return answer(503, "Service unavailable", "The task cannot be handed over to a worker at the moment.")
    if isinstance(error, TimedOut):
        return answer(504, "Gateway timeout", f"The region does not answer in time: {error}")
    if isinstance(error, GlanceSyncError):
        return answer(502, "Bad gateway", f"The region cannot be asked: {error}")
    if isinstance(error, SQLAlchemyError):
        log.error("The database failed at %s %s", request.method, request.path, exc_info=error)
        return answer(503, "Service unavailable", "The database cannot be used at the moment.")
    log.error("Unexpected error at %s %s", request.method, request.path, exc_info=error)
    return answer(500, "Internal error", "The server failed; its log says more.")


def _of_http(error: HTTPException) -> Response:
    original = error.get_response()
    code = error.code or 500
    if original.mimetype == "application/json" or code < 400:
        return Response(original.get_data(), code, original.headers)
    if isinstance(error, NotFound):
        return answer(404, "Not found", _no_route())
    messages = {404: "Not found", 405: "Method not allowed", 400: BAD_REQUEST}
    response = answer(code, messages.get(code, error.name), error.description or error.name)
    if "Allow" in original.headers:
        response.headers["Allow"] = original.headers["Allow"]
    return response


def _no_route() -> str:
    """What is said of a path that no route has, with the nearest one that there is."""
    near = _nearest_path(request.path)
    meant = f" Did you mean {show(near)}?" if near is not None else ""
    return f"There is no route {show(request.path)}.{meant} GET /docs lists the routes."


def _nearest_path(path: str) -> str | None:
    """The path nearest to one that no route has; None when none is near."""
    wanted = VERSION.sub("", path).rstrip("/")
    segments = wanted.split("/")
    candidates = []
    for rule in current_app.url_map.iter_rules():
        parts = rule.rule.split("/")
        if len(parts) == len(segments) and "<path:" not in rule.rule:
            filled = [given if part.startswith("<") else part for part, given in zip(parts, segments, strict=True)]
            candidates.append("/".join(filled))
    return nearest(wanted, candidates, cutoff=MIN_SIMILARITY)
