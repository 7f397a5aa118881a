"""The account that the environment names, for commands that need a token and no configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..base.errors import ConfigError
from ..openstack.credential import Credential
from . import credentials
from .cloud_files import CloudProblem
from .clouds import read_cloud
from .merging import MACHINE, CredentialSource, SourceKind, merge
from .resolving import CHOSEN, CLOUD, ENVIRONMENT

SIGN_IN = ("auth_url", "username", "user_id", "password", "application_credential_id", "application_credential_name",
           "application_credential_secret", "auth_type")  # fmt: skip
"""Fields that only a sign-in needs; the others, for example ``cacert``, are used without it too."""


@dataclass(frozen=True)
class Account:
    """An account.

    :param credential: without ``auth_url`` when the environment names no account
    :param warnings: what the user should know
    """

    credential: Credential
    warnings: tuple[str, ...] = ()


def environment_account(environ: Mapping[str, str], os_cloud: str | None = None) -> Account:
    """Read the usual variables of OpenStack, or only the entry of ``clouds.yaml`` that is named.

    :param environ: the environment
    :param os_cloud: the value of ``--os-cloud``, which wins over ``OS_CLOUD``; None when it is not given
    :raises ConfigError: the account is not complete, or a variable has a wrong value
    """
    origin, named = next(_named(environ, os_cloud), ("", ""))
    layer, wrong = credentials.environment_layer(environ)
    sources = [CredentialSource(ENVIRONMENT, SourceKind.ENVIRONMENT, layer)]
    warnings: list[str] = []
    file = ""
    if named:
        try:
            cloud = read_cloud(named, environ)
        except CloudProblem as problem:
            raise ConfigError(f"{origin}: {problem}") from problem
        sources.insert(0, CredentialSource(named, SourceKind.CLOUD, {"cloud": named, **cloud.fields}))
        warnings += [f"{origin}: {text}" for text in cloud.warnings]
        file = cloud.file
        ignored = credentials.variables_set(environ, besides=MACHINE)
        if origin != _variable(CLOUD) and environ.get(CLOUD, "").strip() not in ("", named):
            ignored.insert(0, CLOUD)
        if ignored:
            verb = "is" if len(ignored) == 1 else "are"
            decides = origin.removeprefix(f"{ENVIRONMENT}: ")
            warnings.append(f"{', '.join(ignored)} {verb} ignored: {decides} alone says whose account is used")
    merged = merge(sources)
    problems = [_variable(text) for field, text in wrong.items() if merged.taken.get(field) is sources[-1]]
    signs_in = named or any(getattr(merged.credential, field) for field in SIGN_IN)
    if signs_in and not problems:
        for field in merged.missing:
            lack = f"the entry {named!r} of {file} lacks {credentials.label(field)}"
            problems.append(f"{origin}: {lack}" if named else _variable(credentials.how_to_state(field, None)))
    if problems:
        raise ConfigError(problems, warnings)
    return Account(merged.credential, tuple(warnings))


def _named(environ: Mapping[str, str], os_cloud: str | None) -> Iterator[tuple[str, str]]:
    """The options and variables that name an entry of ``clouds.yaml``, and its name; the strongest first."""
    words = [("--os-cloud", os_cloud or "")] + [(_variable(name), environ.get(name, "")) for name in (CHOSEN, CLOUD)]
    yield from ((origin, word.strip()) for origin, word in words if word.strip())


def _variable(text: str) -> str:
    return f"{ENVIRONMENT}: {text}"
