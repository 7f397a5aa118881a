"""Reads a configuration by option tables: the file, then ``--config``, then the credentials (sync 2).

All that is wrong is collected, so that it can be reported at once. What the values mean is known to the subjects, which
make their settings of them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base.errors import ConfigError, UsageError
from ..base.text import nearest, show
from ..openstack.credential import Credential
from . import ini, sections
from .ini import COMMAND_LINE, Document, IniEntry, Section
from .option_tables import DEFAULT, MAIN, MASTER, OptionTables
from .resolving import ENVIRONMENT, Resolved, Resolver
from .sections import Findings, Values

SYSTEM_FILE = Path("/etc/fiware.d/glancesync.conf")
"""The file that is read when none is named and it exists."""

VARIABLE = "GLANCESYNC_CONFIG"
"""The variable that names the file."""

MAX_FILE_BYTES = 4 * 2**20
"""Bytes of the largest configuration file that is read."""

Check = Callable[[Values, Findings], None]
"""Adds to the findings what is odd in the values of a section."""


@dataclass(frozen=True)
class TargetValues:
    """What the configuration says of a target.

    :param rules: values by key, those of ``[DEFAULT]`` included; a key without a value is left out
    :param problem: why the target cannot be used, a whole line; "" when it can
    :param region: the region of its entry of ``clouds.yaml``, "" for none
    """

    name: str
    credential: Credential
    rules: Mapping[str, Any]
    problem: str
    region: str


class Configuration:
    """A configuration that has been read: the values of its sections, and what is wrong or odd in it.

    The file is ``conf``, else what ``GLANCESYNC_CONFIG`` names, else ``/etc/fiware.d/glancesync.conf`` when it
    exists, else there is none.

    :param conf: path given with ``--conf``, None when it is not given
    :param words: the words after ``--config`` (sync 1.1)
    :param environ: the environment
    :param tables: the options of each kind of section
    :param check: looks at the values of ``[main]``, ``[DEFAULT]`` and each section that may be a target's
    :raises ConfigError: the file cannot be read at all
    :raises UsageError: a word is not ``KEY=VALUE``
    """

    def __init__(
        self, conf: str | None, words: Sequence[str], environ: Mapping[str, str], tables: OptionTables, check: Check
    ) -> None:
        self.findings = Findings()
        self._tables = tables
        override(Document(), words, tables)  # a wrong word is reported before any file is opened
        self.source, document = _open(conf, environ, self.findings)
        override(document, words, tables)
        self.values: dict[str, Values] = {}
        for name, section in document.sections.items():
            if not sections.is_reserved(section, tables, self.findings):
                self.values[name] = sections.read(section, tables, self.findings)
                if tables.other_options(name) is None:
                    check(self.values[name], self.findings)
        self._inherited = self.section(DEFAULT)
        self.findings.warnings += self._overruled_words()
        self.findings.warnings += self._readable_by_others()

    def section(self, name: str) -> Values:
        """The values of a section; none when the configuration does not have it.

        :param name: its name
        """
        return self.values.get(name) or Values(Section(name, self.source))

    def master(self, resolver: Resolver) -> TargetValues:
        """The target whose section is ``[master]``.

        :param resolver: resolves the credentials
        """
        values = self.section(MASTER)
        return self._target(values, resolver.resolve(values, self._inherited))

    def other_targets(self, resolver: Resolver) -> Iterator[TargetValues]:
        """The other targets in the order of the file.

        :param resolver: resolves the credentials
        """
        return (self._target(values, resolved) for values, resolved in self._others(resolver))

    def target(self, name: str, resolver: Resolver) -> TargetValues | None:
        """One target, None when there is none of this name; how the others sign in does not matter.

        :param resolver: resolves the credentials
        """
        others = {values.section.name: (values, resolved) for values, resolved in self._others(resolver)}
        if name == MASTER:
            return self.master(resolver)
        return self._target(*others[name]) if name in others else None

    def raise_problems(self) -> None:
        """Report what is wrong.

        :raises ConfigError: something is
        """
        if self.findings.problems:
            raise ConfigError(self.findings.problems, self.findings.warnings)

    def _others(self, resolver: Resolver) -> Iterator[tuple[Values, Resolved]]:
        """The sections of the other targets with their credentials; what is no section of a target is reported."""
        for name, values in self.values.items():
            if name != MASTER and self._may_be_target(name):
                resolved = resolver.resolve(values, self._inherited)
                if self._is_target(values, resolved):
                    yield values, resolved

    def _may_be_target(self, name: str) -> bool:
        return name not in (MAIN, DEFAULT) and self._tables.other_options(name) is None

    def _overruled_words(self) -> Iterator[str]:
        """A warning for each word for all targets that a target's own section overrules.

        What such a word should protect is not protected in that target.
        """
        targets = [values for name, values in self.values.items() if self._may_be_target(name)]
        for key, entry in self._inherited.section.entries.items():
            for values in targets if entry.is_override else []:
                own, name = values.section.entries.get(key), show(values.section.name)
                if own is not None and not own.is_override and own.value != entry.value:
                    yield (
                        f"{self._inherited.where(key)} has no effect on target {name}, which has its own "
                        f"({own.origin}); write {name}.{key}=VALUE"
                    )

    def _readable_by_others(self) -> list[str]:
        """A warning where others may read a file that holds a secret (sync 2)."""
        for values in self.values.values():
            key = values.confidential_key
            if not key or values.section.entries[key].is_override:
                continue
            try:
                status = os.stat(os.path.expanduser(self.source))
            except OSError:
                return []  # a pipe that is gone: nobody can read it any more
            # A file of somebody else may be readable by the group so that this user can read it.
            ours = status.st_uid == os.geteuid()
            if stat.S_ISREG(status.st_mode) and (status.st_mode & 0o004 or (ours and status.st_mode & 0o040)):
                command = f"chmod 600 {show(self.source, 200)}"
                return [f"{values.where(key)}: others may read this file, which holds a secret; run {command}"]
        return []

    def _is_target(self, values: Values, resolved: Resolved) -> bool:
        name, origin = values.section.name, values.section.origin
        meant = sections.intended_section(values, self._tables, cannot_sign_in=bool(resolved.problems))
        if origin == COMMAND_LINE and not values.holds_credential:
            known = [MASTER, MAIN, DEFAULT, *(other for other in self.values if other != name)]
            near = meant or nearest(name, known)
            hint = f"; did you mean [{show(near)}]?" if near else ""
            if resolved.problems or nearest(name, known, cutoff=0.75) in (MASTER, MAIN, DEFAULT):
                self.findings.problems.append(
                    f"{origin}: [{show(name)}] is no section of the configuration, and holds no credential{hint}"
                )
                return False
            if hint:
                self.findings.warnings.append(f"{origin}: [{show(name)}] is a new target{hint}")
        if meant:
            self.findings.warnings.append(
                f"{origin}: unknown section [{show(name)}], ignored; did you mean [{meant}]? "
                "(the section of a target holds its credential)"
            )
            return False
        if ":" in name or not name.isprintable():
            self.findings.problems.append(
                f"{origin}: [{show(name)}]: expected a target, with no colon or control character in its name"
            )
        return True

    def _target(self, values: Values, resolved: Resolved) -> TargetValues:
        """A target; that its entry of ``clouds.yaml`` cannot be used concerns only those who ask for the target."""
        name = values.section.name
        problem = ""
        if resolved.of_cloud and resolved.problems and name != MASTER:
            problem = "; ".join(resolved.problems)
            self.findings.warnings.append(problem)
        else:
            self.findings.problems += resolved.problems
        self.findings.warnings += [text for text in resolved.warnings if text not in self.findings.warnings]
        rules = without_empty({**self._inherited.rules, **values.rules})
        return TargetValues(name, resolved.credential, rules, problem, resolved.region)


def without_empty(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The rules that have a value; the default of its field holds for an entry that is empty.

    :param rules: values by key
    """
    return {key: value for key, value in rules.items() if value is not None}


