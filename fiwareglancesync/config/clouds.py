"""Reads an entry of ``clouds.yaml`` into the fields of a credential, without touching the network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .values import parse_interface

PASSWORD_TYPES = frozenset({"password", "v3password", "v2password"})
APPLICATION_TYPES = frozenset({"v3applicationcredential", "applicationcredential"})

_AUTH_FIELDS = {
    "auth_url": "auth_url",
    "username": "username",
    "password": "password",
    "project_name": "project_name",
    "tenant_name": "project_name",
    "project_id": "project_id",
    "tenant_id": "project_id",
    "user_domain_name": "user_domain_name",
    "user_domain_id": "user_domain_id",
    "project_domain_name": "project_domain_name",
    "project_domain_id": "project_domain_id",
    "application_credential_id": "application_credential_id",
    "application_credential_name": "application_credential_name",
    "application_credential_secret": "application_credential_secret",
}


class CloudProblem(Exception):
    """The entry cannot be used; the text completes "[section] cloud: …" and holds no secret."""


@dataclass(frozen=True)
class Cloud:
    """An entry of ``clouds.yaml``.

    :param fields: fields of ``Credential``; only those that the entry states
    :param region: its region, "" when it names none or several
    """

    fields: Mapping[str, Any]
    region: str


def read_cloud(name: str, environ: Mapping[str, str]) -> Cloud:
    """Read one entry.

    :param name: the entry's name
    :param environ: for ``OS_CLIENT_CONFIG_FILE`` and ``OS_CLIENT_SECURE_FILE``
    :return: what the entry states
    :raises CloudProblem: there is no such entry, or it cannot be used
    """
    # Imported here because it takes a quarter of a second, which a run without clouds.yaml must not pay.
    from openstack.config import loader
    from openstack.exceptions import SDKException

    files = [environ["OS_CLIENT_CONFIG_FILE"]] if environ.get("OS_CLIENT_CONFIG_FILE") else []
    secure = [environ["OS_CLIENT_SECURE_FILE"]] if environ.get("OS_CLIENT_SECURE_FILE") else []
    for named in files + secure:
        if not Path(named).is_file():
            raise CloudProblem(
                f"found no file {named}, which OS_CLIENT_CONFIG_FILE or OS_CLIENT_SECURE_FILE names"
            )
    try:
        # The environment is not mixed in: the file's other keys and the environment are laid over the entry
        # by us.
        config = loader.OpenStackConfig(
            config_files=[*files, *loader.CONFIG_FILES],
            secure_files=[*secure, *loader.SECURE_FILES],
            load_envvars=False,
        )
        entry = _entry(config, name)
        region = config.get_one(cloud=name, validate=False)
    except (SDKException, AttributeError, KeyError, TypeError, ValueError) as error:
        # The library lets plain Python errors through for entries of an unexpected shape. Their text may
        # quote values.
        kind = type(error).__name__
        raise CloudProblem(
            f"the entry {name!r} of clouds.yaml cannot be read ({kind}); check its form"
        ) from error
    _check_type(name, region.config)
    return Cloud(_fields(region.config), _region(entry, region.config))


def _entry(config: Any, name: str) -> Mapping[str, Any]:
    if config.config_filename is None:
        raise CloudProblem(
            f"found {name!r}, but there is no readable clouds.yaml; expected one in the current folder, "
            "in ~/.config/openstack or in /etc/openstack, or OS_CLIENT_CONFIG_FILE to name one"
        )
    known = config.cloud_config["clouds"]
    if name not in known:
        names = ", ".join(sorted(map(str, known))) or "none"
        raise CloudProblem(f"found {name!r}, expected an entry of {config.config_filename}; it has: {names}")
    entry: Mapping[str, Any] = known[name]
    if re.match(r"\w+://", str(entry.get("profile") or entry.get("cloud") or "")):
        raise CloudProblem(
            f"the entry {name!r} takes its profile from the network, which is not read; "
            "write auth_url and the rest into the entry"
        )
    return entry


def _check_type(name: str, config: Mapping[str, Any]) -> None:
    kind = str(config.get("auth_type") or "password")
    if kind not in PASSWORD_TYPES | APPLICATION_TYPES:
        raise CloudProblem(
            f"the entry {name!r} signs in by {kind}, expected auth_type password or v3applicationcredential"
        )


def _fields(config: Mapping[str, Any]) -> dict[str, Any]:
    auth = config.get("auth") or {}
    fields: dict[str, Any] = {}
    for theirs, ours in _AUTH_FIELDS.items():
        if auth.get(theirs):
            fields.setdefault(ours, str(auth[theirs]))
    if config.get("cacert"):
        fields["cacert"] = str(config["cacert"])
    if config.get("verify") is False:
        fields["insecure"] = True
    if config.get("interface"):
        fields["interface"] = parse_interface(str(config["interface"]))
    return fields


def _region(entry: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    # With several regions the library takes the first, which is no reason to make it the master.
    several = entry.get("regions") or str(entry.get("region_name") or "").split(",")
    return str(config.get("region_name") or "") if len(several) == 1 else ""
