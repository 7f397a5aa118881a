"""What is known about one key of the configuration, and the names of the sections that are no target's."""

from __future__ import annotations

from dataclasses import dataclass

from .values import Kind

MAIN = "main"
"""Section of the global options."""

DEFAULT = "DEFAULT"
"""Section that every target inherits from."""


@dataclass(frozen=True)
class Option:
    """One key of the configuration.

    :param key: its name, in lower case
    :param kind: how its text is read
    :param help: what it is for, whole sentences
    :param sample: a value that shows its form, for the generated file; "" writes the default
    :param recommended: a value that the generated file sets, where the default is not the best choice
    :param default: the default in words, where it is not simply the field's own
    :param credential: whether it belongs to the credential of a target
    :param secret: whether its value is never shown, not even in an error
    :param obsolete: whether it is accepted and has no effect
    """

    key: str
    kind: Kind
    help: str
    sample: str = ""
    recommended: str = ""
    default: str = ""
    credential: bool = False
    secret: bool = False
    obsolete: bool = False
