"""File, ``--config`` and environment become ``Settings``; all errors are reported at once (sync 2)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..base.errors import ConfigError
from ..base.messages import Message
from ..base.text import nearest, show
from ..images.settings import MASTER, Settings, Target
from . import ini, overrides, sections
from .ini import Document, Section
from .list_entries import list_entries, own_regions
from .option import DEFAULT, MAIN
from .resolving import ENVIRONMENT, Resolved, Resolver
from .sections import Findings, Values

SYSTEM_FILE = Path("/etc/fiware.d/glancesync.conf")
"""The file that is read when none is named and it exists."""

VARIABLE = "GLANCESYNC_CONFIG"
"""The variable that names the file."""

MAX_FILE = 4 * 2**20
"""Bytes of the largest configuration file that is read."""


def load_settings(
    conf: str | None,
    overrides: Sequence[str],
    environ: Mapping[str, str],
    *,
    mock: bool = False,
    os_cloud: str | None = None,
) -> Settings:
    """Read the configuration.

    The file is ``conf``, else what ``GLANCESYNC_CONFIG`` names, else ``/etc/fiware.d/glancesync.conf`` when
    it exists, else there is none and the environment must be enough (sync 2).

    :param conf: path given with ``--conf``, None when it is not given
    :param overrides: the words after ``--config`` (sync 1.1)
    :param environ: the environment
    :param mock: whether the regions are those of the embedded federation, which needs no credentials
        (sync 4)
    :param os_cloud: the entry of ``clouds.yaml`` that ``--os-cloud`` names, None when it is not given
    :return: the settings; warnings for the user are in ``warnings``, and what concerns nobody but those who ask for a
        certain target is that target's ``problem``
    :raises ConfigError: with one line for every problem found
    :raises UsageError: an override is not ``KEY=VALUE``
    """
    return _Loader(conf, overrides, environ, mock, os_cloud).load()


def check_targets(settings: Settings, asked: Iterable[str]) -> None:
    """See that the targets that are asked for can be used.

    :param settings: the configuration
    :param asked: names of targets; unknown ones do not matter here
    :raises ConfigError: one cannot; its warning has become the error
    """
    names = [*dict.fromkeys(asked)]
    problems = [target.problem for name in names if (target := settings.targets.get(name)) and target.problem]
    if problems:
        raise ConfigError(problems, [told.text for told in settings.warnings if told.text not in problems])


class _Loader:
    """One reading: the document, and what was found in it."""

    def __init__(
        self, conf: str | None, words: Sequence[str], environ: Mapping[str, str], mock: bool, os_cloud: str | None
    ) -> None:
        self.environ = environ
        self.mock = mock
        self.findings = Findings()
        scratch = Document()
        overrides.apply(words, scratch)  # a wrong word on the command line is told before any file is opened
        self.source, self.document = _open(conf, environ, self.findings)
        overrides.apply(words, self.document)
        self.values = {
            name: sections.read(section, self.findings, embedded=mock)
            for name, section in self.document.sections.items()
            if not sections.is_reserved(section, self.findings)
        }
        has_region = bool(self._section(MAIN).rules.get("master_region"))
        self.resolver = Resolver(environ, os_cloud, mock, has_region)
        self.inherited = self._section(DEFAULT)
        self._warn_of_overruled_words()

    def load(self) -> Settings:
        main = self._section(MAIN).rules
        self.findings.warnings += _readable_by_others(self.source, self.values.values())
        master = self._section(MASTER)
        resolved = self.resolver.resolve(master, self.inherited)
        targets = {MASTER: self._target(master, resolved)}
        region = self._master_region(main.pop("master_region", None), resolved)
        for name, values in self.values.items():
            if name not in (MAIN, DEFAULT, MASTER):
                resolved = self.resolver.resolve(values, self.inherited)
                if self._is_target(values, resolved):
                    targets[name] = self._target(values, resolved)
        entries = list_entries(self.values, targets, self.findings)
        targets = {name: own_regions(target, targets) for name, target in targets.items()}
        if self.findings.problems:
            raise ConfigError(self.findings.problems, self.findings.warnings)
        return Settings(
            master_region=region,
            targets=targets,
            source=self.source,
            warnings=tuple(Message.warning(text) for text in self.findings.warnings),
            entries=entries,
            **_given(main),
        )

    def _section(self, name: str) -> Values:
        return self.values.get(name) or Values(Section(name, self.source))

    def _warn_of_overruled_words(self) -> None:
        """Tell of words meant for all targets that the section of one overrules: what they protect is not protected."""
        targets = [values for name, values in self.values.items() if name not in (MAIN, DEFAULT)]
        for key, entry in self.inherited.section.entries.items():
            for values in targets if entry.origin == overrides.ORIGIN else []:
                own, name = values.section.entries.get(key), show(values.section.name)
                if own is not None and own.origin != entry.origin and own.value != entry.value:
                    self.findings.warnings.append(
                        f"{self.inherited.where(key)} has no effect on target {name}, which has its own "
                        f"({own.origin}); write {name}.{key}=VALUE"
                    )

    def _is_target(self, values: Values, resolved: Resolved) -> bool:
        name, origin = values.section.name, values.section.origin
        meant = sections.misspelt(values, bool(resolved.problems), embedded=self.mock)
        if origin == overrides.ORIGIN and not values.holds_credential:
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

    def _target(self, values: Values, resolved: Resolved) -> Target:
        """Make a target; that its entry of ``clouds.yaml`` cannot be used concerns only those who ask for it."""
        name = values.section.name
        problem = ""
        if resolved.of_cloud and resolved.problems and name != MASTER:
            problem = "; ".join(resolved.problems)
            self.findings.warnings.append(problem)
        else:
            self.findings.problems += resolved.problems
        self.findings.warnings += [text for text in resolved.warnings if text not in self.findings.warnings]
        rules = _given({**self.inherited.rules, **values.rules})
        return Target(name=name, credential=resolved.credential, problem=problem, **rules)

    def _master_region(self, stated: str | None, resolved: Resolved) -> str:
        region = (stated or "").removeprefix(f"{MASTER}:") or resolved.region
        region = region or self.environ.get("OS_REGION_NAME", "").strip()
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
    """Warn about a file that holds a secret and that others may read (sync 2)."""
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
