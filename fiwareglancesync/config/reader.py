"""File, ``--config`` and environment become ``Settings``; all errors are reported at once (contract 2)."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..model import Message
from ..settings import MASTER, Credential, Settings, Target
from . import credentials, ini, overrides, sections
from .clouds import Cloud, CloudProblem, read_cloud
from .ini import Document, Section, show
from .option import DEFAULT, MAIN
from .sections import Findings, Values

SYSTEM_FILE = Path("/etc/fiware.d/glancesync.conf")
"""The file that is read when none is named and it exists."""

VARIABLE = "GLANCESYNC_CONFIG"
"""The variable that names the file."""

ENVIRONMENT = "environment"
"""What messages call the environment, and ``Settings.source`` when there is no file."""

MAX_FILE = 4 * 2**20
"""Bytes of the largest configuration file that is read."""


def load_settings(
    conf: str | None, overrides: Sequence[str], environ: Mapping[str, str], *, mock: bool = False
) -> Settings:
    """Read the configuration.

    The file is ``conf``, else what ``GLANCESYNC_CONFIG`` names, else ``/etc/fiware.d/glancesync.conf`` when
    it exists, else there is none and the environment must be enough (contract 2).

    :param conf: path given with ``--conf``, None when it is not given
    :param overrides: the words after ``--config`` (contract 1.1)
    :param environ: the environment
    :param mock: whether the regions are those of the embedded federation, which needs no credentials
        (contract 4)
    :return: the settings; warnings for the user are in ``warnings``
    :raises ConfigError: with one line for every problem found
    :raises UsageError: an override is not ``KEY=VALUE``
    """
    return _Loader(conf, overrides, environ, mock).load()


class _Loader:
    """One reading: the document, what was found in it, and the clouds that were read on the way."""

    def __init__(
        self, conf: str | None, words: Sequence[str], environ: Mapping[str, str], mock: bool
    ) -> None:
        self.environ = environ
        self.mock = mock
        self.findings = Findings()
        self.clouds: dict[str, Cloud] = {}
        self.bad_clouds: set[str] = set()
        scratch = Document()
        overrides.apply(words, scratch)  # a wrong word on the command line is told before any file is opened
        self.source, self.document = _open(conf, environ, self.findings)
        overrides.apply(words, self.document)
        self.values = {
            name: sections.read(section, self.findings, embedded=mock)
            for name, section in self.document.sections.items()
        }

    def load(self) -> Settings:
        main = self._section(MAIN).rules
        inherited = self._section(DEFAULT)
        self.findings.warnings += _readable_by_others(self.source, self.values.values())
        self.environment, problems = credentials.environment_layer(self.environ)
        self.findings.problems += problems
        targets = {MASTER: self._target(self._section(MASTER), inherited)}
        for name, values in self.values.items():
            if name not in (MAIN, DEFAULT, MASTER) and self._is_target(values, inherited):
                targets[name] = self._target(values, inherited)
        master_region = self._master_region(main.pop("master_region", None), inherited)
        if self.findings.problems:
            raise ConfigError(self.findings.problems, self.findings.warnings)
        return Settings(
            master_region=master_region,
            targets=targets,
            source=self.source,
            warnings=tuple(Message.warning(text) for text in self.findings.warnings),
            **_given(main),
        )

    def _section(self, name: str) -> Values:
        return self.values.get(name) or Values(Section(name, self.source))

    def _is_target(self, values: Values, inherited: Values) -> bool:
        name, origin = values.section.name, values.section.origin
        meant = sections.misspelt(values, bool(self._missing(values, inherited)), embedded=self.mock)
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

    def _missing(self, values: Values, inherited: Values) -> list[str]:
        return credentials.missing(self._credential(values, inherited), values.section.name)

    def _target(self, values: Values, inherited: Values) -> Target:
        name = values.section.name
        credential = self._credential(values, inherited)
        if not self.mock and not self._bad_cloud(values, inherited):
            where = values.section.origin if name in self.values else self.source
            for text in credentials.missing(credential, name):
                self.findings.problems.append(f"{where}: [{show(name)}]: {text}")
        return Target(name=name, credential=credential, **_given({**inherited.rules, **values.rules}))

    def _bad_cloud(self, values: Values, inherited: Values) -> bool:
        named = {values.cloud, inherited.cloud}
        if values.section.name == MASTER:
            named.add(self.environ.get("OS_CLOUD", ""))
        return bool(named & self.bad_clouds)

    def _credential(self, values: Values, inherited: Values) -> Credential:
        layers: list[credentials.Layer] = []
        for level in (values, inherited):
            layers += [level.keys, level.combined]
            if level.cloud:
                layers += [{"cloud": level.cloud}, self._cloud(level.cloud, level.where("cloud")).fields]
        if values.section.name == MASTER:
            layers.append(self.environment)
            if os_cloud := self.environ.get("OS_CLOUD", ""):
                layers += [{"cloud": os_cloud}, self._cloud(os_cloud, f"{ENVIRONMENT}: OS_CLOUD").fields]
        return credentials.merge(layers)

    def _cloud(self, name: str, where: str) -> Cloud:
        if name not in self.clouds:
            try:
                self.clouds[name] = read_cloud(name, self.environ)
            except CloudProblem as problem:
                self.clouds[name] = Cloud({}, "")
                self.bad_clouds.add(name)
                if not self.mock:  # which needs no credential, so nothing is wrong without one
                    self.findings.problems.append(f"{where}: {problem}")
        return self.clouds[name]

    def _master_region(self, stated: str | None, inherited: Values) -> str:
        region = (stated or "").removeprefix(f"{MASTER}:") or self.environ.get("OS_REGION_NAME", "").strip()
        if not region:
            named = self._section(MASTER).cloud or inherited.cloud or self.environ.get("OS_CLOUD", "")
            region = self.clouds[named].region if named in self.clouds else ""
        where = self._section(MAIN).where("master_region")
        if not region:
            self.findings.problems.append(
                f"{where}: the master region is missing: set it there, or OS_REGION_NAME in the environment"
            )
        elif ":" in region:
            self.findings.problems.append(
                f"{where}: found '{show(region)}', expected a region of the master target"
            )
        return region


def _given(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the entries that are empty: the default of the field then holds."""
    return {key: value for key, value in rules.items() if value is not None}


