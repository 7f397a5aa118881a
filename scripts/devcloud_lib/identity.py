"""Gives a Keystone its regions, endpoints, projects, users and roles; what is there already is kept."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from devcloud_lib import topology
from devcloud_lib.errors import CloudError
from devcloud_lib.http import Client, query, sign_in
from devcloud_lib.state import Account, Cloud, Service

SERVICES = {"identity": "keystone", "image": "glance"}
INTERFACES = ("public", "internal", "admin")
CREDENTIAL_NAME = "glancesync"
DEFAULT_DOMAIN = "default"


def ensure(cloud: Cloud, keystone: Service) -> None:
    """Bring a running Keystone to what the cloud's state says.

    :raises CloudError: Keystone refuses something, or does not answer.
    """
    fingerprint = _fingerprint(cloud, keystone)
    if cloud.identities.get(keystone.name) == fingerprint:
        return
    accounts = cloud.accounts[keystone.name]
    api = Client(keystone.port, _token(keystone, accounts[topology.BOOTSTRAP_ACCOUNT.user]))
    _ensure_catalog(api, cloud, keystone)
    roles = {role["name"]: role["id"] for role in api.pages("/v3/roles", "roles")}
    for account in accounts.values():
        _ensure_account(api, account, roles[account.role])
    if keystone.name not in cloud.application_credentials:
        credential = _new_application_credential(keystone, accounts[topology.MAIN_ACCOUNT])
        cloud.application_credentials[keystone.name] = credential
    cloud.identities[keystone.name] = fingerprint


def introduce(cloud: Cloud, glance: Service) -> None:
    """Have a Glance validate its first token.

    A Keystone that is asked for the first time by several at once may refuse, for it loads its policies meanwhile.

    :raises CloudError: the Glance does not answer, or does not accept its users' tokens.
    """
    keystone = cloud.keystone_of(glance.name)
    token = _token(keystone, cloud.accounts[keystone.name][topology.MAIN_ACCOUNT])
    answer = Client(glance.port, token).try_call("GET", "/v2/images?limit=1")
    # What the user may do is the policy's affair; a token that was refused is not.
    if answer.status == 401 or answer.status >= 500:
        raise CloudError(f"{glance.name} does not accept a token of {keystone.name} ({answer.status})")


def _ensure_catalog(api: Client, cloud: Cloud, keystone: Service) -> None:
    """Every region has an image endpoint, its own Glance, and an identity endpoint, the common Keystone."""
    regions = cloud.regions_of(keystone.name)
    known_regions = {region["id"] for region in api.pages("/v3/regions", "regions")}
    for region in regions:
        if region not in known_regions:
            api.call("POST", "/v3/regions", {"region": {"id": region}})
    services = {kind: _ensure_service(api, kind, name) for kind, name in SERVICES.items()}
    endpoints = {
        (endpoint["service_id"], endpoint["region_id"], endpoint["interface"]): endpoint
        for endpoint in api.pages("/v3/endpoints", "endpoints")
    }
    for region in regions:
        for kind, url in (("identity", keystone.url), ("image", cloud.services[region].url)):
            for interface in INTERFACES:
                wanted = {"service_id": services[kind], "region_id": region, "interface": interface, "url": url}
                known = endpoints.get((services[kind], region, interface))
                if known is None:
                    api.call("POST", "/v3/endpoints", {"endpoint": wanted})
                elif known["url"] != url:
                    api.call("PATCH", f"/v3/endpoints/{known['id']}", {"endpoint": {"url": url}})


def _ensure_service(api: Client, kind: str, name: str) -> str:
    return _ensure_named(api, "service", {"type": kind, "name": name}, query("/v3/services", type=kind))


def _ensure_account(api: Client, account: Account, role_id: str) -> None:
    account.project_id = _ensure_named(
        api, "project", {"name": account.project, "domain_id": DEFAULT_DOMAIN},
        query("/v3/projects", name=account.project, domain_id=DEFAULT_DOMAIN),
    )
    account.user_id = _ensure_named(
        api, "user",
        {"name": account.user, "domain_id": DEFAULT_DOMAIN, "password": account.password,
         "default_project_id": account.project_id},
        query("/v3/users", name=account.user, domain_id=DEFAULT_DOMAIN),
    )
    api.call("PUT", f"/v3/projects/{account.project_id}/users/{account.user_id}/roles/{role_id}")


def _ensure_named(api: Client, kind: str, wanted: dict[str, Any], listing: str) -> str:
    """The id of what `listing` finds, else of a new one."""
    for known in api.pages(listing, f"{kind}s"):
        return str(known["id"])
    return str(api.call("POST", f"/v3/{kind}s", {kind: wanted}).json()[kind]["id"])


def _new_application_credential(keystone: Service, account: Account) -> dict[str, str]:
    """Only the user itself may create one, and its secret is never shown again: an older one is replaced."""
    api = Client(keystone.port, _token(keystone, account))
    path = f"/v3/users/{account.user_id}/application_credentials"
    for known in api.pages(query(path, name=CREDENTIAL_NAME), "application_credentials"):
        api.call("DELETE", f"{path}/{known['id']}")
    secret = secrets.token_hex(16)
    body = {"application_credential": {"name": CREDENTIAL_NAME, "secret": secret}}
    created = api.call("POST", path, body).json()["application_credential"]
    return {"id": created["id"], "name": CREDENTIAL_NAME, "secret": secret}


def _token(keystone: Service, account: Account) -> str:
    return sign_in(keystone.port, user=account.user, password=account.password, project=account.project)


def _fingerprint(cloud: Cloud, keystone: Service) -> str:
    urls = [cloud.services[region].url for region in cloud.regions_of(keystone.name)]
    accounts = [[account.user, account.password, account.project, account.role]
                for account in cloud.accounts[keystone.name].values()]
    return hashlib.sha256(json.dumps([keystone.url, urls, accounts]).encode()).hexdigest()
