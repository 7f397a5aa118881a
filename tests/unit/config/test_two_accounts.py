"""A credential is never put together from two accounts (sync 2)."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

NEVER = "a credential is never put together from two accounts"
PASSWORD = base64.b64encode(b"of-a").decode()
CLOUDS = """\
clouds:
  b:
    auth: {auth_url: "http://b:5000/v3", username: bob, password: of-b, project_name: pb}
    region_name: Bilbao
  bare:
    auth: {auth_url: "http://b:5000/v3", username: bob, project_name: pb}
    region_name: Bilbao
  application:
    auth_type: v3applicationcredential
    auth: {auth_url: "http://b:5000/v3", application_credential_id: ac, application_credential_secret: of-ac}
"""
OF_A = {
    "OS_AUTH_URL": "http://a:5000/v3",
    "OS_USERNAME": "alice",
    "OS_PASSWORD": "of-a",
    "OS_PROJECT_NAME": "pa",
    "OS_USER_DOMAIN_NAME": "domain-a",
    "OS_REGION_NAME": "Alicante",
}


@pytest.fixture
def clouds(reading: Any, tmp_path: Path) -> dict[str, str]:
    """Variables that lead to a clouds.yaml."""
    path = tmp_path / "clouds-b.yaml"
    path.write_text(CLOUDS)
    return {"OS_CLIENT_CONFIG_FILE": str(path)}


def account(credential: Any) -> tuple[str, str, str, str]:
    return credential.auth_url, credential.username, credential.password, credential.project_name


B = ("http://b:5000/v3", "bob", "of-b", "pb")
A = ("http://a:5000/v3", "alice", "of-a", "pa")


class TestEntryOfCloudsYaml:
    def test_os_cloud_decides_alone_and_the_other_variables_are_reported(self, reading: Any, clouds: Any) -> None:
        settings = reading.settings(environ={**OF_A, **clouds, "OS_CLOUD": "b", "OS_CERT": "/a.crt"})
        assert account(settings.master.credential) == B
        assert settings.master.credential.user_domain_name == "Default"
        assert settings.master.credential.cert == ""
        assert settings.master_region == "Bilbao"
        assert [message.text for message in settings.warnings] == [
            "OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME, OS_USER_DOMAIN_NAME, OS_CERT, OS_REGION_NAME are "
            "ignored: OS_CLOUD alone says whose account is used"
        ]

    def test_a_password_that_is_left_over_is_not_sent_to_another_keystone(self, reading: Any, clouds: Any) -> None:
        environ = {**clouds, "OS_CLOUD": "bare", "OS_PASSWORD": "of-a"}
        [problem] = reading.problems(environ=environ)
        assert problem.endswith("clouds-b.yaml lacks the password; nothing else adds to it")

    @pytest.mark.parametrize("section", ["master", "DEFAULT"])
    def test_cloud_in_the_file_decides_alone_too(self, reading: Any, clouds: Any, section: str) -> None:
        settings = reading.settings(f"[{section}]\ncloud = b\n", environ={**OF_A, **clouds, "OS_CLOUD": "application"})
        assert account(settings.master.credential) == B
        [warning] = settings.warnings
        assert warning.text.startswith("OS_CLOUD, OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, ")
        assert warning.text.endswith(" are ignored: cloud in the configuration alone says whose account is used")

    def test_nothing_is_reported_where_nothing_is_ignored(self, reading: Any, clouds: Any) -> None:
        machine = {"OS_CACERT": "/ca", "OS_INTERFACE": "internal"}
        environ = {**clouds, **machine, "OS_CLOUD": "b", "OS_REGION_NAME": "Bilbao"}
        settings = reading.settings("[master]\ncloud = b\n", environ=environ)
        assert settings.warnings == ()
        assert (settings.master.credential.cacert, settings.master.credential.interface) == ("/ca", "internal")

    def test_the_file_names_the_master_region_still(self, reading: Any, clouds: Any) -> None:
        environ = {**clouds, "OS_CLOUD": "b", "OS_REGION_NAME": "Alicante"}
        settings = reading.settings("[main]\nmaster_region = Burgos\n", environ=environ)
        assert settings.master_region == "Burgos"
        assert settings.warnings == ()

    def test_a_credential_in_the_file_wins_over_os_cloud(self, reading: Any, clouds: Any) -> None:
        text = f"[master]\ncredential = alice,{PASSWORD},http://a:5000/v3,pa\n"
        settings = reading.settings(text, environ={**clouds, "OS_CLOUD": "b", "OS_REGION_NAME": "Alicante"})
        assert account(settings.master.credential) == A
        assert settings.master_region == "Alicante"
        assert [message.text for message in settings.warnings] == [
            "OS_CLOUD is ignored: the credential in the configuration alone says whose account is used"
        ]

    def test_half_a_credential_in_the_file_is_not_completed_by_os_cloud(self, reading: Any, clouds: Any) -> None:
        environ = {**clouds, "OS_CLOUD": "b", "OS_REGION_NAME": "Alicante"}
        problems = reading.problems("[master]\nuser = bob\nkeystone_url = http://b:5000\n", environ=environ)
        assert len(problems) == 2
        assert "the password is missing" in problems[0]

    def test_rules_in_master_leave_os_cloud_as_it_is(self, reading: Any, clouds: Any) -> None:
        text = "[DEFAULT]\nuser_domain = of-others\n[master]\nreplace = any\ninterface = internal\n"
        settings = reading.settings(text, environ={**clouds, "OS_CLOUD": "b"})
        assert account(settings.master.credential) == B
        assert settings.master.credential.interface == "internal"
        assert settings.master.credential.user_domain_name == "Default"
        assert settings.warnings == ()

    def test_an_entry_of_default_that_nobody_needs_may_be_unreadable(self, reading: Any, clouds: Any) -> None:
        text = f"[DEFAULT]\ncloud = nowhere\n[other]\ncredential = alice,{PASSWORD},http://a:5000/v3,pa\n[third]\n"
        settings = reading.settings(text, environ={**clouds, "OS_REGION_NAME": "Bilbao"}, os_cloud="b")
        assert account(settings.targets["other"].credential) == A
        assert settings.targets["other"].problem == ""
        assert "[DEFAULT] cloud: found 'nowhere'" in settings.targets["third"].problem

    @pytest.mark.parametrize("variables", [{}, {"OS_CLOUD": "application"}, {"GLANCESYNC_OS_CLOUD": "application"}])
    def test_the_option_wins_over_all(self, reading: Any, clouds: Any, variables: dict[str, str]) -> None:
        text = f"[master]\ncredential = alice,{PASSWORD},http://a:5000/v3,pa\ninsecure = True\ncert = /a.crt\n"
        settings = reading.settings(text, environ={**OF_A, **clouds, **variables}, os_cloud="b")
        credential = settings.master.credential
        assert account(credential) == B
        assert (credential.insecure, credential.cert, credential.user_domain_name) == (False, "", "Default")
        [warning] = settings.warnings
        assert warning.text.startswith("the credential in the configuration, ")
        assert warning.text.endswith(" are ignored: --os-cloud alone says whose account is used")
        assert settings.master_region == "Bilbao"

    def test_what_is_said_beside_the_option_is_meant_for_its_entry(self, reading: Any, clouds: Any) -> None:
        words = ("master.interface=internal", "cacert=/ca", "master.user=alice")
        settings = reading.settings(None, *words, environ=clouds, os_cloud="b")
        credential = settings.master.credential
        assert account(credential) == B
        assert (credential.interface, credential.cacert) == ("internal", "/ca")
        assert "the credential in the configuration is ignored" in settings.warnings[0].text

    def test_the_variable_of_the_option_does_the_same(self, reading: Any, clouds: Any) -> None:
        text = f"[master]\ncredential = alice,{PASSWORD},http://a:5000/v3,pa\n"
        settings = reading.settings(text, environ={**clouds, "GLANCESYNC_OS_CLOUD": "b"})
        assert account(settings.master.credential) == B
        assert "GLANCESYNC_OS_CLOUD alone says" in settings.warnings[0].text

    def test_the_option_is_for_the_master_alone(self, reading: Any, clouds: Any) -> None:
        text = "[other]\nuser = u\npassword = p\nkeystone_url = http://k\ntenant = t\n"
        settings = reading.settings(text, environ=clouds, os_cloud="b")
        assert account(settings.targets["other"].credential) == ("http://k", "u", "p", "t")

    def test_keys_beside_it_may_name_another_project(self, reading: Any, clouds: Any) -> None:
        settings = reading.settings("[master]\ncloud = b\ntenant = mine\n", environ=clouds)
        assert account(settings.master.credential) == ("http://b:5000/v3", "bob", "of-b", "mine")

    @pytest.mark.parametrize("line", ["user = alice", "keystone_url = http://a:5000", "user_domain = x\nuser = alice"])
    @pytest.mark.parametrize("section", ["master", "other"])
    def test_keys_beside_it_may_not_name_another_account(
        self, reading: Any, clouds: Any, section: str, line: str
    ) -> None:
        environ = {**OF_A, **clouds} if section == "other" else {**clouds, "OS_REGION_NAME": "Bilbao"}
        [problem] = problems_of(reading, section, f"[{section}]\ncloud = b\n{line}\n", environ)
        assert NEVER in problem
        assert "the entry 'b' of clouds.yaml" in problem

    def test_default_adds_no_account_to_a_cloud_of_the_section(self, reading: Any, clouds: Any) -> None:
        text = "[DEFAULT]\nuser = alice\npassword = of-a\ntenant = pa\ncacert = /ca\n[other]\ncloud = bare\n"
        settings = reading.settings(text, environ={**OF_A, **clouds})
        assert "lacks the password" in settings.targets["other"].problem
        settings = reading.settings(text.replace("bare", "b"), environ={**OF_A, **clouds})
        assert account(settings.targets["other"].credential) == B
        assert settings.targets["other"].credential.cacert == "/ca"

    def test_a_cloud_of_default_adds_nothing_to_another_account_of_the_section(self, reading: Any, clouds: Any) -> None:
        text = "[DEFAULT]\ncloud = application\n[other]\nuser = u\npassword = p\nkeystone_url = http://k\ntenant = t\n"
        settings = reading.settings(text, environ={**clouds, "OS_REGION_NAME": "Bilbao"})
        credential = settings.targets["other"].credential
        assert account(credential) == ("http://k", "u", "p", "t")
        assert (credential.application_credential_id, credential.cloud) == ("", "")
        assert "[other]: the entry 'application' of clouds.yaml is not used" in settings.warnings[0].text


def problems_of(reading: Any, section: str, text: str, environ: dict[str, str]) -> list[str]:
    """What is wrong with a target: of the master it ends the reading, of another one those who ask for it."""
    if section == "master":
        found: list[str] = reading.problems(text, environ=environ)
        return found
    return [reading.settings(text, environ=environ).targets[section].problem]


class TestEnvironment:
    @pytest.mark.parametrize(
        ("lines", "parts"),
        [
            ("keystone_url = http://b:5000/v3", "Keystone"),
            ("user = bob", "user"),
            ("tenant = pb", "project"),
            ("user_domain = domain-b", "user"),
            ("user = bob\ntenant = pb", "user and project"),
            ("user = bob\ntenant = pb\nkeystone_url = http://b", "user, project and Keystone"),
        ],
    )
    def test_another_account_completes_nothing(self, reading: Any, lines: str, parts: str) -> None:
        [problem] = reading.problems(f"[master]\n{lines}\n", environ=OF_A)
        assert problem.startswith("FILE:1: [master]: ")
        assert f"cannot come from the environment, which has another {parts} than [master]: {NEVER}" in problem
        assert "of-a" not in problem

    @pytest.mark.parametrize(
        "address", ["http://A:5000", "http://a:5000/", "HTTP://a:5000/v2.0", "http://a:5000/v3/", "http://a:5000//v3"]
    )
    def test_addresses_are_compared_in_their_normal_form(self, reading: Any, address: str) -> None:
        credential = reading.settings(f"[master]\nkeystone_url = {address}\n", environ=OF_A).master.credential
        assert (credential.auth_url, credential.password) == (address, "of-a")

    @pytest.mark.parametrize(("mine", "theirs"), [("http://a", "http://a:80/v3"), ("https://a/x/", "https://a:443/x/v3")])
    def test_a_default_port_is_no_difference(self, reading: Any, mine: str, theirs: str) -> None:
        environ = {**OF_A, "OS_AUTH_URL": theirs}
        credential = reading.settings(f"[master]\nkeystone_url = {mine}\n", environ=environ).master.credential
        assert credential.password == "of-a"

    @pytest.mark.parametrize("other", ["https://a:5000/v3", "http://a:5001/v3", "http://a:5000/identity"])
    def test_another_scheme_port_or_path_is_one(self, reading: Any, other: str) -> None:
        assert len(reading.problems(f"[master]\nkeystone_url = {other}\n", environ=OF_A)) == 1

    def test_a_name_against_an_id_is_no_difference(self, reading: Any) -> None:
        names = ("OS_USERNAME", "OS_PROJECT_NAME", "OS_USER_DOMAIN_NAME")
        ids = {"OS_USER_ID": "uid", "OS_PROJECT_ID": "pid", "OS_USER_DOMAIN_ID": "did"}
        environ = {**{key: value for key, value in OF_A.items() if key not in names}, **ids}
        text = "[master]\nuser = alice\ntenant = pa\nuser_domain = d\n"
        credential = reading.settings(text, environ=environ).master.credential
        assert account(credential) == A
        assert (credential.user_id, credential.project_id, credential.user_domain_id) == ("", "", "")

    def test_a_complete_credential_of_the_file_needs_nothing_of_it(self, reading: Any) -> None:
        text = "[master]\nuser = bob\npassword = of-b\nkeystone_url = http://b:5000/v3\ntenant = pb\n"
        settings = reading.settings(text, environ={**OF_A, "OS_CACERT": "/ca", "OS_CERT": "/a.crt"})
        credential = settings.master.credential
        assert account(credential) == B
        assert (credential.user_domain_name, credential.cacert, credential.cert) == ("Default", "/ca", "")
        assert settings.warnings == ()

    def test_its_application_credential_is_not_taken_for_a_user_of_the_file(self, reading: Any) -> None:
        environ = {
            "OS_AUTH_URL": "http://a:5000/v3",
            "OS_REGION_NAME": "Alicante",
            "OS_APPLICATION_CREDENTIAL_ID": "ac",
            "OS_APPLICATION_CREDENTIAL_SECRET": "of-ac",
        }
        [problem] = reading.problems("[master]\nuser = bob\ntenant = pb\n", environ=environ)
        assert "which has another user" in problem

    def test_the_secret_of_another_application_credential_is_not_taken(self, reading: Any) -> None:
        environ = {
            "OS_AUTH_URL": "http://a:5000/v3",
            "OS_REGION_NAME": "Alicante",
            "OS_APPLICATION_CREDENTIAL_ID": "one",
            "OS_APPLICATION_CREDENTIAL_SECRET": "of-one",
        }
        [problem] = reading.problems("[master]\napplication_credential_id = two\n", environ=environ)
        assert NEVER in problem

    def test_a_password_and_an_application_credential_are_two_accounts(self, reading: Any) -> None:
        both = {**OF_A, "OS_APPLICATION_CREDENTIAL_ID": "ac", "OS_APPLICATION_CREDENTIAL_SECRET": "of-ac"}
        [problem] = reading.problems(environ=both)
        assert problem.startswith("environment: OS_PASSWORD and OS_APPLICATION_CREDENTIAL_SECRET are both set")
        by_password = reading.settings(environ={**both, "OS_AUTH_TYPE": "password"}).master.credential
        assert (by_password.password, by_password.application_credential_secret) == ("of-a", "")
        other = reading.settings(environ={**both, "OS_AUTH_TYPE": "v3applicationcredential"}).master.credential
        assert (other.password, other.application_credential_secret) == ("", "of-ac")

    def test_another_way_to_sign_in_is_reported(self, reading: Any) -> None:
        [problem] = reading.problems(environ={**OF_A, "OS_AUTH_TYPE": "v3oidcpassword"})
        assert problem.startswith("environment: OS_AUTH_TYPE: v3oidcpassword needs an entry of clouds.yaml")

    def test_wrong_variables_that_are_not_used_do_not_matter(self, reading: Any, clouds: Any) -> None:
        wrong = {"OS_AUTH_URL": "nonsense", "OS_AUTH_TYPE": "v3oidcpassword"}
        assert account(reading.settings(environ={**clouds, **wrong, "OS_CLOUD": "b"}).master.credential) == B

    def test_the_embedded_federation_takes_what_it_finds(self, reading: Any, clouds: Any) -> None:
        settings = reading.settings("[master]\nuser = bob\n", environ=OF_A, mock=True)
        assert (settings.master.mock_project, settings.warnings) == ("paid", ())
        environ = {**OF_A, **clouds, "OS_CLOUD": "nowhere"}
        assert reading.settings(environ=environ, mock=True).master_region == "Alicante"


class TestSections:
    def test_a_password_of_default_goes_to_no_other_keystone(self, reading: Any) -> None:
        text = (
            "[DEFAULT]\nuser = alice\npassword = of-a\nkeystone_url = http://a:5000\ntenant = pa\n"
            "[other]\nkeystone_url = http://b:5000\n"
        )
        [problem] = reading.problems(text, environ={"OS_REGION_NAME": "Alicante"})
        assert problem == (
            "FILE:6: [other]: the password cannot come from [DEFAULT], which has another Keystone than [other]: "
            f"{NEVER}; complete [other], or have both name the same"
        )

    def test_nor_to_another_user(self, reading: Any) -> None:
        text = "[DEFAULT]\nuser = alice\npassword = of-a\nkeystone_url = http://a\ntenant = pa\n[other]\nuser = bob\n"
        [problem] = reading.problems(text, environ={"OS_REGION_NAME": "Alicante"})
        assert "[other]: the password cannot come from [DEFAULT], which has another user" in problem

    def test_what_default_names_counts_for_the_master_too(self, reading: Any) -> None:
        [problem] = reading.problems("[DEFAULT]\nuser = bob\n", environ=OF_A)
        assert "cannot come from the environment, which has another user than [DEFAULT]" in problem
        assert "complete [DEFAULT], or have both name the same" in problem

    def test_what_is_no_secret_is_inherited(self, reading: Any) -> None:
        text = (
            "[DEFAULT]\nuser = alice\npassword = of-a\nkeystone_url = http://a:5000/v3\ntenant = pa\n"
            "[other]\nuser = bob\npassword = of-b\n[third]\ntenant = mine\n"
        )
        targets = reading.settings(text, environ={"OS_REGION_NAME": "Alicante"}).targets
        assert account(targets["other"].credential) == ("http://a:5000/v3", "bob", "of-b", "pa")
        assert account(targets["third"].credential) == ("http://a:5000/v3", "alice", "of-a", "mine")

    def test_an_application_credential_of_default_is_not_that_of_a_user(self, reading: Any) -> None:
        text = (
            "[DEFAULT]\nkeystone_url = http://a\napplication_credential_id = ac\napplication_credential_secret = s\n"
            "[other]\nuser = bob\ntenant = pb\n"
        )
        [problem] = reading.problems(text, environ={"OS_REGION_NAME": "Alicante"})
        assert "[other]: the password cannot come from [DEFAULT]" in problem

    def test_a_key_may_not_turn_credential_to_another_keystone(self, reading: Any) -> None:
        text = f"[other]\ncredential = alice,{PASSWORD},http://a:5000,pa\nkeystone_url = http://b:5000\n"
        [problem] = reading.problems(text)
        expected = "credential in [other], which has another Keystone than the other keys of [other]"
        assert f"the password cannot come from {expected}" in problem
        assert f"{NEVER}; complete [other], or have both name the same" in problem

    @pytest.mark.parametrize(
        "text",
        [
            f"[other]\ncredential = alice,{PASSWORD},http://a:5000,pa\n",
            "[other]\nuser = alice\npassword = of-a\nkeystone_url = http://a:5000\ntenant = pa\n",
        ],
    )
    def test_nor_may_one_of_the_command_line(self, reading: Any, text: str) -> None:
        [problem] = reading.problems(text, "other.keystone_url=http://b:5000")
        assert "[other], which has another Keystone than --config: " in problem
        assert f"{NEVER}; complete the account with --config, or have both name the same" in problem
        words = ["other.keystone_url=http://b:5000/v3", "other.user=bob", "other.password=of-b", "other.tenant=pb"]
        assert account(reading.settings(text, *words).targets["other"].credential) == B
        mine = reading.settings(text, "other.tenant=mine").targets["other"].credential
        assert account(mine) == ("http://a:5000", "alice", "of-a", "mine")

    def test_a_cloud_of_the_command_line_wins_over_the_file(self, reading: Any, clouds: Any) -> None:
        text = f"[other]\ncredential = alice,{PASSWORD},http://a:5000,pa\nuser_domain = x\n"
        settings = reading.settings(text, "other.cloud=b", environ={**OF_A, **clouds})
        assert account(settings.targets["other"].credential) == B

    def test_an_empty_word_takes_a_key_of_the_file_away(self, reading: Any) -> None:
        text = "[master]\nuser = bob\n"
        assert account(reading.settings(text, "master.user=", environ=OF_A).master.credential) == A
