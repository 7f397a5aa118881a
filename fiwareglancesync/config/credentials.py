"""How a target's credential comes together from its section, ``[DEFAULT]``, ``clouds.yaml`` and environment.

A credential is built of layers, the strongest first; a field is taken from the first layer that states it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from ..settings import MASTER, Credential
from .values import parse_boolean, parse_interface, parse_url

Layer = Mapping[str, Any]
"""Some fields of ``Credential`` with their values."""

KEYS = {
    "keystone_url": "auth_url",
    "user": "username",
    "password": "password",
    "tenant": "project_name",
    "user_domain": "user_domain_name",
    "project_domain": "project_domain_name",
    "application_credential_id": "application_credential_id",
    "application_credential_secret": "application_credential_secret",
    "cacert": "cacert",
    "insecure": "insecure",
    "interface": "interface",
}
"""Keys of a target's section and the fields that they state."""

VARIABLES = (
    ("OS_AUTH_URL", "auth_url"),
    ("OS_USERNAME", "username"),
    ("OS_PASSWORD", "password"),
    ("OS_TENANT_NAME", "project_name"),
    ("OS_PROJECT_NAME", "project_name"),
    ("OS_PROJECT_ID", "project_id"),
    ("OS_TENANT_ID", "project_id"),
    ("OS_USER_DOMAIN_NAME", "user_domain_name"),
    ("OS_USER_DOMAIN_ID", "user_domain_id"),
    ("OS_PROJECT_DOMAIN_NAME", "project_domain_name"),
    ("OS_PROJECT_DOMAIN_ID", "project_domain_id"),
    ("OS_APPLICATION_CREDENTIAL_ID", "application_credential_id"),
    ("OS_APPLICATION_CREDENTIAL_NAME", "application_credential_name"),
    ("OS_APPLICATION_CREDENTIAL_SECRET", "application_credential_secret"),
    ("OS_CACERT", "cacert"),
    ("OS_INSECURE", "insecure"),
    ("OS_INTERFACE", "interface"),
    ("OS_ENDPOINT_TYPE", "interface"),
)
"""Variables and the fields that they state; of two for one field the first wins."""

_ALTERNATIVES = (
    frozenset({"project_name", "project_id"}),
    frozenset({"user_domain_name", "user_domain_id"}),
    frozenset({"project_domain_name", "project_domain_id"}),
    frozenset({"application_credential_name", "application_credential_id"}),
)
_APPLICATION = frozenset(
    {"application_credential_id", "application_credential_name", "application_credential_secret"}
)
_HOW_TO_STATE = {
    "auth_url": ("the Keystone URL", "keystone_url", "OS_AUTH_URL"),
    "username": ("the user", "user", "OS_USERNAME"),
    "password": ("the password", "password", "OS_PASSWORD"),
    "project_name": ("the tenant", "tenant", "OS_TENANT_NAME (or OS_PROJECT_NAME)"),
    "application_credential_id": (
        "the application credential's id",
        "application_credential_id",
        "OS_APPLICATION_CREDENTIAL_ID",
    ),
    "application_credential_secret": (
        "the application credential's secret",
        "application_credential_secret",
        "OS_APPLICATION_CREDENTIAL_SECRET",
    ),
}


