"""What is known about the keys of the configuration: an ``Option`` for each key, a table for each kind of section."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
class SectionTable:
    """The options of a section that is no target's; without options its name is reserved, and nothing is read there.

    :param help: what the section is for, whole sentences
    :param options: its options
    :param defaults: the values of options that are not set, by key
    """

    help: str = ""
    options: Sequence[Option] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def default_text(self, option: Option) -> str:
        """The default of an option in words, "none" when there is none.

        :param option: an option of the table
        """
        return _default_text(option, self.defaults)


Sections = Mapping[str, Callable[[], SectionTable]]
"""Returns the options of a section, by its name; a name that ends in a colon stands for all that begin with it.

A function is called when a configuration has such a section, and by what lists all options.
"""


@dataclass(frozen=True)
class OptionTables:
    """The options of every kind of section.

    :param main: the options of ``[main]``
    :param credential: the options of a target that say how to sign in
    :param rules: the other options of a target
    :param others: the options of sections that are no target's
    :param defaults: the values of options of ``[main]`` and of targets that are not set, by key
    """

    main: Sequence[Option]
    credential: Sequence[Option]
    rules: Sequence[Option]
    others: Sections
    defaults: Mapping[str, Any]

    @cached_property
    def main_keys(self) -> Mapping[str, Option]:
        """The options of ``[main]`` by key."""
        return _by_key(self.main)

    @cached_property
    def target_keys(self) -> Mapping[str, Option]:
        """The options of a target by key."""
        return _by_key((*self.credential, *self.rules))

    def other_options(self, section: str) -> Sequence[Option] | None:
        """The options of a section that is neither ``[main]``, ``[DEFAULT]`` nor a target's.

        :param section: its name
        :return: None when it is one of those; no options when its name is reserved
        """
        load = self.others.get(kind_of_section(section))
        return None if load is None else load().options

    def options_of(self, section: str) -> Mapping[str, Option]:
        """The options that a section may hold: key → option.

        :param section: its name
        """
        other = self.other_options(section)
        if other is not None:
            return _by_key(other)
        return self.main_keys if section == MAIN else self.target_keys

    def default_text(self, option: Option) -> str:
        """The default of an option in words.

        :param option: an option of ``[main]`` or of a target
        :return: the text for comments and documents, "none" when there is none
        """
        return _default_text(option, self.defaults)


def kind_of_section(section: str) -> str:
    """The name under which the options of a section are listed: ``vault:`` for ``vault:north``.

    :param section: the section's name
    """
    prefix, colon, _ = section.partition(":")
    return prefix + colon


def _default_text(option: Option, defaults: Mapping[str, Any]) -> str:
    if option.default:
        return option.default
    value = None if option.credential else defaults[option.key]
    if isinstance(value, (bool, int)):
        return str(value)
    return str(value) if value else "none"


def _by_key(options: Sequence[Option]) -> Mapping[str, Option]:
    return {option.key: option for option in options}
