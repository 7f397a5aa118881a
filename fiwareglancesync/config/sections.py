"""Reads the entries of one section by the table of options, and collects what is wrong or odd in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..base.errors import ConfigError
from ..base.text import nearest, show
from ..images.settings import MASTER
from . import credentials
from .ini import Section
from .lists import check_lists
from .merging import CONNECTION
from .option import DEFAULT, MAIN, Option
from .options import BY_MAIN_KEY, BY_TARGET_KEY, CREDENTIAL_KEYS, SECRET_KEYS
from .overrides import ORIGIN

ACCOUNT = frozenset(credentials.KEYS.values()) - CONNECTION - {"user_domain_name", "project_domain_name"}
"""Fields by which a section names an account; a domain alone may be meant for those of others."""


@dataclass
class Findings:
    """What the reading of a configuration brings to light; whole lines, no secret in them."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class Stated:
    """What a section says of a credential, in the file or on the command line.

    :param keys: the layer of the single keys
    :param combined: the layer of ``credential``
    :param cloud: the entry of ``clouds.yaml``, "" for none
    """

    keys: dict[str, Any] = field(default_factory=dict)
    combined: dict[str, Any] = field(default_factory=dict)
    cloud: str = ""
    is_wrong: bool = False
    """whether a part of it has been told to be wrong"""

    @property
    def names_account(self) -> bool:
        """Whether it says who signs in, with what, where or for which project."""
        return bool(self.cloud or self.combined or self.keys.keys() & ACCOUNT)


@dataclass
class Values:
    """The parsed entries of one section.

    :param section: where they come from
    :param rules: values by key, credential aside; None for an entry that is empty, which stands for the
        default
    :param words: what the command line says of the credential
    :param file: what the file says of it
    """

    section: Section
    rules: dict[str, Any] = field(default_factory=dict)
    words: Stated = field(default_factory=Stated)
    file: Stated = field(default_factory=Stated)

    @property
    def names_account(self) -> bool:
        """Whether the section itself says something about the account."""
        return self.words.names_account or self.file.names_account

    @property
    def holds_credential(self) -> bool:
        """Whether the section itself says anything about how to sign in."""
        return any(key in CREDENTIAL_KEYS for key in self.section.entries)

    @property
    def holds_secret(self) -> str:
        """The first key whose value others should not read, "" for none."""
        for key, entry in self.section.entries.items():
            if key in SECRET_KEYS and entry.value:
                return key
            if key == "database" and re.search(r"//[^/]*:[^/]*@", entry.value):
                return key
        return ""

    def where(self, key: str) -> str:
        """Name an entry the way that every message does: file, line, section and key."""
        entry = self.section.entries.get(key)
        origin = entry.origin if entry else self.section.origin
        return f"{origin}: [{show(self.section.name)}] {show(key)}"


RESERVED = frozenset(("notify", "schedule", "listen", "volumes", "snapshots", "vault"))
"""Names of sections that are no target's, beside all names with a colon (sync 2)."""


def is_reserved(section: Section, findings: Findings) -> bool:
    """Whether a section is not read as a target's because of its name.

    :param section: any
    :param findings: what there is to tell of it is added here
    """
    name = section.name
    if name not in RESERVED and not re.match("vault:", name):
        return False
    target_keys = [key for key in section.entries if key in BY_TARGET_KEY]
    if target_keys or any(entry.origin == ORIGIN for entry in section.entries.values()):
        findings.problems.append(
            f"{section.origin}: [{show(name)}] can be no target: the name is reserved since version 2.0; to upgrade, "
            "give the section another name, and write its regions with that (NAME:REGION)"
        )
    else:
        findings.warnings.append(
            f"{section.origin}: [{show(name)}] is reserved, and this version reads nothing in it; ignored"
        )
    return True


def read(section: Section, findings: Findings, *, embedded: bool) -> Values:
    """Read a section.

    :param section: ``[main]``, ``[DEFAULT]`` or a target's
    :param findings: what is wrong or odd is added here
    :param embedded: whether the regions are those of the embedded federation, whose ids may be anything
    :return: the values of the entries that are right
    """
    table = BY_MAIN_KEY if section.name == MAIN else BY_TARGET_KEY
    values = Values(section)
    for key, entry in section.entries.items():
        option = table.get(key)
        by_word = entry.origin == ORIGIN
        if option is None:
            told = findings.problems if by_word else findings.warnings
            told.append(f"{values.where(key)}: {_unknown(key, section.name, table, ignored=not by_word)}")
        elif not entry.value:
            if not option.credential:
                values.rules[key] = None
        else:
            _take(option, entry.value, values, values.words if by_word else values.file, findings)
            if entry.replaced is not None and entry.replaced.value and option.credential:
                # It tells whose the rest of the file's credential is; that it is wrong does not matter any more.
                _take(option, entry.replaced.value, values, values.file, Findings())
    check_lists(values, findings, embedded=embedded)
    return values


def _take(option: Option, text: str, values: Values, stated: Stated, findings: Findings) -> None:
    where = values.where(option.key)
    if option.key == "credential":
        stated.combined, problems, warnings = credentials.split_credential(text)
        stated.is_wrong = stated.is_wrong or bool(problems)
        findings.problems += [f"{where}: {problem}" for problem in problems]
        findings.warnings += [f"{where}: {warning}" for warning in warnings]
        return
    try:
        value = option.kind.parse(text)
    except ConfigError as error:
        findings.problems += [f"{where}: {problem}" for problem in error.problems]
    except ValueError:
        found = "" if option.secret else f"found '{show(text)}', "
        findings.problems.append(f"{where}: {found}expected {option.kind.expected}")
        if option.credential:
            stated.is_wrong = True
            stated.keys[credentials.KEYS[option.key]] = text  # stated, though wrongly: not reported as missing too
    else:
        if option.key == "cloud":
            stated.cloud = value
        elif option.credential:
            stated.keys[credentials.KEYS[option.key]] = value
        elif not option.obsolete:
            values.rules[option.key] = value


def _unknown(key: str, section: str, table: Mapping[str, Option], *, ignored: bool) -> str:
    other = BY_TARGET_KEY if section == MAIN else BY_MAIN_KEY
    if key in other:
        home = f"[{DEFAULT}] or the section of a target" if section == MAIN else f"[{MAIN}]"
        return f"has no effect here; it belongs in {home}"
    near = nearest(key, table) or nearest(key, other)
    unknown = "unknown key, ignored" if ignored else "unknown key, nothing is done"
    return f"{unknown}; did you mean {near}?" if near else unknown


def misspelt(values: Values, incomplete: bool, *, embedded: bool) -> str:
    """Tell whether a section that should be a target's is rather a slip of the hand (sync 2).

    :param values: the section, of another name than ``main``, ``DEFAULT`` and ``master``
    :param incomplete: whether nobody could sign in with the target's credential
    :param embedded: as in ``read``; no credential is needed there
    :return: the section that was probably meant, "" for a target
    """
    if values.holds_credential:
        return ""
    known = {name.casefold(): name for name in (MAIN, DEFAULT, MASTER)}
    name = values.section.name.casefold()
    if name in known:
        return known[name]
    keys = values.section.entries.keys()
    if keys and all(key in BY_MAIN_KEY for key in keys):
        return MAIN
    near = nearest(name, known, cutoff=0.75)
    return known[near] if near and incomplete and not embedded else ""
