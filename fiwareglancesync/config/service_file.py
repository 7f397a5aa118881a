"""Reads the file of a service: a key may be in any section, and a variable of the environment may replace it.

Every problem is collected, and all are reported at once.
"""

from __future__ import annotations

import configparser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..base.errors import ConfigError
from ..base.text import nearest
from .option_tables import Option

CORRECT_IT = "Please correct it to execute the program."

MAX_SHOWN = 40
"""Characters of a wrong value that an error shows."""


class ServiceFile:
    """The values of a service: those of its file, else of the environment, else the defaults.

    :param sections: the options of each section; a key is read in any of them
    :param environ: the environment
    :param origin: what messages call the file
    """

    def __init__(self, sections: Mapping[str, Sequence[Option]], environ: Mapping[str, str], origin: str) -> None:
        self.origin = origin
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self._environ = environ
        self._options = {option.key: option for options in sections.values() for option in options}
        self._sections = {option.key: section for section, options in sections.items() for option in options}
        self._texts: dict[str, str] = {}

    def read(self, path: Path) -> None:
        """Read the file.

        :param path: where it is
        """
        # The format is that of configparser: a backslash at the end of a line is a part of the value.
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError, configparser.Error) as error:
            # The text of the error is not shown: it quotes lines of the file, which may hold a password.
            line = getattr(error, "lineno", None) or next(iter(getattr(error, "errors", [])), (None,))[0]
            text = getattr(error, "strerror", None) or (f"line {line} is malformed" if line else "it is malformed")
            self.problems.append(f"The file {path} cannot be read: {text}\n{CORRECT_IT}")
            return
        for section in parser.sections():
            for name, value in parser.items(section):
                key = name.upper()
                if key in self._options:
                    self._texts[key] = value.strip()
                    continue
                near = nearest(key, self._options)
                hint = f"; did you mean {near}?" if near else ""
                self.warnings.append(f"{path}: [{section}] {name}: unknown key, ignored{hint}")

    def text(self, key: str) -> str:
        """The text of a value, "" when there is none and no default."""
        option = self._options[key]
        return self._texts.get(key) or self._environ.get(option.variable, "") or option.default

    def value(self, key: str) -> Any:
        """The value of a key; None when it is missing, or wrong: then the error is added to ``problems``."""
        text, option = self.text(key), self._options[key]
        if not text:
            return None
        try:
            return option.kind.parse(text)
        except ConfigError as error:
            self.problems += [f"{self._where(key)} {problem}. {CORRECT_IT}" for problem in error.problems]
        except ValueError:
            found = " is wrong" if option.secret else f" is {text[:MAX_SHOWN]!r}"
            self.problems.append(f"{self._where(key)}{found},\nexpected {option.kind.expected}. {CORRECT_IT}")
        return None

    def variable(self, key: str) -> str:
        """The environment variable that replaces a missing key, "" for none."""
        return self._options[key].variable

    def place(self, key: str) -> str:
        """The key with the section where it belongs, and the file, for messages."""
        return f"{key} in the section [{self._sections[key]}] of {self.origin}"

    def _where(self, key: str) -> str:
        variable = self.variable(key)
        return f"{self.place(key)}, or the environment variable {variable}," if variable else self.place(key)
