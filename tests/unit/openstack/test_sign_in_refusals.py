"""Why a Keystone refuses a sign-in: its own reason, and where to look when it gives none."""

from __future__ import annotations

import json

import pytest

from fiwareglancesync.base.errors import CloudError, Forbidden, Rejected, Scope, Unauthorized
from fiwareglancesync.openstack.credential import Credential
from fiwareglancesync.openstack.sign_in_refusals import further_methods, other_versions, refused_sign_in

WHERE = "Keystone at http://keystone:5000/v3"
GENERIC = "The request you have made requires authentication."
CARLA = Credential(username="carla", password="s3cret-Pa55", project_name="images", user_domain_name="Staff")
APPLICATION = Credential(application_credential_id="ac-1", application_credential_secret="s3cret")


def refusal(message: str, credential: Credential = CARLA, status: int = 401) -> CloudError:
    """The error of a refusal, as Keystone writes it."""
    body = json.dumps({"error": {"code": status, "message": message, "title": "Unauthorized"}}).encode()
    return refused_sign_in(WHERE, credential, status, {}, body)


@pytest.mark.parametrize(
    "reason",
    [
        "The password is expired and needs to be changed for user: 65e661be21d44921a3912ac3ef7eda65.",
        "The account is locked for user: 65e661be21d44921a3912ac3ef7eda65.",
        "The account is disabled for user: 65e661be21d44921a3912ac3ef7eda65.",
        "Attempted to authenticate with an unsupported method.",
    ],
)
def test_the_reason_of_the_keystone_is_printed(reason: str) -> None:
    error = refusal(reason)
    refused = f"{WHERE} refused the credential of user carla (401)"
    assert str(error) == f"{refused}: {reason.rstrip('.')}; ask the administrator of the Keystone"
    assert isinstance(error, Unauthorized)


@pytest.mark.parametrize("message", [GENERIC, ""])
def test_without_a_reason_it_says_what_to_check(message: str) -> None:
    assert str(refusal(message)).endswith(
        "check the user (carla of domain Staff), the password, the project (images of domain Default), "
        "and that the user has a role in it"
    )


def test_a_body_that_is_no_document_hides_nothing() -> None:
    error = refused_sign_in(WHERE, CARLA, 401, {}, b"<html><body><h1>401</h1>Sign in at the gateway</body></html>")
    assert "(401): Sign in at the gateway; " in str(error)


def test_an_application_credential_has_other_reasons() -> None:
    assert str(refusal(GENERIC, APPLICATION)) == (
        f"{WHERE} refused the credential of application credential ac-1 (401): {GENERIC.rstrip('.')}; "
        "check its secret, and that it has not expired or been deleted"
    )
    error = refusal("Could not find Application Credential: ac-1.", APPLICATION, 404)
    assert str(error).endswith("of application credential ac-1 (404): Could not find Application Credential: ac-1.")
    assert isinstance(error, Unauthorized)


def test_ids_are_named_where_they_are_used() -> None:
    given = Credential(user_id="u-1", password="x", project_id="p-1")
    assert "check the user (u-1), the password, the project (p-1)," in str(refusal(GENERIC, given))


def test_a_secret_in_the_words_of_a_keystone_is_not_printed() -> None:
    assert "s3cret" not in str(refusal(f"{CARLA.password} is wrong"))


def test_a_page_that_is_not_there_is_no_refusal() -> None:
    error = refused_sign_in(WHERE, CARLA, 404, {}, b"<html><title>404 Not Found</title></html>")
    assert (str(error), error.scope) == (
        f"{WHERE} is no Keystone v3: there is no /auth/tokens below this address (404); check its path",
        Scope.REGION,
    )


def test_another_refusal_is_in_the_words_of_the_keystone() -> None:
    error = refusal("Not allowed from here.", status=403)
    assert (type(error), str(error)) == (Forbidden, f"{WHERE}: Not allowed from here. (HTTP 403)")


def test_a_second_factor_cannot_be_given() -> None:
    error = further_methods(WHERE, CARLA, [["password", "totp"]])
    assert str(error) == (
        f"{WHERE} wants more than one method from user carla (password and totp), and nobody is there to type a code; "
        "use an application credential"
    )
    assert "(several methods)" in str(further_methods(WHERE, CARLA, []))


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"versions": [{"id": f"v2.{n}"} for n in (5, 4, 3, 2)]}, "is no Keystone v3: it offers v2.5, v2.4, v2.3 …"),
        ({"versions": {"values": [{"id": "v2.0"}]}}, "is no Keystone v3: it offers v2.0"),
        ({}, "is no Keystone: it does not list its versions (HTTP 300)"),
    ],
)
def test_what_is_no_keystone_is_described(document: object, problem: str) -> None:
    error = other_versions(WHERE, 300, json.dumps(document).encode())
    assert (type(error), str(error)) == (Rejected, f"{WHERE} {problem}; check host, port and path")