def override(document: Document, words: Sequence[str], tables: OptionTables) -> None:
    """Replace what a document says by what the words after ``--config`` say (sync 1.1).

    ``section.key=value`` goes to that section, made when it is missing; a bare ``key=value`` goes to
    ``[DEFAULT]``, so a target's own section wins over it as it does over ``[DEFAULT]`` in the file; a bare
    key that only ``[main]`` knows goes to ``[main]``. Of two words for one key the last wins.

    :param document: changed in place
    :param words: as they stand on the command line
    :param tables: the options of each kind of section
    :raises UsageError: a word is not ``KEY=VALUE``
    """
    for word in words:
        name, equals, value = word.partition("=")
        section_name, dot, key = name.rpartition(".")
        section_name, key = section_name.strip(), key.strip().lower()
        if not equals or not key or (dot and not section_name):
            raise UsageError(f"--config {word}: expected SECTION.KEY=VALUE or KEY=VALUE")
        if not dot:
            section_name = MAIN if key in tables.main_keys and key not in tables.target_keys else DEFAULT
        section = document.sections.setdefault(section_name, Section(section_name, COMMAND_LINE))
        earlier = section.entries.get(key)
        replaced = earlier.replaced if earlier is not None and earlier.is_override else earlier
        section.entries[key] = IniEntry(value.strip(), COMMAND_LINE, replaced)


def _open(conf: str | None, environ: Mapping[str, str], findings: Findings) -> tuple[str, Document]:
    """Choose the file and parse it.

    :raises ConfigError: it cannot be read at all
    """
    how = "--conf"
    if conf is None and environ.get(VARIABLE):
        conf, how = environ[VARIABLE], VARIABLE
    if conf is None:
        if not os.path.exists(SYSTEM_FILE):
            return ENVIRONMENT, Document()
        conf, how = str(SYSTEM_FILE), "the default"
    path = Path(os.path.expanduser(conf))
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(
            f"{show(conf, 200)}: the configuration file ({how}) cannot be read: {reason}"
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(
            f"{show(conf, 200)}: the file ({how}) is larger than 4 MiB, expected a configuration file"
        )
    text, problems = ini.decode(data, conf)
    if problems:
        raise ConfigError(problems)
    document = ini.parse(text, conf)
    findings.problems += document.problems
    return conf, document
