"""What is refused before the application sees it is answered like all else; Keystone itself is not asked here."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from fiwareglancesync.api.app import create_app
from fiwareglancesync.api.server_database import db
from tests.support.server import ROOT

KEYSTONE = {"KEYSTONE_URL": "http://127.0.0.1:1/v3", "ADM_USER": "a", "ADM_PASS": "secret", "ADM_TENANT_ID": "1"}


@pytest.fixture
def with_authentication(environ: dict[str, str]) -> Iterator[FlaskClient]:
    """A client of a server whose Keystone does not answer."""
    made = create_app(environ | KEYSTONE, background=False)
    yield made.test_client()
    with made.app_context():
        db.engine.dispose()


def test_a_command_leaves_no_folder_of_tokens(environ: dict[str, str], tmp_path: Path) -> None:
    words = [sys.executable, "-m", "fiwareglancesync.run", "db", "current"]
    folder = tmp_path / "temporary"
    folder.mkdir()
    given = environ | KEYSTONE | {"TMPDIR": str(folder)}
    done = subprocess.run(words, cwd=ROOT, env=given, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert list(folder.glob("glancesync-api-*")) == []


def test_a_refused_request_has_a_name_and_a_line_in_the_log(
    with_authentication: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "glancesync.api"):
        answer = with_authentication.get("/regions", headers={"X-Request-Id": "mine-1"})
    assert answer.status_code == 401
    assert answer.headers["X-Request-Id"] == "mine-1"
    assert answer.headers["Cache-Control"] == "no-store"
    (line,) = [record for record in caplog.records if record.name == "glancesync.api"]
    assert (line.getMessage(), line.__dict__["request"]) == ("GET /regions 401", "mine-1")


def test_a_refused_request_is_counted(with_authentication: FlaskClient) -> None:
    counted = 'glancesync_requests_total{code="401",method="DELETE",route="none"}'
    assert counted not in with_authentication.get("/metrics").text
    with_authentication.delete("/regions")
    assert f"{counted} 1.0" in with_authentication.get("/metrics").text


def test_a_refused_request_for_the_head_alone_gets_no_body(with_authentication: FlaskClient) -> None:
    answer = with_authentication.head("/regions")
    assert (answer.status_code, answer.data) == (401, b"")
    assert answer.headers["Content-Type"] == "application/json"
