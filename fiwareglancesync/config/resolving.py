"""Finds the sources of the credential of a target, and their order; writes the messages about them (sync 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..base.text import show
from ..openstack.credential import Credential
from . import credentials
from .cloud_files import CloudProblem
from .clouds import Cloud, read_cloud
from .ini import COMMAND_LINE
from .merging import MACHINE, CredentialSource, Merged, OtherAccount, SourceKind, connection_fields, merge
from .option_tables import DEFAULT, MASTER
from .sections import Values

CLOUD = "OS_CLOUD"
"""The variable that names an entry of ``clouds.yaml``."""

CHOSEN = "GLANCESYNC_OS_CLOUD"
"""The variable that does what ``--os-cloud`` does, for processes that somebody else starts."""

ENVIRONMENT = "environment"
"""The name of the environment in messages, and the source of the configuration when there is no file."""


@dataclass(frozen=True)
class Resolved:
    """The credential of a target.

    :param problems: why nobody can sign in with it, whole lines
    :param of_cloud: whether it uses an entry of ``clouds.yaml``
    :param warnings: what is odd about it
    :param region: the region of its entry of ``clouds.yaml``, "" for none
    """

    credential: Credential
    problems: tuple[str, ...] = ()
    of_cloud: bool = False
    warnings: tuple[str, ...] = ()
    region: str = ""


@dataclass
class Resolver:
    """Resolves the credentials of targets.

    :param environ: the environment
    :param chosen: the value of ``--os-cloud``, None when it is not given
    :param anonymous: whether nobody signs in at all
    :param has_region: whether the configuration names the master region
    """

    environ: Mapping[str, str]
    chosen: str | None
    anonymous: bool
    has_region: bool
    _clouds: dict[str, Cloud | CloudProblem] = field(default_factory=dict)

    def resolve(self, values: Values, inherited: Values) -> Resolved:
        """Resolve the credential of a target.

        :param values: the target's section
        :param inherited: ``[DEFAULT]``
        """
        return _Resolution(self, values, inherited).resolved()

    def cloud(self, name: str) -> Cloud | CloudProblem:
        """An entry of ``clouds.yaml``, or the reason why it cannot be read; each entry is read once."""
        if name not in self._clouds:
            try:
                self._clouds[name] = read_cloud(name, self.environ)
            except CloudProblem as problem:
                self._clouds[name] = problem
        return self._clouds[name]

    @property
    def chosen_cloud(self) -> str:
        """The entry that ``--os-cloud``, or its variable, names; "" for none."""
        return (self.chosen if self.chosen is not None else self.environ.get(CHOSEN, "")).strip()


class _Resolution:
    """The resolution of the credential of one target."""

    def __init__(self, resolver: Resolver, values: Values, inherited: Values) -> None:
        self._resolver = resolver
        self._values = values
        self._inherited = inherited
        self._name = values.section.name
        self._where = values.section.origin
        self._problems: list[str] = []
        self._warnings: list[str] = []
        self._cloud: tuple[str, Cloud] | None = None
        self._unreadable = ""
        self._of_cloud = False
        self._variables, self._wrong = credentials.environment_layer(resolver.environ)

    def resolved(self) -> Resolved:
        merged = merge(list(self._sources()), lenient=self._resolver.anonymous)
        if self._resolver.anonymous:
            return Resolved(merged.credential, region=self._region(merged))
        for name, text in self._wrong.items():
            if name in merged.taken and merged.taken[name].name == ENVIRONMENT:
                self._problems.append(f"{ENVIRONMENT}: {text}")
        if self._unreadable and merged.missing:
            self._problems.append(self._unreadable)
        elif self._unreadable:
            self._warnings.append(self._unreadable)
        if not self._problems:
            self._problems += self._missing(merged)
        credential = merged.credential
        if credential.key and not credential.cert:
            self._problems.append(f"{self._where}: [{show(self._name)}]: key is of use only with cert; name that too")
        self._warnings += self._ignored(merged)
        problems, warnings = tuple(self._problems), tuple(self._warnings)
        return Resolved(credential, problems, self._of_cloud, warnings, self._region(merged))

    def _sources(self) -> Iterator[CredentialSource]:
        """Everything that may state a part of the credential, strongest first."""
        resolver = self._resolver
        is_master = self._name == MASTER
        if is_master and resolver.chosen_cloud:
            origin = "--os-cloud" if resolver.chosen is not None else f"{ENVIRONMENT}: {CHOSEN}"
            for values in (self._values, self._inherited):  # --config beside --os-cloud completes its entry
                yield CredentialSource(COMMAND_LINE, SourceKind.CONFIGURATION, connection_fields(values.words.keys))
            yield from self._entry(resolver.chosen_cloud, origin)
            yield CredentialSource(f"[{DEFAULT}]", SourceKind.CONFIGURATION, self._inherited.file.keys)
        elif is_master and self._os_cloud and not self._configuration_states_account:
            for source in (*self._of_section(self._values), *self._of_section(self._inherited)):
                yield replace(source, fields=connection_fields(source.fields))
            yield from self._entry(self._os_cloud, f"{ENVIRONMENT}: {CLOUD}")
        else:
            yield from self._of_section(self._values)
            yield from self._of_section(self._inherited)
        if is_master:
            yield CredentialSource(ENVIRONMENT, SourceKind.ENVIRONMENT, self._variables)

    def _of_section(self, values: Values) -> Iterator[CredentialSource]:
        for stated, name in ((values.words, COMMAND_LINE), (values.file, f"[{show(values.section.name)}]")):
            yield CredentialSource(name, SourceKind.CONFIGURATION, stated.keys)
            yield CredentialSource(f"credential in {name}", SourceKind.CONFIGURATION, stated.combined)
            if stated.cloud and self._cloud is None:
                yield from self._entry(stated.cloud, values.where("cloud"))

    def _entry(self, name: str, where: str) -> Iterator[CredentialSource]:
        """An entry of ``clouds.yaml``; of one that cannot be read, only its name: no weaker source is used instead."""
        found = self._resolver.cloud(name)
        self._of_cloud = True
        if isinstance(found, CloudProblem):
            self._unreadable = f"{where}: {found}"
            found = Cloud({}, "")
        else:
            self._warnings += [f"{where}: {text}" for text in found.warnings]
        self._cloud = self._cloud or (name, found)
        yield CredentialSource(f"the entry {name!r} of clouds.yaml", SourceKind.CLOUD, {"cloud": name, **found.fields})

    @property
    def _os_cloud(self) -> str:
        return self._resolver.environ.get(CLOUD, "").strip()

    @property
    def _configuration_states_account(self) -> bool:
        return self._values.states_account or self._inherited.states_account

    def _missing(self, merged: Merged) -> list[str]:
        missing = merged.missing
        where = f"{self._where}: [{show(self._name)}]"
        if not missing:
            return []
        if merged.other_accounts:
            sections = (self._values, self._inherited)
            if any(stated.is_wrong for values in sections for stated in (values.words, values.file)):
                return []  # that part has a problem of its own, and what it should name is not known
            values = self._values if self._values.holds_credential else self._inherited
            return [f"{where}: {_two_accounts(missing, merged.other_accounts[0], values)}"]
        if self._cloud and merged.credential.cloud:
            entry = f"the entry {self._cloud[0]!r} of {self._cloud[1].file}"
            return [f"{where}: {entry} lacks {_parts(missing)}; nothing else adds to it"]
        return [f"{where}: {credentials.how_to_state(name, self._name)}" for name in missing]

    def _ignored(self, merged: Merged) -> Iterator[str]:
        """What is set and has no effect, because something else decides."""
        for other in merged.other_accounts:
            if other.source.kind is SourceKind.CLOUD and not merged.missing:
                parts = _listed([part.value for part in other.parts])
                yield f"{self._where}: [{show(self._name)}]: {other.source.name} is not used: it has another {parts}"
        if self._name != MASTER:
            return
        ignored: list[str] = []
        decides = ""
        if self._resolver.chosen_cloud:
            decides = "--os-cloud" if self._resolver.chosen is not None else CHOSEN
            if self._configuration_states_account or self._values.file.keys:
                ignored.append("the credential in the configuration")
            ignored += [CLOUD] if self._os_cloud else []
        elif self._configuration_states_account:
            decides = "cloud in the configuration" if merged.credential.cloud else "the credential in the configuration"
            ignored += [CLOUD] if self._os_cloud and self._os_cloud != merged.credential.cloud else []
        elif self._os_cloud:
            decides = CLOUD
        if self._cloud and merged.credential.cloud:
            ignored += credentials.variables_set(self._resolver.environ, besides=MACHINE)
        region = self._resolver.environ.get("OS_REGION_NAME", "").strip()
        if region and not self._resolver.has_region and self._region(merged) not in ("", region):
            ignored.append("OS_REGION_NAME")
        if ignored:
            verb = "is" if len(ignored) == 1 else "are"
            yield f"{', '.join(ignored)} {verb} ignored: {decides} alone says whose account is used"

    def _region(self, merged: Merged) -> str:
        return self._cloud[1].region if self._cloud and merged.credential.cloud == self._cloud[0] else ""


def _parts(fields: list[str]) -> str:
    return _listed([credentials.label(name) for name in fields])


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _two_accounts(missing: list[str], other: OtherAccount, values: Values) -> str:
    """Why parts of a credential are missing although a source states them, and what to do.

    :param values: the section that has another account than the source; or the source is a part of it
    """
    others = _listed([part.value for part in other.parts])
    source = "the environment" if other.source.kind is SourceKind.ENVIRONMENT else other.source.name
    stronger = section = f"[{show(values.section.name)}]"
    remedy = f"complete {section}"
    if source.endswith(section) and values.words.states_account:
        stronger, remedy = COMMAND_LINE, f"complete the account with {COMMAND_LINE}"
    elif source.endswith(section):
        stronger = f"the other keys of {section}"
    return (
        f"{_parts(missing)} cannot come from {source}, which has another {others} than {stronger}: a credential is "
        f"never put together from two accounts; {remedy}, or have both name the same"
    )
