"""Reads the entries of one section by its table of options, and collects what is wrong or odd in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..base.errors import ConfigError
from ..base.text import nearest, show
from . import credentials
from .credential_options import CREDENTIAL_KEYS
from .ini import Section
from .merging import CONNECTION
from .option_tables import DEFAULT, MAIN, MASTER, Option, OptionTables

ACCOUNT = frozenset(credentials.KEYS.values()) - CONNECTION - {"user_domain_name", "project_domain_name"}
"""Fields by which a section names an account; a domain alone may complete the account of another section."""


@dataclass
class Findings:
    """What is wrong or odd in a configuration; whole lines, no secret in them."""

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
    """whether a problem of a part of it has been reported"""

    @property
    def states_account(self) -> bool:
        """Whether it states a user, a way to sign in, a Keystone or a project."""
        return bool(self.cloud or self.combined or self.keys.keys() & ACCOUNT)


@dataclass
class Values:
    """The parsed entries of one section.

    :param section: the section
    :param rules: values by key, credential aside; None for an entry that is empty, which stands for the
        default
    :param words: what the command line says of the credential
    :param file: what the file says of it
    :param confidential_key: the first key whose value others must not read, "" for none
    """

    section: Section
    rules: dict[str, Any] = field(default_factory=dict)
    words: Stated = field(default_factory=Stated)
    file: Stated = field(default_factory=Stated)
    confidential_key: str = ""

    @property
    def states_account(self) -> bool:
        """Whether the section itself says something about the account."""
        return self.words.states_account or self.file.states_account

    @property
    def holds_credential(self) -> bool:
        """Whether the section itself says anything about how to sign in."""
        return any(key in CREDENTIAL_KEYS for key in self.section.entries)

    def where(self, key: str) -> str:
        """The file, line, section and key of an entry, as in every message."""
        entry = self.section.entries.get(key)
        origin = entry.origin if entry else self.section.origin
        return f"{origin}: [{show(self.section.name)}] {show(key)}"


def is_reserved(section: Section, tables: OptionTables, findings: Findings) -> bool:
    """Whether nothing in a section is read because its name is reserved.

    :param section: any
    :param findings: what there is to report about it is added here
    """
    name = section.name
    options = tables.other_options(name)
    if options is None or ":" in name:  # a target never had a colon in its name
        return False
    own_keys = {option.key for option in options}
    target_keys = [key for key in section.entries if key in tables.target_keys and key not in own_keys]
    if target_keys or (not options and any(entry.is_override for entry in section.entries.values())):
        findings.problems.append(
            f"{section.origin}: [{show(name)}] can be no target: the name is reserved since version 2.0; to upgrade, "
            "give the section another name, and write its regions with that (NAME:REGION)"
        )
        return True
    if options:
        return False
    meant = f"; did you mean [{show(name)}:NAME]?" if tables.other_options(f"{name}:NAME") else ""
    findings.warnings.append(
        f"{section.origin}: [{show(name)}] is reserved, and this version reads nothing in it; ignored{meant}"
    )
    return True


def read(section: Section, tables: OptionTables, findings: Findings) -> Values:
    """Read a section.

    :param section: any whose name is not reserved
    :param tables: the options of each kind of section
    :param findings: what is wrong or odd is added here
    :return: the values of the entries that are right
    """
    table = tables.options_of(section.name)
    values = Values(section, confidential_key=_confidential_key(section, tables))
    for key, entry in section.entries.items():
        option = table.get(key)
        if option is None:
            found = findings.problems if entry.is_override else findings.warnings
            found.append(f"{values.where(key)}: {_unknown(key, section.name, tables, ignored=not entry.is_override)}")
        elif not entry.value:
            if not option.credential:
                values.rules[key] = None
        else:
            _take(option, entry.value, values, values.words if entry.is_override else values.file, findings)
            if entry.replaced is not None and entry.replaced.value and option.credential:
                # It names the account of the file; whether it is wrong does not matter, because it is replaced.
                _take(option, entry.replaced.value, values, values.file, Findings())
    return values


def _confidential_key(section: Section, tables: OptionTables) -> str:
    known = {**tables.main_keys, **tables.target_keys, **tables.options_of(section.name)}
    found = (key for key, entry in section.entries.items() if key in known and known[key].confidential(entry.value))
    return next(found, "")


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
            stated.keys[credentials.KEYS[option.key]] = text  # a wrong field is not reported as missing too
    else:
        if option.key == "cloud":
            stated.cloud = value
        elif option.credential:
            stated.keys[credentials.KEYS[option.key]] = value
        elif not option.obsolete:
            values.rules[option.key] = value


def _unknown(key: str, section: str, tables: OptionTables, *, ignored: bool) -> str:
    table = tables.options_of(section)
    other = tables.target_keys if section == MAIN else tables.main_keys
    if key in other:
        home = f"[{DEFAULT}] or the section of a target" if section == MAIN else f"[{MAIN}]"
        return f"has no effect here; it belongs in {home}"
    homes = [name for name in tables.others if key in tables.options_of(name)]
    if homes:
        home = " or ".join(f"[{name}NAME]" if name.endswith(":") else f"[{name}]" for name in homes)
        return f"has no effect here; it belongs in {home}"
    near = nearest(key, table) or nearest(key, other)
    unknown = "unknown key, ignored" if ignored else "unknown key, nothing is done"
    return f"{unknown}; did you mean {near}?" if near else unknown


def intended_section(values: Values, tables: OptionTables, *, cannot_sign_in: bool) -> str:
    """The section that was meant, where the name of a section is misspelt (sync 2).

    :param values: a section that should be a target's, but is not ``[master]``
    :param cannot_sign_in: whether a credential is needed, and nobody could sign in with the target's
    :return: "" for a target
    """
    if values.holds_credential:
        return ""
    subjects = [name for name in tables.others if not name.endswith(":")]
    known = {name.casefold(): name for name in (MAIN, DEFAULT, MASTER, *subjects)}
    name = values.section.name.casefold()
    if name in known:
        return known[name]
    keys = values.section.entries.keys()
    if keys and all(key in tables.main_keys for key in keys):
        return MAIN
    near = nearest(name, known, cutoff=0.75)
    return known[near] if near and cannot_sign_in else ""
