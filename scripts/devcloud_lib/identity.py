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
from devcloud_lib.volumes.server_table import CATALOG

INTERFACES = ("public", "internal", "admin")
CREDENTIAL_NAME = "glancesync"
NAMES = {"identity": "keystone", "image": "glance", "block-storage": "cinder", "volumev3": "cinderv3",
         "compute": "nova", "placement": "placement", "network": "neutron"}
"""Types of service -> names in the catalog."""
SERVICE_ROLE = "service"
INHERITED_ROLE = "admin"


def ensure(cloud: Cloud, keystone: Service) -> None:
    """Bring a running Keystone to what the cloud's state says.

    :raises CloudError: Keystone refuses something, or does not answer.
    """
    fingerprint = _fingerprint(cloud, keystone)
    if cloud.identities.get(keystone.name) == fingerprint:
        return
    accounts = cloud.accounts[keystone.name]
    api = administrator(cloud, keystone)
    _ensure_catalog(api, cloud, keystone)
    for account in accounts.values():
        ensure_account(api, account)
    if topology.BACKUP_ACCOUNT in accounts:
        ensure_inherited_role(api, accounts[topology.BACKUP_ACCOUNT])
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
    token = sign_in_as(keystone, cloud.accounts[keystone.name][topology.MAIN_ACCOUNT])
    answer = Client(glance.port, token).try_call("GET", "/v2/images?limit=1")
    # What the user may do is the policy's affair; a token that was refused is not.
    if answer.status == 401 or answer.status >= 500:
        raise CloudError(f"{glance.name} does not accept a token of {keystone.name} ({answer.status})")


def administrator(cloud: Cloud, keystone: Service) -> Client:
    """A Keystone as its first administrator.

    :raises CloudError: it does not answer.
    """
    return Client(keystone.port, sign_in_as(keystone, cloud.accounts[keystone.name][topology.BOOTSTRAP_ACCOUNT.user]))


def ensure_account(api: Client, account: Account) -> None:
    """Give Keystone an account: its domain, project, user and roles; its ids are set.

    :param api: Keystone as its administrator.
    """
    domain_id = _ensure_named(api, "domain", {"name": account.domain}, query("/v3/domains", name=account.domain))
    account.project_id = _ensure_named(
        api, "project", {"name": account.project, "domain_id": domain_id},
        query("/v3/projects", name=account.project, domain_id=domain_id),
    )
    account.user_id = _ensure_named(
        api, "user",
        {"name": account.user, "domain_id": domain_id, "password": account.password,
         "default_project_id": account.project_id},
        query("/v3/users", name=account.user, domain_id=domain_id),
    )
    roles = _roles(api)
    for role in (account.role, SERVICE_ROLE if account.service_role else ""):
        if role:
            api.call("PUT", f"/v3/projects/{account.project_id}/users/{account.user_id}/roles/{roles[role]}")


def ensure_inherited_role(api: Client, account: Account) -> None:
    """Give an account the role of an administrator in all projects of every domain that there is.

    :param api: Keystone as its administrator.
    """
    role = _roles(api)[INHERITED_ROLE]
    for domain in api.pages("/v3/domains", "domains"):
        path = f"/v3/OS-INHERIT/domains/{domain['id']}/users/{account.user_id}/roles/{role}/inherited_to_projects"
        api.call("PUT", path)


def sign_in_as(keystone: Service, account: Account, project_id: str = "") -> str:
    """The token of an account.

    :param project_id: the project that it is for; empty means the account's own.
    :raises CloudError: Keystone refuses.
    """
    return sign_in(
        keystone.port, user=account.user, password=account.password, project=account.project, domain=account.domain,
        project_id=project_id,
    )


def _ensure_catalog(api: Client, cloud: Cloud, keystone: Service) -> None:
    """Give the catalog the endpoints of every region."""
    wanted = _endpoints(cloud, keystone)
    known_regions = {region["id"] for region in api.pages("/v3/regions", "regions")}
    for region in cloud.regions_of(keystone.name):
        if region not in known_regions:
            api.call("POST", "/v3/regions", {"region": {"id": region}})
    services = {
        kind: _ensure_named(api, "service", {"type": kind, "name": NAMES[kind]}, query("/v3/services", type=kind))
        for kind in sorted({kind for kind, _ in wanted})
    }
    endpoints = {
        (endpoint["service_id"], endpoint["region_id"], endpoint["interface"]): endpoint
        for endpoint in api.pages("/v3/endpoints", "endpoints")
    }
    for (kind, region), url in wanted.items():
        for interface in INTERFACES:
            known = endpoints.get((services[kind], region, interface))
            if known is None:
                api.call("POST", "/v3/endpoints", {"endpoint": {
                    "service_id": services[kind], "region_id": region, "interface": interface, "url": url}})
            elif known["url"] != url:
                api.call("PATCH", f"/v3/endpoints/{known['id']}", {"endpoint": {"url": url}})


def _endpoints(cloud: Cloud, keystone: Service) -> dict[tuple[str, str], str]:
    """Type of service and region -> URL.

    Every region has an image endpoint, its own Glance, and an identity endpoint, the common Keystone; the volumes
    belong to one region.
    """
    urls = {}
    for region in cloud.regions_of(keystone.name):
        urls["identity", region] = keystone.url
        urls["image", region] = cloud.services[region].url
        if cloud.has_volumes and region == topology.VOLUMES_REGION:
            urls |= {(kind, region): cloud.services[name].url for kind, name in CATALOG.items()}
    return urls


def _roles(api: Client) -> dict[str, str]:
    return {role["name"]: role["id"] for role in api.pages("/v3/roles", "roles")}


def _ensure_named(api: Client, kind: str, wanted: dict[str, Any], listing: str) -> str:
    """The id of what `listing` finds, else of a new one."""
    for known in api.pages(listing, f"{kind}s"):
        return str(known["id"])
    return str(api.call("POST", f"/v3/{kind}s", {kind: wanted}).json()[kind]["id"])


def _new_application_credential(keystone: Service, account: Account) -> dict[str, str]:
    """Only the user itself may create one, and its secret is never shown again: an older one is replaced."""
    api = Client(keystone.port, sign_in_as(keystone, account))
    path = f"/v3/users/{account.user_id}/application_credentials"
    for known in api.pages(query(path, name=CREDENTIAL_NAME), "application_credentials"):
        api.call("DELETE", f"{path}/{known['id']}")
    secret = secrets.token_hex(16)
    body = {"application_credential": {"name": CREDENTIAL_NAME, "secret": secret}}
    created = api.call("POST", path, body).json()["application_credential"]
    return {"id": created["id"], "name": CREDENTIAL_NAME, "secret": secret}


def _fingerprint(cloud: Cloud, keystone: Service) -> str:
    urls = [[*where, url] for where, url in _endpoints(cloud, keystone).items()]
    accounts = [[account.user, account.password, account.project, account.role, account.domain, account.service_role]
                for account in cloud.accounts[keystone.name].values()]
    return hashlib.sha256(json.dumps([keystone.url, urls, accounts]).encode()).hexdigest()
