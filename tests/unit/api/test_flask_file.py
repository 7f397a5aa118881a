"""A configuration file of Flask, which is a program and may fail as programs do."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from fiwareglancesync.api.flask_file import read_flask_file
from fiwareglancesync.serving.start_error import StartError


def test_what_it_sets_is_set(tmp_path: Path) -> None:
    file = tmp_path / "flask.py"
    file.write_text("MAX_CONTENT_LENGTH = 1000\n")
    app = Flask(__name__)
    read_flask_file(app, file)
    assert app.config["MAX_CONTENT_LENGTH"] == 1000


@pytest.mark.parametrize(
    ("text", "line"), [("PASSWORD = = 'secret'\n", 1), ("A = 1\nraise ValueError('secret')\n", 2), ("A = secret\n", 1)]
)
def test_one_that_fails_is_reported_with_its_line_and_none_of_its_text(tmp_path: Path, text: str, line: int) -> None:
    file = tmp_path / "flask.py"
    file.write_text(text)
    with pytest.raises(StartError) as caught:
        read_flask_file(Flask(__name__), file)
    (reported,) = caught.value.problems
    assert f"{file}, which GLANCESYNCAPP_CONFIG names, cannot be used, line {line}: " in reported
    assert "secret" not in reported


def test_a_limit_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "flask.py"
    file.write_text("MAX_CONTENT_LENGTH = '64k'\n")
    with pytest.raises(StartError, match=r"flask\.py.* is wrong,\nexpected a whole number of bytes"):
        read_flask_file(Flask(__name__), file)
