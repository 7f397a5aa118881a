"""Reads the entries of one section by the table of options, and collects what is wrong or odd in them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ConfigError
from ..settings import ANY, MASTER
from . import credentials
from .ini import Section, show
from .option import DEFAULT, MAIN, Option
from .options import BY_MAIN_KEY, BY_TARGET_KEY, CREDENTIAL_KEYS, SECRET_KEYS

_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


@dataclass
class Findings:
    """What the reading of a configuration brings to light; whole lines, no secret in them."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass
class Values:
    """The parsed entries of one section.

    :param section: where they come from
    :param rules: values by key, credential aside; None for an entry that is empty, which stands for the
        default
    :param keys: the credential layer of the single keys
    :param combined: the credential layer of ``credential``
    :param cloud: the entry of ``clouds.yaml``, "" for none
    """

    section: Section
    rules: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    combined: dict[str, Any] = field(default_factory=dict)
    cloud: str = ""

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
        if option is None:
            findings.warnings.append(f"{values.where(key)}: {_unknown(key, section.name, table)}")
        elif not entry.value:
            if not option.credential:
                values.rules[key] = None
        else:
            _take(option, entry.value, values, findings)
    if not embedded:
        _check_uuids(values, findings)
    _check_rules(values, findings)
    return values


def _take(option: Option, text: str, values: Values, findings: Findings) -> None:
    where = values.where(option.key)
    if option.key == "credential":
        values.combined, problems, warnings = credentials.split_credential(text)
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
            values.keys[credentials.KEYS[option.key]] = (
                text  # stated, though wrongly: not reported as missing too
            )
    else:
        if option.key == "cloud":
            values.cloud = value
        elif option.credential:
            values.keys[credentials.KEYS[option.key]] = value
        elif not option.obsolete:
            values.rules[option.key] = value


def _unknown(key: str, section: str, table: Mapping[str, Option]) -> str:
    other = BY_TARGET_KEY if section == MAIN else BY_MAIN_KEY
    if key in other:
        home = f"[{DEFAULT}] or the section of a target" if section == MAIN else f"[{MAIN}]"
        return f"has no effect here; it belongs in {home}"
    near = difflib.get_close_matches(key, table, 1) or difflib.get_close_matches(key, other, 1)
    return f"unknown key, ignored; did you mean {near[0]}?" if near else "unknown key, ignored"


def _check_uuids(values: Values, findings: Findings) -> None:
    for uuid in sorted(values.rules.get("forcesyncs") or ()):
        if not _UUID.fullmatch(uuid):
            findings.warnings.append(
                f"{values.where('forcesyncs')}: '{show(uuid)}' is no UUID; it will match no image"
            )


def _check_rules(values: Values, findings: Findings) -> None:
    if ANY in (values.rules.get("dontupdate") or ()):
        findings.warnings.append(
            f"{values.where('dontupdate')}: '{ANY}' has no meaning here; list checksums, "
            "or leave replace and rename empty"
        )
    if "is_public" in (values.rules.get("metadata_set") or ()):
        findings.warnings.append(
            f"{values.where('metadata_set')}: is_public is no user property, leave it out; "
            "whether an image is public is always synchronised"
        )


def misspelt(values: Values, incomplete: bool, *, embedded: bool) -> str:
    """Tell whether a section that should be a target's is rather a slip of the hand (contract 2).

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
    near = difflib.get_close_matches(name, known, 1, cutoff=0.75)
    return known[near[0]] if near and incomplete and not embedded else ""
