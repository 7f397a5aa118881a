"""What it means that a Keystone refuses a sign-in, or is none: its reason, and where to look."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from ..base.errors import CloudError, Rejected, Scope, Throttled, Unauthorized
from .answers import USUAL, Operation, Row, from_answer, prefixed, words
from .catalog import dicts
from .credential import Credential

KEYSTONE: tuple[Row, ...] = (
    # A sign-in is small: 413 with a time to wait limits the rate.
    Row((413,), Throttled, Scope.REGION, retryable=True, names_wait=True),
    *USUAL,
)
"""What the refusals of a Keystone mean (sync 3.11)."""

_GENERIC = re.compile(r"requires authentication|authentication required|^(401 )?unauthorized\.?$", re.IGNORECASE)
"""Keystone writes this to whoever is not signed in, so that nobody learns which users there are."""

_REDACTED = "***"
_MAX_VERSIONS = 3


def refused_sign_in(
    where: str, credential: Credential, status: int, headers: Mapping[str, str], body: bytes
) -> CloudError:
    """The error of a refused sign-in.

    :param where: the Keystone, with its address
    :param credential: what was refused
    :param status: HTTP status of the answer
    """
    said = _without_secrets(words(body), credential)
    if status == 401:
        reason = f"{said.rstrip('.')}; " if said else ""
        advice = _advice(credential) if not said or _GENERIC.search(said) else "ask the administrator of the Keystone"
        text = f"{where} refused the credential of {account(credential)} (401): {reason}{advice}"
        return Unauthorized(text, status=status)
    if status == 404 and _is_error_document(body):
        # The Keystone is there; what it does not find is an application credential, or a token.
        text = f"{where} refused the credential of {account(credential)} (404): {said}"
        return Unauthorized(text, status=status)
    if status == 404:
        return Rejected(
            f"{where} is no Keystone v3: there is no /auth/tokens below this address (404); check its path",
            status=status,
            scope=Scope.REGION,
        )
    return prefixed(from_answer(KEYSTONE, Operation.SIGN_IN, status, headers, body), where)


def further_methods(where: str, credential: Credential, required: Sequence[Sequence[str]]) -> Unauthorized:
    """The error of a sign-in for which the Keystone wants to see more than was shown.

    :param where: the Keystone, with its address
    :param required: the sets of methods of which it wants one
    """
    sets = " or ".join(" and ".join(methods) for methods in required) or "several methods"
    return Unauthorized(
        f"{where} wants more than one method from {account(credential)} ({sets}), and nobody is there to type a code; "
        "use an application credential",
        status=401,
    )


def other_versions(where: str, status: int, body: bytes) -> Rejected:
    """The error of an address that does not offer version 3 of Keystone.

    :param where: the Keystone, with its address
    :param status: HTTP status of the answer to the request for its versions
    """
    versions = version_ids(body)
    if not versions:
        text = f"{where} is no Keystone: it does not list its versions (HTTP {status}); check host, port and path"
    else:
        shown = ", ".join(versions[:_MAX_VERSIONS]) + (" …" if len(versions) > _MAX_VERSIONS else "")
        text = f"{where} is no Keystone v3: it offers {shown}; check host, port and path"
    return Rejected(text, status=status, scope=Scope.REGION)


def version_ids(body: bytes) -> list[str]:
    """The ids of the versions in a version document; none if it is no such document."""
    try:
        document = json.loads(body)
    except ValueError:
        return []
    if not isinstance(document, dict):
        return []
    versions = document.get("versions")
    listed = versions.get("values") if isinstance(versions, dict) else versions
    return [str(each["id"]) for each in dicts(listed or [document.get("version")]) if "id" in each]


def account(credential: Credential) -> str:
    """Whose credential it is, for messages."""
    if credential.application_credential_secret:
        name = credential.application_credential_id or credential.application_credential_name
        return f"application credential {name}"
    user = credential.username or credential.user_id
    return f"user {user}" if user else f"auth_type {credential.auth_type}"


def _advice(credential: Credential) -> str:
    """What to check when the Keystone does not give its reason."""
    if credential.application_credential_secret:
        return "check its secret, and that it has not expired or been deleted"
    if not (credential.username or credential.user_id):
        return "check the options of this auth_type, and the project"
    user = credential.user_id or _in_domain(credential.username, credential.user_domain_name, credential.user_domain_id)
    project = credential.project_id or _in_domain(
        credential.project_name, credential.project_domain_name, credential.project_domain_id
    )
    return f"check the user ({user}), the password, the project ({project}), and that the user has a role in it"


def _in_domain(name: str, domain_name: str, domain_id: str) -> str:
    return f"{name} of domain {domain_name or domain_id or 'Default'}"


def _is_error_document(body: bytes) -> bool:
    """Whether a body is an error as Keystone itself writes it, and not the page of a web server."""
    try:
        document = json.loads(body)
    except ValueError:
        return False
    return isinstance(document, dict) and isinstance(document.get("error"), dict)


def _without_secrets(text: str, credential: Credential) -> str:
    for secret in (credential.password, credential.application_credential_secret):
        if secret:
            text = text.replace(secret, _REDACTED)
    return text