def split_credential(text: str) -> tuple[dict[str, str], list[str], list[str]]:
    """Take the value of ``credential`` apart.

    :param text: user, base64 password, Keystone URL, tenant; an empty part counts as not given
    :return: the fields, what is wrong and what is odd; no part of the value is quoted
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4:
        found = f"found {len(parts)} value{'s' if len(parts) > 1 else ''} separated by commas"
        # They are stated, though wrongly: nothing is to be reported as missing on top of this.
        stated = dict.fromkeys(("username", "password", "auth_url", "project_name"), text)
        return stated, [f"{found}, expected 4: user, base64 password, Keystone URL, tenant"], []
    problems: list[str] = []
    warnings: list[str] = []
    user, encoded, url, tenant = parts
    password = encoded
    try:
        password, utf8 = _decode(encoded)
        if not utf8:
            warnings.append("the decoded password is no UTF-8 text and is read as Latin-1")
    except ValueError:
        problems.append("found a second value that is no base64, expected the password encoded with base64")
    try:
        if url:
            parse_url(url)
    except ValueError:
        problems.append(
            "found a third value that is no address, expected a Keystone URL such as http://host:5000/v3"
        )
    fields = {"username": user, "password": password, "auth_url": url, "project_name": tenant}
    return {name: value for name, value in fields.items() if value}, problems, warnings


def _decode(encoded: str) -> tuple[str, bool]:
    """Decode base64, missing padding and the URL-safe alphabet included.

    :return: the text, and whether it was UTF-8
    :raises ValueError: it is no base64
    """
    compact = "".join(encoded.split()).rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        data = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("no base64") from error
    try:
        return data.decode("utf-8"), True
    except UnicodeDecodeError:
        return data.decode("latin-1"), False


def environment_layer(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Read the usual variables.

    :param environ: the environment; an empty variable counts as not set
    :return: a layer, and what is wrong
    """
    layer: dict[str, Any] = {}
    problems: list[str] = []
    for variable, field in VARIABLES:
        text = environ.get(variable, "").strip() if field != "password" else environ.get(variable, "")
        if not text or field in layer:
            continue
        try:
            layer[field] = _PARSERS.get(field, str)(text)
        except ValueError:
            problems.append(f"environment: {variable}: {_EXPECTED[field]}")
            layer[field] = text
    return layer, problems


_PARSERS: Mapping[str, Any] = {
    "auth_url": parse_url,
    "insecure": parse_boolean,
    "interface": parse_interface,
}
_EXPECTED = {
    "auth_url": "expected an address that starts with http:// or https://",
    "insecure": "expected True or False",
    "interface": "expected public, internal or admin",
}


def merge(layers: Iterable[Layer]) -> Credential:
    """Lay the layers over each other, the strongest first.

    What a stronger layer says about a project, a domain or the way to sign in is not mixed with another form
    of the same in a weaker one: a tenant's name in the file is not overruled by a project's id in the
    environment.

    :param layers: strongest first
    :return: the credential, domains filled with ``Default``
    """
    fields: dict[str, Any] = {}
    for layer in layers:
        taken = frozenset(fields)
        for name, value in layer.items():
            if name not in taken and not _ruled_out(name, taken):
                fields[name] = value
    for kind in ("user_domain", "project_domain"):
        if f"{kind}_id" not in fields:
            fields.setdefault(f"{kind}_name", "Default")
    return Credential(**fields)


def _ruled_out(name: str, taken: frozenset[str]) -> bool:
    if any(name in group and taken & group for group in _ALTERNATIVES):
        return True
    if name in _APPLICATION:
        return "password" in taken
    return name == "password" and bool(taken & _APPLICATION)


def missing(credential: Credential, target: str | None) -> list[str]:
    """Name what a credential still needs before anybody can sign in with it.

    :param credential: a merged one
    :param target: the target's name; only ``master`` may take it from the environment; None where there is no
        configuration but the environment
    :return: a text for each missing part
    """
    needed = ["auth_url"]
    if (
        credential.application_credential_id
        or credential.application_credential_name
        or credential.application_credential_secret
    ):
        needed.append("application_credential_secret")
        if credential.application_credential_name and not credential.application_credential_id:
            needed.append("username")
        elif not credential.application_credential_id:
            needed.append("application_credential_id")
    else:
        needed += ["username", "password"]
        if not credential.project_id:
            needed.append("project_name")
    return [_how_to_state(name, target) for name in needed if not getattr(credential, name)]


def _how_to_state(name: str, target: str | None) -> str:
    what, key, variable = _HOW_TO_STATE[name]
    if target is None:
        return f"{what} is missing: set {variable}"
    if target == MASTER:
        return f"{what} is missing: set {variable} in the environment, or {key} in [{MASTER}]"
    return f"{what} is missing: set {key} (or credential, or cloud) in [{target}]"
