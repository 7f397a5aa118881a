"""Reads an entry of ``clouds.yaml`` into the fields of a credential, without touching the network."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..base.text import nearest, show
from .auth_types import ACCEPTED, APPLICATION_TYPES, AUTH_TYPES, PASSWORD_TYPES, AuthType
from .cloud_files import CloudEntry, CloudProblem, RawEntry, find_entry
from .values import parse_boolean, parse_file, parse_interface, parse_url

_SCOPE = {
    "auth_url": "auth_url",
    "project_name": "project_name",
    "tenant_name": "project_name",
    "project_id": "project_id",
    "tenant_id": "project_id",
    "project_domain_name": "project_domain_name",
    "project_domain_id": "project_domain_id",
    "default_domain_name": "project_domain_name",
    "default_domain_id": "project_domain_id",
}
_USER = {
    "username": "username",
    "user_name": "username",
    "user_id": "user_id",
    "user_domain_name": "user_domain_name",
    "user_domain_id": "user_domain_id",
}
_PASSWORD = {"password": "password"}
_APPLICATION = {
    "application_credential_id": "application_credential_id",
    "application_credential_name": "application_credential_name",
    "application_credential_secret": "application_credential_secret",
}
"""Keys of ``auth`` and the fields of ``Credential`` that they state; of two for one field the first wins."""

_UNDERSTOOD = frozenset(
    ("auth", "auth_type", "auth_plugin", "profile", "cloud", "region_name", "image_region_name", "regions", "cacert",
     "cert", "key", "verify", "insecure", "interface", "image_interface", "endpoint_type", "image_endpoint_type",
     "image_endpoint_override", "image_endpoint")
)  # fmt: skip
_OF_NO_CONCERN = frozenset(
    ("api_timeout", "auth_methods", "cache", "client", "disable_vendor_agent", "external_network", "floating_ip_source",
     "image_api_use_tasks", "image_api_version", "image_format", "image_status_code_retries", "internal_network",
     "message", "metrics", "name", "networks", "prefer_ipv6", "requires_floating_ip", "secgroup_source", "status")
)  # fmt: skip
"""Keys of openstacksdk that do not change how this program reaches Keystone and Glance."""

_OF_OTHER_SERVICES = (
    "_api_version", "_endpoint_override", "_endpoint_type", "_interface", "_region_name", "_service_name",
    "_service_type", "_status_code_retries", "_timeout",
)  # fmt: skip


@dataclass(frozen=True)
class Cloud:
    """An entry of ``clouds.yaml``.

    :param fields: fields of ``Credential``; only those that the entry states
    :param region: its region, "" when it names none or several
    :param file: the file that contains it
    :param warnings: what is odd about it
    """

    fields: Mapping[str, Any]
    region: str
    file: str = ""
    warnings: tuple[str, ...] = ()


def read_cloud(name: str, environ: Mapping[str, str]) -> Cloud:
    """Read one entry.

    :param name: the entry's name
    :param environ: for ``OS_CLIENT_CONFIG_FILE`` and ``OS_CLIENT_SECURE_FILE``; no other variable is used
    :return: what the entry states
    :raises CloudProblem: there is no such entry, or it cannot be used
    """
    raw = find_entry(name, environ)
    where = f"the entry {name!r} of {raw.file}"
    regions = list(_regions(raw.whole, where))
    several = len(regions) > 1
    base = {key: value for key, value in raw.whole.items() if key not in ("regions", "region_name")}
    if len(regions) == 1:
        base |= {"region_name": regions[0][0], **_without_auth(regions[0][1])}
        base["auth"] = {**(base.get("auth") or {}), **(regions[0][1].get("auth") or {})}
    config = _normalised(name, base, where)
    auth_type = _type_of(config, where)
    fields = _account(config, auth_type, where) | _connection(config, where)
    region = "" if several else str(config.get("image_region_name") or config.get("region_name") or "")
    endpoints = dict(_override(config, region, where))
    for other, values in regions if several else []:
        endpoints.update(_override(values, other, where))
    if endpoints:
        fields["image_endpoints"] = tuple(endpoints.items())
    odd = [*raw.warnings, *_not_understood(raw, auth_type), *(_unused(regions) if several else [])]
    return Cloud(fields, region, raw.file, tuple(f"{where}: {text}" for text in odd))


def _regions(entry: CloudEntry, where: str) -> Iterator[tuple[str, CloudEntry]]:
    """The regions that an entry lists, each with its own keys."""
    listed = entry.get("regions") or entry.get("region_name")
    if isinstance(listed, str) or listed is None:
        listed = (listed or "").split(",")
    elif isinstance(listed, int) and not entry.get("regions"):
        listed = [listed]
    for region in listed if isinstance(listed, list) else [None]:
        name = region.get("name") if isinstance(region, dict) else region
        values = region.get("values") or {} if isinstance(region, dict) else {}
        auth = values.get("auth") or {} if isinstance(values, dict) else None
        if isinstance(name, bool):
            raise CloudProblem(f"{where}: YAML reads the name of a region as yes or no; write it in quotes")
        if not isinstance(name, str | int) or not isinstance(auth, dict):
            raise CloudProblem(f"{where}: regions: expected names, or keys name and values for each region")
        if str(name).strip():
            yield str(name).strip(), {str(key).replace("-", "_"): value for key, value in values.items()}


def _without_auth(values: CloudEntry) -> CloudEntry:
    return {key: value for key, value in values.items() if key != "auth"}


def _normalised(name: str, entry: CloudEntry, where: str) -> CloudEntry:
    """Normalise an entry by openstacksdk, which reads no file and no variable here, and does not use the network."""
    # The import takes a quarter of a second; a run without clouds.yaml does not need it.
    from openstack.config import loader
    from openstack.exceptions import SDKException

    try:
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")  # about keys that this program does not use
            config = loader.OpenStackConfig(load_yaml_config=False, load_envvars=False)
            config.defaults = {}  # other sources state what the entry does not
            plain = {key: value for key, value in entry.items() if key not in ("profile", "cloud")}
            config.cloud_config = {"clouds": {name: {**plain, "auth": plain.get("auth") or {}}}}
            found: CloudEntry = config.get_one(cloud=name, validate=False).config
            return found
    except (SDKException, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # The library lets plain Python errors through for entries of an unexpected shape. Their text may quote values.
        raise CloudProblem(f"{where} cannot be read ({type(error).__name__}); check its form") from error


def _type_of(config: CloudEntry, where: str) -> AuthType | str:
    """How the entry signs in."""
    kind = str(config.get("auth_type") or "password")
    if kind in PASSWORD_TYPES | APPLICATION_TYPES:
        return kind
    if kind not in AUTH_TYPES:
        raise CloudProblem(f"{where} signs in by {show(kind)}, expected auth_type to be one of {ACCEPTED}")
    return AUTH_TYPES[kind]


def _auth_keys(kind: AuthType | str) -> Mapping[str, str]:
    """The keys of ``auth`` that a type uses, besides its own options."""
    if not isinstance(kind, AuthType):
        return {**_SCOPE, **_USER, **(_APPLICATION if kind in APPLICATION_TYPES else _PASSWORD)}
    return {**_SCOPE, **(_USER if kind.user else {}), **(_PASSWORD if kind.password else {})}


def _account(config: CloudEntry, kind: AuthType | str, where: str) -> dict[str, Any]:
    auth = config.get("auth") or {}
    fields: dict[str, Any] = {}
    for key, name in _auth_keys(kind).items():
        value = auth.get(key) or config.get(key)
        if value:
            fields.setdefault(name, str(value))
    for suffix in ("name", "id"):  # what the entry calls the default domain is the user's too
        if not {"user_domain_name", "user_domain_id"} & fields.keys() and auth.get(f"default_domain_{suffix}"):
            fields[f"user_domain_{suffix}"] = str(auth[f"default_domain_{suffix}"])
    if isinstance(kind, AuthType):
        fields["auth_type"] = kind.plugin
        given = {option: auth.get(option) or config.get(option) for option in sorted(kind.options)}
        fields["auth_options"] = tuple((option, str(value)) for option, value in given.items() if value)
        lacking = [option for option in sorted(kind.required) if not given[option]]
        if lacking:
            raise CloudProblem(f"{where} signs in by {kind.plugin}, for which it lacks {', '.join(lacking)} in auth")
    return fields


def _connection(config: CloudEntry, where: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}

    def take(key: str, name: str, parse: Callable[[str], Any], expected: str) -> None:
        value = config.get(key)
        if value is None or value == "":
            return
        try:
            fields.setdefault(name, parse(",".join(map(str, value)) if isinstance(value, list) else str(value)))
        except ValueError as error:
            raise CloudProblem(f"{where}: {key}: found {show(str(value))!r}, expected {expected}") from error

    for key in ("image_interface", "interface"):
        take(key, "interface", parse_interface, "public, internal or admin, or a list of them")
    for key in ("cacert", "cert", "key"):
        take(key, key, parse_file, "the name of a file")
    take("insecure", "insecure", parse_boolean, "true or false")
    verify = config.get("verify")
    try:
        if verify is not None and not fields.get("insecure"):
            fields["insecure"] = not parse_boolean(str(verify))
    except ValueError:  # it may also name the file with the authorities to trust
        take("verify", "cacert", parse_file, "true, false or the name of a file")
    return fields


def _override(config: CloudEntry, region: str, where: str) -> Iterator[tuple[str, str]]:
    for key in ("image_endpoint_override", "image_endpoint"):
        if config.get(key):
            try:
                yield region, parse_url(str(config[key]))
            except ValueError as error:
                expected = "expected an address that starts with http:// or https://"
                raise CloudProblem(f"{where}: {key}: {expected}") from error
            return


def _not_understood(raw: RawEntry, kind: AuthType | str) -> Iterator[str]:
    """A warning for each key of an entry that this program does not use, though its writer expects an effect."""
    auth = {**_auth_keys(kind), **dict.fromkeys(kind.options if isinstance(kind, AuthType) else ())}
    auth |= dict.fromkeys(("domain_name", "domain_id"))  # of user and project, if those state none
    for key in raw.own:
        others = key.endswith(_OF_OTHER_SERVICES) and not key.startswith("image_")
        if key not in _UNDERSTOOD | _OF_NO_CONCERN and key not in auth and not others:
            yield _odd(key, sorted(_UNDERSTOOD))
    for key in raw.own.get("auth") or {}:
        if key not in auth:
            yield _odd(f"auth.{key}", [f"auth.{name}" for name in auth])


def _odd(key: str, known: list[str]) -> str:
    near = nearest(key, known, cutoff=0.75)
    meant = f"; did you mean {near.removeprefix('auth.')}?" if near else ""
    return f"{show(key)} is not understood and has no effect{meant}"


def _unused(regions: list[tuple[str, CloudEntry]]) -> Iterator[str]:
    """A warning for each key of a single region; only the address of the image service may differ between regions."""
    for region, values in regions:
        for key in values:
            if key not in ("image_endpoint_override", "image_endpoint"):
                yield f"{show(key)} of region {show(region)} has no effect; an entry for each region may have its own"
