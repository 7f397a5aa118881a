"""Errors as answers of the API, all in one form (sync 5.2)."""

from __future__ import annotations

import json
import logging
from typing import Any

from flask import Flask, Response, request
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

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
from ..images.status import MasterFailed
from ..jobs.runner import ExecutorFailed

log = logging.getLogger("glancesync.api")

BAD_REQUEST = "Bad request"

EXTRA = "extra_forbidden"
"""Pydantic's type of the error of an unknown key."""

UNKNOWN_KEY = "unknown key; GET /docs tells which there are"


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


def invalid(error: ValidationError) -> Response:
    """The answer to a request that does not fit its schema."""
    problems = [
        ".".join(map(str, found["loc"] or ("body",))) + ": " + (UNKNOWN_KEY if found["type"] == EXTRA else found["msg"])
        for found in error.errors()
    ]
    return answer(400, BAD_REQUEST, "; ".join(problems[:10]))


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
        return answer(500, "Internal error", "The server's configuration cannot be used; its log tells more.")
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
    return answer(500, "Internal error", "The server failed; its log tells more.")


def _of_http(error: HTTPException) -> Response:
    original = error.get_response()
    code = error.code or 500
    if original.mimetype == "application/json" or code < 400:
        return Response(original.get_data(), code, original.headers)
    messages = {404: "Not found", 405: "Method not allowed", 400: BAD_REQUEST}
    response = answer(code, messages.get(code, error.name), error.description or error.name)
    if "Allow" in original.headers:
        response.headers["Allow"] = original.headers["Allow"]
    return response
