"""The ways to sign in that an entry of ``clouds.yaml`` may name, and what each of them needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PASSWORD_TYPES = frozenset({"password", "v3password", "v2password"})
APPLICATION_TYPES = frozenset({"v3applicationcredential", "applicationcredential"})

_OPENID = frozenset({"identity_provider", "protocol"})
_OPENID_CLIENT = frozenset({"client_id", "client_secret"})
_OPENID_ENDPOINTS = frozenset({"discovery_endpoint", "access_token_endpoint", "access_token_type", "scope"})


@dataclass(frozen=True)
class AuthType:
    """A type of keystoneauth's.

    :param plugin: what keystoneauth calls it
    :param required: options that it cannot do without
    :param optional: other options that it takes
    :param user: whether it signs a user in by name or id, with its domain
    :param password: whether it needs the user's password
    """

    plugin: str
    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    user: bool = False
    password: bool = False

    @property
    def options(self) -> frozenset[str]:
        """What it takes beside address, project, user and password."""
        return self.required | self.optional


AUTH_TYPES: Mapping[str, AuthType] = {
    "token": AuthType("v3token", frozenset({"token"})),
    "v3token": AuthType("v3token", frozenset({"token"})),
    "v3totp": AuthType("v3totp", frozenset({"passcode"}), user=True),
    "v3oidcpassword": AuthType(
        "v3oidcpassword",
        _OPENID | {"client_id"},
        _OPENID_CLIENT | _OPENID_ENDPOINTS,
        user=True,
        password=True,
    ),
    "v3oidcclientcredentials": AuthType("v3oidcclientcredentials", _OPENID | _OPENID_CLIENT, _OPENID_ENDPOINTS),
    "v3oidcaccesstoken": AuthType("v3oidcaccesstoken", _OPENID | {"access_token"}),
}
"""The types beside passwords and application credentials that work without a person at hand."""

PLUGINS = {kind.plugin: kind for kind in AUTH_TYPES.values()}
"""The same by what keystoneauth calls them, as ``Credential.auth_type`` does."""

ACCEPTED = "password, v3applicationcredential, " + ", ".join(sorted(PLUGINS))
"""All of them, for messages."""
