"""The account that the environment alone names, for whoever needs a token and no configuration."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ConfigError
from ..settings import Credential
from . import credentials
from .clouds import CloudProblem, read_cloud

CLOUD = "OS_CLOUD"
"""The variable that names an entry of ``clouds.yaml``."""

SIGN_IN = ("auth_url", "username", "password", "application_credential_id", "application_credential_name",
           "application_credential_secret")  # fmt: skip
"""Fields that say that somebody is to sign in; the others, as ``cacert``, mean something without it."""


def environment_account(environ: Mapping[str, str]) -> Credential:
    """Read the usual variables of OpenStack, and the entry of ``clouds.yaml`` that ``OS_CLOUD`` names.

    :param environ: the environment
    :return: the credential; without ``auth_url`` when the environment names no account
    :raises ConfigError: an account is named, but not wholly, or a variable cannot be used
    """
    layer, problems = credentials.environment_layer(environ)
    layers: list[credentials.Layer] = [layer]
    named = environ.get(CLOUD, "").strip()
    if named:
        try:
            layers += [{"cloud": named}, read_cloud(named, environ).fields]
        except CloudProblem as problem:
            raise ConfigError([*(_where(text) for text in problems), _where(f"{CLOUD}: {problem}")]) from problem
    credential = credentials.merge(layers)
    if named or any(getattr(credential, field) for field in SIGN_IN):
        problems += [_where(text) for text in credentials.missing(credential, None)]
    if problems:
        raise ConfigError(problems)
    return credential


def _where(text: str) -> str:
    return text if text.startswith("environment: ") else f"environment: {text}"
