"""Makes the plugin of keystoneauth that signs in with a credential."""

from __future__ import annotations

from typing import Any

from keystoneauth1 import exceptions
from keystoneauth1.identity import v3
from keystoneauth1.loading import get_plugin_loader

from ..base.errors import Rejected, Scope
from .credential import Credential


def make_plugin(credential: Credential, url: str) -> v3.Auth:
    """Make the plugin for a credential.

    :param url: address of version 3 of the Keystone
    :raises Rejected: keystoneauth cannot use the ``auth_type``
    """
    if credential.auth_type:
        return _loaded_plugin(credential, url)
    if credential.application_credential_secret:
        by_name = not credential.application_credential_id
        return v3.ApplicationCredential(
            url,
            application_credential_secret=credential.application_credential_secret,
            application_credential_id=credential.application_credential_id or None,
            application_credential_name=credential.application_credential_name if by_name else None,
            **(_user(credential) if by_name else {}),
        )
    return v3.Password(url, password=credential.password, **_user(credential), **_project(credential))


def _user(credential: Credential) -> dict[str, Any]:
    """The user, as the arguments of a plugin."""
    if credential.user_id:
        return {"user_id": credential.user_id}
    domain = credential.user_domain_name or ("" if credential.user_domain_id else "Default")
    return {
        "username": credential.username or None,
        "user_domain_id": credential.user_domain_id or None,
        "user_domain_name": domain or None,
    }


def _project(credential: Credential) -> dict[str, Any]:
    """The project of the token, as the arguments of a plugin."""
    if credential.project_id:
        return {"project_id": credential.project_id}
    domain = credential.project_domain_name or ("" if credential.project_domain_id else "Default")
    return {
        "project_name": credential.project_name,
        "project_domain_id": credential.project_domain_id or None,
        "project_domain_name": domain or None,
    }


def _loaded_plugin(credential: Credential, url: str) -> v3.Auth:
    """A plugin by its ``auth_type``."""
    options = {**_user(credential), **_project(credential), "password": credential.password, "auth_url": url}
    options |= dict(credential.auth_options)
    try:
        loader: Any = get_plugin_loader(credential.auth_type)
        accepted = {option.dest for option in loader.get_options()}
        stated = {name: value for name, value in options.items() if name in accepted and value}
        if "client_secret" in accepted:
            stated.setdefault("client_secret", None)  # a public client has none, but the option has to be there
        plugin: v3.Auth = loader.load_from_options(**stated)
    except exceptions.ClientException as error:
        raise Rejected(f"auth_type {credential.auth_type} cannot be used: {error}", scope=Scope.TARGET) from error
    return plugin
