"""The configuration file of Flask that ``GLANCESYNCAPP_CONFIG`` names, which is a program in Python."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from ..serving.start_error import StartError
from .server_settings import FLASK_VARIABLE

LIMIT = "MAX_CONTENT_LENGTH"


def read_flask_file(app: Flask, file: Path | None) -> None:
    """Configure an application by the file.

    :param app: the application
    :param file: None when there is none
    :raises StartError: the file cannot be carried out, or sets a limit that is none
    """
    if file is None:
        return
    try:
        app.config.from_pyfile(str(file))
    except Exception as error:  # the file is a program of the user, and may raise anything
        # The text of the error is not shown: it may quote a line with a password.
        line = getattr(error, "lineno", None) or _line(error, str(file))
        where = f", line {line}" if line else ""
        text = f"The file {file}, which {FLASK_VARIABLE} names, cannot be used{where}: {type(error).__name__}"
        raise StartError([f"{text}\nPlease correct it to execute the program."]) from error
    if not isinstance(app.config.get(LIMIT), int | None):
        text = f"{LIMIT} in the file {file}, which {FLASK_VARIABLE} names, is wrong,\nexpected a whole number of bytes."
        raise StartError([f"{text} Please correct it to execute the program."])


def _line(error: Exception, file: str) -> int | None:
    """The line of the file that raised the error."""
    found, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