def _open(conf: str | None, environ: Mapping[str, str], findings: Findings) -> tuple[str, Document]:
    """Choose the file and take it apart.

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
            data = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(
            f"{show(conf, 200)}: the configuration file ({how}) cannot be read: {reason}"
        ) from error
    if len(data) > MAX_FILE:
        raise ConfigError(
            f"{show(conf, 200)}: the file ({how}) is larger than 4 MiB, expected a configuration file"
        )
    text, problems = ini.decode(data, conf)
    if problems:
        raise ConfigError(problems)
    document = ini.parse(text, conf)
    findings.problems += document.problems
    return conf, document


def _readable_by_others(source: str, sections_read: Any) -> list[str]:
    """Warn about a file that holds a secret and that others may read (contract 2)."""
    for values in sections_read:
        key = values.holds_secret
        if not key or values.section.entries[key].origin == overrides.ORIGIN:
            continue
        try:
            status = os.stat(os.path.expanduser(source))
        except OSError:
            return []  # a pipe that is gone: nobody can read it any more
        # A file of somebody else may be readable by the group for our sake.
        ours = status.st_uid == os.geteuid()
        if stat.S_ISREG(status.st_mode) and (status.st_mode & 0o004 or (ours and status.st_mode & 0o040)):
            where = values.where(key)
            return [
                f"{where}: others may read this file, which holds a secret; run chmod 600 {show(source, 200)}"
            ]
    return []
