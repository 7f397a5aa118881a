"""Requests to the API of the server, and what every error of it looks like."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

BURGOS = "/regions/Burgos"


def post(client: FlaskClient, path: str = BURGOS, **body: Any) -> str:
    """Start a task; its id."""
    answer = client.post(path, json=body) if body else client.post(path)
    assert answer.status_code == 200, answer.json
    assert answer.json is not None
    assert answer.json["status"] == "syncing"
    return str(answer.json["taskId"])


def error_of(answer: Any, code: int) -> dict[str, Any]:
    """The error of an answer, which has the form that every error has."""
    assert answer.status_code == code, answer.data
    assert answer.mimetype == "application/json"
    error = answer.json["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["description"]
    return dict(error)
