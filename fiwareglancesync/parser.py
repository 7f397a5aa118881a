"""The parser of command lines that all commands share."""

from __future__ import annotations

import argparse
from typing import NoReturn

from .errors import UsageError


class Parser(argparse.ArgumentParser):
    """Raises what is wrong instead of printing it and ending the process, so that it is told like any other error."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        :raises UsageError: always; the text names the help
        """
        raise UsageError(f"{message}; see {self.prog} --help")
