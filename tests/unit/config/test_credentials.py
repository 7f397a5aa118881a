"""How a credential is put together, key by key, and what is said about what is missing (sync 2)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from fiwareglancesync.config import credentials

PASSWORD = base64.b64encode("pässword".encode()).decode()
OTHER = "[other]\nuser = u\npassword = p\nkeystone_url = http://k\ntenant = t\n"


class TestCombined:
    def test_its_four_parts(self, reading: Any) -> None:
        text = f"[master]\ncredential = u , {PASSWORD},http://k:5000/v2.0, t\n"
        credential = reading.settings(text).master.credential
        assert credential.username == "u"
        assert credential.password == "pässword"
        assert credential.auth_url == "http://k:5000/v2.0"
        assert credential.project_name == "t"

    def test_single_keys_win_over_it(self, reading: Any) -> None:
        text = f"[master]\ncredential = u,{PASSWORD},http://k,t\npassword = plain\n"
        credential = reading.settings(text).master.credential
        assert (credential.username, credential.password) == ("u", "plain")

    def test_an_empty_part_of_masters_comes_from_the_environment(self, reading: Any) -> None:
        text = "[master]\ncredential = admin,,http://KEYSTONE:5000/,tenant\n"
        credential = reading.settings(text).master.credential
        assert (credential.auth_url, credential.password) == ("http://KEYSTONE:5000/", "pass word")

    @pytest.mark.parametrize("encoded", ["cGFzc3dvcmQ=", "cGFzc3dvcmQ", "cGFz c3dvcmQ="])
    def test_padding_may_be_missing(self, encoded: str) -> None:
        fields, problems, warnings = credentials.split_credential(f"u,{encoded},http://k,t")
        assert (fields["password"], problems, warnings) == ("password", [], [])

    def test_the_alphabet_for_urls_is_taken(self) -> None:
        encoded = base64.urlsafe_b64encode("¿¿¾¾".encode()).decode()
        assert credentials.split_credential(f"u,{encoded},http://k,t")[0]["password"] == "¿¿¾¾"

    def test_bytes_that_are_no_text_give_a_warning(self, reading: Any) -> None:
        encoded = base64.b64encode(b"\xff\xfe").decode()
        settings = reading.settings(f"[master]\ncredential = u,{encoded},http://k,t\n")
        assert settings.master.credential.password == "ÿþ"
        assert "is no UTF-8 text" in settings.warnings[0].text

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (
                "u,p4ss!,http://k,t",
                "found a second value that is no base64, expected the password encoded with base64",
            ),
            (
                "u,abcde,http://k,t",
                "found a second value that is no base64, expected the password encoded with base64",
            ),
            (
                "u,ñ,http://k,t",
                "found a second value that is no base64, expected the password encoded with base64",
            ),
            (
                "u,http://k,cGFzcw==,t",
                "found a third value that is no address, expected a Keystone URL such as http://host:5000/v3",
            ),
            (
                "u,cGFzcw==,http://k",
                "found 3 values separated by commas, expected 4: user, base64 password, Keystone URL, tenant",
            ),
            (
                "u,s3cret,http://k,t,x",
                "found 5 values separated by commas, expected 4: user, base64 password, Keystone URL, tenant",
            ),
            (
                "s3cret",
                "found 1 value separated by commas, expected 4: user, base64 password, Keystone URL, tenant",
            ),
        ],
    )
    def test_what_is_wrong_is_reported_without_the_secret(self, reading: Any, value: str, expected: str) -> None:
        problems = reading.problems(f"[other]\ncredential = {value}\n")
        assert f"FILE:2: [other] credential: {expected}" in problems
        assert all("FILE:2" in problem for problem in problems)
        for secret in ("p4ss!", "s3cret", "cGFzcw"):
            assert secret not in "\n".join(problems)


class TestMissing:
    @pytest.mark.parametrize(
        ("variable", "key"),
        [
            ("OS_AUTH_URL", "keystone_url"),
            ("OS_USERNAME", "user"),
            ("OS_PASSWORD", "password"),
            ("OS_TENANT_NAME", "tenant"),
        ],
    )
    def test_master_names_variable_and_key(self, reading: Any, variable: str, key: str) -> None:
        [problem] = reading.problems(environ=reading.edit(without=[variable]))
        assert problem.startswith("environment: [master]: ")
        assert f"set {variable}" in problem
        assert f"or {key} in [master]" in problem

    def test_another_target_is_not_helped_by_the_environment(self, reading: Any) -> None:
        assert reading.problems("\n[other]\nuser = u\n") == [
            "FILE:2: [other]: the Keystone URL is missing: set keystone_url (or credential, or cloud) in [other]",
            "FILE:2: [other]: the password is missing: set password (or credential, or cloud) in [other]",
            "FILE:2: [other]: the tenant is missing: set tenant (or credential, or cloud) in [other]",
        ]

    def test_a_target_far_from_any_known_name_without_credential(self, reading: Any) -> None:
        assert len(reading.problems("[experimental]\nreplace = any\n")) == 4

    def test_default_gives_what_targets_share(self, reading: Any) -> None:
        text = OTHER.replace("other", "DEFAULT") + "[other]\ntenant = o\n[experimental]\n"
        targets = reading.settings(text, environ={"OS_REGION_NAME": "Spain"}).targets
        assert [target.credential.project_name for target in targets.values()] == ["t", "o", "t"]

    def test_an_application_credential_needs_its_secret_only(self, reading: Any) -> None:
        [problem] = reading.problems("[other]\napplication_credential_id = i\nkeystone_url = http://k\n")
        assert "set application_credential_secret" in problem
        [problem] = reading.problems("[other]\napplication_credential_secret = s\nkeystone_url = http://k\n")
        assert "set application_credential_id" in problem


class TestEnvironment:
    def test_the_file_wins_key_by_key(self, reading: Any) -> None:
        text = "[master]\nuser = admin\npassword = file\nuser_domain = ud\n"
        credential = reading.settings(text).master.credential
        assert (credential.username, credential.password, credential.project_name) == ("admin", "file", "tenant")
        assert credential.user_domain_name == "ud"

    def test_the_rest_of_the_usual_variables(self, reading: Any) -> None:
        environ = reading.edit(
            [
                ("OS_USER_DOMAIN_NAME", "ud"),
                ("OS_PROJECT_DOMAIN_ID", "pd"),
                ("OS_CACERT", "/ca"),
                ("OS_INSECURE", "true"),
                ("OS_ENDPOINT_TYPE", "internalURL"),
            ]
        )
        credential = reading.settings(environ=environ).master.credential
        assert (credential.user_domain_name, credential.user_domain_id) == ("ud", "")
        assert (credential.project_domain_name, credential.project_domain_id) == ("", "pd")
        assert (credential.cacert, credential.insecure, credential.interface) == ("/ca", True, "internal")

    @pytest.mark.parametrize("variable", ["OS_PROJECT_NAME", "OS_PROJECT_ID", "OS_TENANT_ID"])
    def test_other_ways_to_name_the_project(self, reading: Any, variable: str) -> None:
        environ = reading.edit([(variable, "x")], without=["OS_TENANT_NAME"])
        credential = reading.settings(environ=environ).master.credential
        assert "x" in (credential.project_name, credential.project_id)

    @pytest.mark.parametrize(
        ("one", "other", "named"),
        [
            ("OS_TENANT_NAME", "OS_PROJECT_NAME", "OS_TENANT_NAME and OS_PROJECT_NAME"),
            ("OS_PROJECT_ID", "OS_TENANT_ID", "OS_PROJECT_ID and OS_TENANT_ID"),
        ],
    )
    def test_two_names_of_the_project_that_differ_are_a_mistake(
        self, reading: Any, one: str, other: str, named: str
    ) -> None:
        environ = reading.edit([(one, "new"), (other, "left over")])
        [problem] = reading.problems(environ=environ)
        assert problem == f"environment: {named} are both set and differ; unset the one that is not meant"
        same = reading.settings(environ=reading.edit([(one, "same"), (other, "same")])).master.credential
        assert "same" in (same.project_name, same.project_id)

    def test_a_tenant_in_the_file_is_not_overruled_by_an_id_in_the_environment(self, reading: Any) -> None:
        changes = [("OS_PROJECT_ID", "id"), ("OS_PROJECT_DOMAIN_ID", "did")]
        environ = reading.edit(changes, without=["OS_TENANT_NAME"])
        credential = reading.settings(
            "[master]\ntenant = t\nproject_domain = d\n", environ=environ
        ).master.credential
        assert (credential.project_name, credential.project_id) == ("t", "")
        assert (credential.project_domain_name, credential.project_domain_id) == ("d", "")

    def test_an_application_credential(self, reading: Any) -> None:
        environ = {
            "OS_AUTH_URL": "http://k",
            "OS_REGION_NAME": "Spain",
            "OS_APPLICATION_CREDENTIAL_NAME": "n",
            "OS_APPLICATION_CREDENTIAL_SECRET": "s",
        }
        [problem] = reading.problems(environ=environ)
        assert "OS_USERNAME" in problem
        credential = reading.settings(environ={**environ, "OS_USERNAME": "u"}).master.credential
        assert (credential.application_credential_name, credential.username) == ("n", "u")

    def test_user_and_password_of_the_file_win_over_an_application_credential(self, reading: Any) -> None:
        environ = reading.edit(
            [("OS_APPLICATION_CREDENTIAL_ID", "i"), ("OS_APPLICATION_CREDENTIAL_SECRET", "s")]
        )
        text = "[master]\nuser = admin\npassword = p\n"
        credential = reading.settings(text, environ=environ).master.credential
        assert credential.application_credential_id == credential.application_credential_secret == ""
        assert credential.password == "p"

    def test_an_application_credential_of_the_file_wins_over_a_password(self, reading: Any) -> None:
        text = "[master]\napplication_credential_id = i\napplication_credential_secret = s\n"
        credential = reading.settings(text).master.credential
        assert (credential.application_credential_id, credential.password) == ("i", "")

    @pytest.mark.parametrize(
        ("variable", "expected"),
        [
            ("OS_INSECURE", "expected True or False"),
            ("OS_INTERFACE", "expected public, internal or admin"),
            ("OS_AUTH_URL", "expected an address that starts with http:// or https://"),
        ],
    )
    def test_a_wrong_variable(self, reading: Any, variable: str, expected: str) -> None:
        environ = reading.edit([(variable, "nonsense")])
        assert reading.problems(environ=environ) == [f"environment: {variable}: {expected}"]

    def test_another_target_takes_nothing_from_it(self, reading: Any) -> None:
        environ = reading.edit([("OS_CACERT", "/ca"), ("OS_INSECURE", "1"), ("OS_USER_DOMAIN_NAME", "x")])
        credential = reading.settings(OTHER, environ=environ).targets["other"].credential
        assert (credential.cacert, credential.insecure, credential.user_domain_name) == ("", False, "Default")


def test_keys_of_a_target(reading: Any) -> None:
    text = (
        OTHER + "user_domain = ud\nproject_domain = pd\ncacert = /ca\ninsecure = yes\ninterface = adminURL\n"
    )
    credential = reading.settings(text).targets["other"].credential
    assert (credential.user_domain_name, credential.project_domain_name) == ("ud", "pd")
    assert (credential.cacert, credential.insecure, credential.interface) == ("/ca", True, "admin")


def test_no_secret_shows_in_the_settings(reading: Any) -> None:
    text = (
        f"[main]\ndatabase = mysql://u:hunter2@h/d\n{OTHER}application_credential_id = i\n"
        "application_credential_secret = hunter2\n"
        "[third]\ncredential = u,aHVudGVyMg==,http://k,t\n[master]\npassword = hunter2\n"
    )
    shown = repr(reading.settings(text))
    assert "hunter2" not in shown
    assert "aHVudGVyMg" not in shown
