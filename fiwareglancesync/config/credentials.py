"""The fields of a credential: how sections and the environment state them, and which of them are missing.

``merging`` makes one credential of them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from ..base.text import nearest, show
from ..openstack.credential import Credential
from .auth_types import APPLICATION_TYPES, AUTH_TYPES, PASSWORD_TYPES, PLUGINS
from .option_tables import MASTER
from .values import parse_boolean, parse_file, parse_interface, parse_url

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
    "cert": "cert",
    "key": "key",
    "interface": "interface",
    "image_endpoint_override": "image_endpoints",
}
"""Keys of a target's section and the fields that they state."""

VARIABLES = (
    ("OS_AUTH_URL", "auth_url"),
    ("OS_USERNAME", "username"),
    ("OS_USER_ID", "user_id"),
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
    ("OS_CERT", "cert"),
    ("OS_KEY", "key"),
    ("OS_INTERFACE", "interface"),
    ("OS_ENDPOINT_TYPE", "interface"),
)
"""Variables and the fields that they state; of two for one field the first wins."""

APPLICATION = frozenset({"application_credential_id", "application_credential_name", "application_credential_secret"})
"""Fields of an application credential."""

_PROJECT = {"project_name": "OS_TENANT_NAME and OS_PROJECT_NAME", "project_id": "OS_PROJECT_ID and OS_TENANT_ID"}
"""Fields that two variables state: if these differ, one of them belongs to another account."""

_PASSWORD = "password"  # noqa: S105 - the name of a field

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
    """Split the value of ``credential``.

    :param text: user, base64 password, Keystone URL, tenant; an empty part counts as not given
    :return: the fields, the problems and the warnings; none quotes a part of the value
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4:
        found = f"found {len(parts)} value{'s' if len(parts) > 1 else ''} separated by commas"
        # The fields are stated, though wrongly, so they are not reported as missing too.
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


def environment_layer(environ: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the usual variables.

    :param environ: the environment; an empty variable counts as not set
    :return: a layer, and what is wrong, by the field that it is wrong for
    """
    layer: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for variable, field in VARIABLES:
        text = environ.get(variable, "").strip() if field != "password" else environ.get(variable, "")
        if not text:
            continue
        if field in layer:
            if field in _PROJECT and text != layer[field]:
                problems[field] = f"{_PROJECT[field]} are both set and differ; unset the one that is not meant"
            continue
        try:
            layer[field] = _PARSERS.get(field, str)(text)
        except ValueError:
            problems[field] = f"{variable}: {_EXPECTED[field]}"
            layer[field] = text
    _choose_type(environ.get("OS_AUTH_TYPE", "").strip(), layer, problems)
    return layer, problems


def _unsupported(kind: str) -> str:
    """Why ``OS_AUTH_TYPE`` cannot name a way to sign in, and what to do."""
    usual = "password or v3applicationcredential"
    if kind in AUTH_TYPES:
        return f"{kind} needs an entry of clouds.yaml, and OS_CLOUD to name it; without one, {usual} is expected"
    near = nearest(kind, (*PASSWORD_TYPES, *APPLICATION_TYPES))
    meant = f", did you mean {near}?" if near else ""
    others = ", ".join(sorted(PLUGINS))
    return f"'{show(kind)}' is not supported{meant}; expected {usual}, or in an entry of clouds.yaml one of {others}"


def _choose_type(kind: str, layer: dict[str, Any], problems: dict[str, str]) -> None:
    """Keep the fields of the way to sign in that ``OS_AUTH_TYPE`` names."""
    if kind in PASSWORD_TYPES:
        for field in APPLICATION:
            layer.pop(field, None)
    elif kind in APPLICATION_TYPES:
        layer.pop("password", None)
    elif kind:
        layer["auth_type"] = kind
        problems["auth_type"] = f"OS_AUTH_TYPE: {_unsupported(kind)}"
    elif "password" in layer and "application_credential_secret" in layer:
        problems[_PASSWORD] = (
            "OS_PASSWORD and OS_APPLICATION_CREDENTIAL_SECRET are both set, which may belong to two accounts; "
            "unset one of them, or say which is meant with OS_AUTH_TYPE"
        )


def variables_set(environ: Mapping[str, str], *, besides: Iterable[str] = ()) -> list[str]:
    """The variables of an account that are set, in the order of the table.

    :param environ: the environment
    :param besides: fields whose variables do not count
    """
    skipped = frozenset(besides)
    return [name for name, field in VARIABLES if field not in skipped and environ.get(name, "").strip()]


_PARSERS: Mapping[str, Any] = {
    "auth_url": parse_url,
    "insecure": parse_boolean,
    "interface": parse_interface,
    **dict.fromkeys(("cacert", "cert", "key"), parse_file),
}
_EXPECTED = {
    "auth_url": "expected an address that starts with http:// or https://",
    "insecure": "expected True or False",
    "interface": "expected public, internal or admin",
    **dict.fromkeys(("cacert", "cert", "key"), "expected a path"),
}


def missing_fields(credential: Credential) -> list[str]:
    """The fields that a credential still needs before anybody can sign in with it.

    :param credential: a merged one
    """
    needed = ["auth_url"]
    has_user = bool(credential.username or credential.user_id)
    if credential.auth_type:
        kind = PLUGINS.get(credential.auth_type)
        needed += ["username"] if kind is not None and kind.user and not has_user else []
        needed += ["password"] if kind is not None and kind.password else []
    elif any(getattr(credential, field) for field in APPLICATION):
        needed.append("application_credential_secret")
        if credential.application_credential_name and not credential.application_credential_id:
            needed += [] if has_user else ["username"]
        elif not credential.application_credential_id:
            needed.append("application_credential_id")
        return [name for name in needed if not getattr(credential, name)]
    else:
        needed += ["password"] if has_user else ["username", "password"]
    if not credential.project_id:
        needed.append("project_name")
    return [name for name in needed if not getattr(credential, name)]


def label(field: str) -> str:
    """The name of a field in a sentence."""
    return _HOW_TO_STATE[field][0]


def how_to_state(name: str, target: str | None) -> str:
    """Say that a field is missing, and how to state it.

    :param name: the field
    :param target: the target's name; only ``master`` may take it from the environment; None where there is no
        configuration but the environment
    """
    what, key, variable = _HOW_TO_STATE[name]
    if target is None:
        return f"{what} is missing: set {variable}"
    if target == MASTER:
        return f"{what} is missing: set {variable} in the environment, or {key} in [{MASTER}]"
    return f"{what} is missing: set {key} (or credential, or cloud) in [{target}]"
