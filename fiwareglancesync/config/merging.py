"""Merges the sources of a credential into one, and never mixes two accounts (sync 2).

A field is taken from the strongest source that states it. What a weaker source may add depends on its kind, and on
whether it names another user, project or Keystone than the stronger ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from ..openstack.credential import Credential, same_project
from .auth_types import PLUGINS
from .credentials import APPLICATION, Layer, missing_fields

MACHINE = frozenset({"cacert", "insecure", "interface"})
"""Fields that say how this machine reaches a cloud, whoever signs in."""

CONNECTION = MACHINE | {"cert", "key", "image_endpoints"}
"""Fields that say nothing about the account."""

_METHOD = APPLICATION | {"password", "auth_type", "auth_options"}
"""Fields that authenticate a user; they are valid only together with their own user and Keystone."""

_ALTERNATIVES = (
    frozenset({"username", "user_id"}),
    frozenset({"project_name", "project_id"}),
    frozenset({"user_domain_name", "user_domain_id"}),
    frozenset({"project_domain_name", "project_domain_id"}),
    frozenset({"application_credential_name", "application_credential_id"}),
)


class SourceKind(Enum):
    """The kinds of sources."""

    CONFIGURATION = "stated"
    """in the configuration: a section that inherits from it may replace some of its fields"""
    CLOUD = "cloud"
    """in an entry of ``clouds.yaml``: it decides alone, so weaker sources add nothing to the account"""
    ENVIRONMENT = "environment"


class Part(Enum):
    """The parts of an account in which two sources can differ."""

    USER = "user"
    PROJECT = "project"
    KEYSTONE = "Keystone"


@dataclass(frozen=True)
class CredentialSource:
    """Something that states fields of a credential.

    :param name: what messages call it
    :param fields: the fields, by name
    """

    name: str
    kind: SourceKind
    fields: Layer


@dataclass(frozen=True)
class OtherAccount:
    """A source that is not merged with the stronger ones.

    :param parts: in what it differs from them
    """

    source: CredentialSource
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Merged:
    """The result of merging.

    :param other_accounts: sources whose account is another one
    :param taken: the source of each field
    """

    credential: Credential
    other_accounts: tuple[OtherAccount, ...]
    taken: Mapping[str, CredentialSource]

    @property
    def missing(self) -> list[str]:
        """Fields that are missing before anybody can sign in."""
        return missing_fields(self.credential)


_BESIDE_CLOUD: Mapping[SourceKind, frozenset[str]] = {
    SourceKind.CONFIGURATION: CONNECTION,
    SourceKind.CLOUD: frozenset(),
    SourceKind.ENVIRONMENT: MACHINE,
}
"""What a source may still add once an entry of ``clouds.yaml`` has decided."""


def merge(sources: Sequence[CredentialSource], *, lenient: bool = False) -> Merged:
    """Merge sources.

    What a stronger source says about a user, a project, a domain or the way to sign in is not mixed with another form
    of the same in a weaker one: a tenant's name in the file is not overruled by a project's id in the environment.

    :param sources: strongest first
    :param lenient: merge them even if they name different accounts, because nobody signs in
    :return: the credential, domains filled with ``Default``
    """
    fields: dict[str, Any] = {}
    taken: dict[str, CredentialSource] = {}
    other_accounts: list[OtherAccount] = []
    decided = False
    for source in sources:
        layer = source.fields
        parts = () if lenient else differences(fields, layer)
        if decided:
            layer = _only(layer, _BESIDE_CLOUD[source.kind])
        elif source.kind is SourceKind.CONFIGURATION and {Part.USER, Part.KEYSTONE} & set(parts):
            if _METHOD & layer.keys():
                other_accounts.append(OtherAccount(source, tuple(part for part in parts if part is not Part.PROJECT)))
            layer = _only(layer, layer.keys() - _METHOD)
        elif source.kind is SourceKind.CLOUD and {Part.USER, Part.KEYSTONE} & set(parts):
            other_accounts.append(OtherAccount(source, tuple(part for part in parts if part is not Part.PROJECT)))
            layer = {}
        elif source.kind is SourceKind.ENVIRONMENT and parts:
            other_accounts.append(OtherAccount(source, parts))
            layer = _only(layer, MACHINE)
        decided = decided or source.kind is SourceKind.CLOUD
        stronger = dict(fields)
        for name, value in layer.items():
            if name not in stronger and not _ruled_out(name, layer, stronger):
                fields[name] = value
                taken[name] = source
    for domain in ("user_domain", "project_domain"):
        if f"{domain}_id" not in fields:
            fields.setdefault(f"{domain}_name", "Default")
    return Merged(Credential(**fields), tuple(other_accounts), taken)


def connection_fields(layer: Layer) -> Layer:
    """The fields that say nothing about the account."""
    return _only(layer, CONNECTION)


def differences(strong: Layer, weak: Layer) -> tuple[Part, ...]:
    """The parts of an account that two sources both state, with different values; a name and an id are not compared.

    :param strong: the fields of one
    :param weak: those of the other
    """
    user = _differ(strong, weak, ("username", "user_id", "application_credential_id", "application_credential_name"))
    ids = strong.get("project_id"), weak.get("project_id")
    project = all(ids) and not same_project(*(str(each).lower() for each in ids))
    anonymous = _names_user(strong) and _is_anonymous(weak)
    found = {
        Part.USER: user or _domains_differ(strong, weak, "user") or anonymous,
        Part.PROJECT: project or _differ(strong, weak, ("project_name",)) or _domains_differ(strong, weak, "project"),
        Part.KEYSTONE: bool(strong.get("auth_url") and weak.get("auth_url"))
        and keystone(strong["auth_url"]) != keystone(weak["auth_url"]),
    }
    return tuple(part for part, differs in found.items() if differs)


def keystone(url: str) -> str:
    """The address of a Keystone in one form: without version, without a slash at the end, with its port."""
    try:
        parts = urlsplit(url.strip())
        scheme = parts.scheme.lower()
        port = parts.port or {"http": 80, "https": 443}.get(scheme)
    except ValueError:
        return url
    segments = [segment for segment in parts.path.split("/") if segment]
    if segments and segments[-1].lower().startswith("v") and segments[-1][1:].replace(".", "").isdigit():
        segments.pop()
    return f"{scheme}://{parts.hostname}:{port}/{'/'.join(segments)}"


def _differ(strong: Layer, weak: Layer, names: Iterable[str]) -> bool:
    return any(strong.get(name) and weak.get(name) and strong[name] != weak[name] for name in names)


def _domains_differ(strong: Layer, weak: Layer, whose: str) -> bool:
    names = [f"{whose}_domain_name", f"{whose}_domain_id"]
    return any(
        strong.get(name) and weak.get(name) and strong[name].casefold() != weak[name].casefold() for name in names
    )


def _names_user(layer: Layer) -> bool:
    return bool(layer.get("username") or layer.get("user_id"))


def _is_anonymous(layer: Layer) -> bool:
    """Whether it signs in without naming a user."""
    kind = PLUGINS.get(layer.get("auth_type", ""))
    signs_in = layer.get("application_credential_id") or (kind is not None and not kind.user)
    return bool(signs_in) and not _names_user(layer)


def _ruled_out(name: str, layer: Layer, stronger: Mapping[str, Any]) -> bool:
    """Whether a stronger source states an alternative to a field, so that the field of a weaker one is not used."""
    if any(name in group and not stronger.keys().isdisjoint(group) for group in _ALTERNATIVES):
        return True
    if name in ("auth_type", "auth_options"):
        kind = PLUGINS.get(layer.get("auth_type", ""))
        by_password = kind is not None and kind.password
        return bool(stronger.keys() & APPLICATION) or ("password" in stronger and not by_password)
    if name in APPLICATION:
        return "password" in stronger or "auth_type" in stronger
    if name == "password":
        return bool(stronger.keys() & APPLICATION) or "auth_type" in stronger
    return name == "key" and "cert" in stronger


def _only(layer: Layer, names: Iterable[str]) -> Layer:
    wanted = frozenset(names)
    return {name: value for name, value in layer.items() if name in wanted}
