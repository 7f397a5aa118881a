"""The ways to sign in that an entry of ``clouds.yaml`` may name, and the options of each."""

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
    """A way to sign in, by a plugin of keystoneauth.

    :param plugin: its name in keystoneauth
    :param required: options that it needs
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
        """The options that it takes besides address, project, user and password."""
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
"""The types, besides passwords and application credentials, that work without a person."""

PLUGINS = {kind.plugin: kind for kind in AUTH_TYPES.values()}
"""The same by the names of keystoneauth, which ``Credential.auth_type`` holds."""

ACCEPTED = "password, v3applicationcredential, " + ", ".join(sorted(PLUGINS))
"""All of them, for messages."""
