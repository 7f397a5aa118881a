"""Logging as a file configures it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from fiwareglancesync.api.logs import set_up
from fiwareglancesync.serving.start_error import StartError

HANDLER = """\
[loggers]
keys = root
[handlers]
keys = one
[formatters]
keys =
[logger_root]
handlers = one
[handler_one]
class = handlers.RotatingFileHandler
args = {args}
"""


@pytest.mark.parametrize(
    "text", ["nothing\n", "[loggers]\nkeys = root\n", *(HANDLER.format(args=args) for args in ("(1 / 0,)", "()", "("))]
)
def test_whatever_is_wrong_with_it_is_reported(tmp_path: Path, text: str) -> None:
    file = tmp_path / "logging.cfg"
    file.write_text(text)
    with pytest.raises(StartError, match=r"logging\.cfg configures no logging: [A-Z][A-Za-z]+: "):
        set_up(file)


NAMED = """\
[loggers]
keys = root, api
[handlers]
keys = one
[formatters]
keys = short
[logger_root]
handlers =
[logger_api]
qualname = glancesync.tested
handlers = one
level = INFO
[handler_one]
class = FileHandler
formatter = short
args = ("{log}",)
[formatter_short]
format = %(request)s %(message)s
"""


@pytest.fixture
def tested() -> Iterator[logging.Logger]:
    """A logger that a file gives a handler of its own; what the root logger had is put back."""
    root, logger = logging.getLogger(), logging.getLogger("glancesync.tested")
    handlers, level = root.handlers[:], root.level
    yield logger
    for handler in logger.handlers[:]:
        logger.removeHandler(handler)
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_logger_with_a_handler_of_its_own_writes_no_token_either(tmp_path: Path, tested: logging.Logger) -> None:
    log, file = tmp_path / "own.log", tmp_path / "logging.cfg"
    file.write_text(NAMED.format(log=log))
    set_up(file)
    tested.info("X-Auth-Token: %s", "gAAAAABmsecretsecretsecret")
    assert log.read_text() == "- X-Auth-Token: ***\n"
