"""What is known about the keys of the configuration: an ``Option`` for each key, a table for each kind of section."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .values import Kind

MAIN = "main"
"""Section of the global options."""

DEFAULT = "DEFAULT"
"""Section that every target inherits from."""

MASTER = "master"
"""Section of the target whose credential the environment may complete; it is always there."""


def _never(_: str) -> bool:
    return False


@dataclass(frozen=True)
class Option:
    """One key of a configuration file.

    :param key: its name: in lower case in the configuration, in upper case in the server's file
    :param kind: how its text is read
    :param help: what it is for, whole sentences
    :param sample: a value that shows its form, for the generated file; "" writes the default
    :param recommended: a value that the generated file sets, where the default is not the best choice
    :param default: the default as text, where it is not simply the field's own
    :param variable: the environment variable that replaces a missing key, "" for none
    :param credential: whether it belongs to the credential of a target
    :param secret: whether its value is never shown, not even in an error
    :param confidential: returns whether others must not be able to read a value (sync 2)
    :param obsolete: whether it is accepted and has no effect
    """

    key: str
    kind: Kind
    help: str
    sample: str = ""
    recommended: str = ""
    default: str = ""
    variable: str = ""
    credential: bool = False
    secret: bool = False
    confidential: Callable[[str], bool] = _never
    obsolete: bool = False


@dataclass(frozen=True)
class OptionTables:
    """The options of every kind of section.

    :param main: the options of ``[main]``
    :param credential: the options of a target that say how to sign in
    :param rules: the other options of a target
    :param others: the options of sections that are no target's, by the section's name; a name that ends in a colon
        stands for all sections that begin with it. A name without options is reserved: nothing is read there
    :param defaults: the values of options that are not set, by key
    """

    main: Sequence[Option]
    credential: Sequence[Option]
    rules: Sequence[Option]
    others: Mapping[str, Sequence[Option]]
    defaults: Mapping[str, Any]

    @cached_property
    def main_keys(self) -> Mapping[str, Option]:
        """The options of ``[main]`` by key."""
        return _by_key(self.main)

    @cached_property
    def target_keys(self) -> Mapping[str, Option]:
        """The options of a target by key."""
        return _by_key((*self.credential, *self.rules))

    def other_keys(self, section: str) -> Mapping[str, Option] | None:
        """The options by key of a section that is neither ``[main]``, ``[DEFAULT]`` nor a target's.

        :param section: its name
        :return: None when it is one of those; no options when its name is reserved
        """
        prefix, colon, _ = section.partition(":")
        options = self.others.get(prefix + colon)
        return None if options is None else _by_key(options)

    def options_of(self, section: str) -> Mapping[str, Option]:
        """The options that a section may hold: key → option.

        :param section: its name
        """
        other = self.other_keys(section)
        if other is not None:
            return other
        return self.main_keys if section == MAIN else self.target_keys

    def default_text(self, option: Option) -> str:
        """The default of an option in words.

        :param option: an option of the tables
        :return: the text for comments and documents, "none" when there is none
        """
        if option.default:
            return option.default
        value = None if option.credential else self.defaults[option.key]
        if isinstance(value, (bool, int)):
            return str(value)
        return str(value) if value else "none"


def _by_key(options: Sequence[Option]) -> Mapping[str, Option]:
    return {option.key: option for option in options}
