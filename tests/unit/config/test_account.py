"""The account that the environment alone names."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.config.account import environment_account
from fiwareglancesync.config.auth_types import PLUGINS

COMPLETE = {
    "OS_AUTH_URL": "http://127.0.0.1:5000/v3",
    "OS_USERNAME": "carla",
    "OS_PASSWORD": "secret",
    "OS_PROJECT_NAME": "images",
}
CLOUDS = """\
clouds:
  there:
    auth: {auth_url: "http://127.0.0.1:5000/v3", username: dora, password: hidden, project_name: images}
  half:
    auth: {auth_url: "http://127.0.0.1:5000/v3", username: dora, project_name: images}
"""


def problems(environ: dict[str, str]) -> list[str]:
    """What is said of an environment that will not do."""
    with pytest.raises(ConfigError) as refused:
        environment_account(environ)
    assert "secret" not in str(refused.value)
    return refused.value.problems


@pytest.fixture
def clouds(tmp_path: Path) -> dict[str, str]:
    """An environment with a ``clouds.yaml``."""
    file = tmp_path / "somewhere.yaml"
    file.write_text(CLOUDS)
    return {"OS_CLIENT_CONFIG_FILE": str(file)}


def test_the_usual_variables_are_an_account() -> None:
    found = environment_account(COMPLETE).credential
    assert (found.auth_url, found.username, found.password, found.project_name) == tuple(COMPLETE.values())
    assert found.user_domain_name == found.project_domain_name == "Default"


@pytest.mark.parametrize("environ", [{}, {"OS_CACERT": "ca.pem"}, {"OS_REGION_NAME": "Spain", "OS_INTERFACE": "admin"}])
def test_who_signs_in_nowhere_needs_none(environ: dict[str, str]) -> None:
    found = environment_account(environ).credential
    assert found.auth_url == ""
    assert found.cacert == environ.get("OS_CACERT", "")


@pytest.mark.parametrize(
    ("variable", "says"),
    [
        ("OS_AUTH_URL", "environment: the Keystone URL is missing: set OS_AUTH_URL"),
        ("OS_PASSWORD", "environment: the password is missing: set OS_PASSWORD"),
        ("OS_PROJECT_NAME", "environment: the tenant is missing: set OS_TENANT_NAME (or OS_PROJECT_NAME)"),
    ],
)
def test_half_an_account_is_reported(variable: str, says: str) -> None:
    assert problems({key: value for key, value in COMPLETE.items() if key != variable}) == [says]


def test_a_variable_that_makes_no_sense_is_reported() -> None:
    assert problems({"OS_INSECURE": "perhaps"}) == ["environment: OS_INSECURE: expected True or False"]


def test_an_entry_of_clouds_yaml_is_an_account(clouds: dict[str, str]) -> None:
    found = environment_account({**clouds, "OS_CLOUD": "there"}).credential
    assert (found.username, found.password, found.cloud) == ("dora", "hidden", "there")


def test_an_entry_decides_alone_and_what_is_ignored_is_reported(clouds: dict[str, str]) -> None:
    found = environment_account({**clouds, **COMPLETE, "OS_CLOUD": "there", "OS_CACERT": "/ca"})
    assert (found.credential.username, found.credential.password) == ("dora", "hidden")
    assert found.credential.cacert == "/ca"
    assert found.warnings == (
        "OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME are ignored: OS_CLOUD alone says whose account is used",
    )


def test_a_password_that_is_left_over_does_not_complete_an_entry(clouds: dict[str, str]) -> None:
    [problem] = problems({**clouds, "OS_CLOUD": "half", "OS_PASSWORD": "secret"})
    assert problem.endswith("somewhere.yaml lacks the password")


@pytest.mark.parametrize("variables", [{}, {"OS_CLOUD": "half"}, {"GLANCESYNC_OS_CLOUD": "half", "OS_CLOUD": "half"}])
def test_the_option_wins_over_the_variables(clouds: dict[str, str], variables: dict[str, str]) -> None:
    found = environment_account({**clouds, **variables}, "there")
    assert (found.credential.username, found.credential.cloud) == ("dora", "there")
    reported = ("OS_CLOUD is ignored: --os-cloud alone says whose account is used",)
    assert found.warnings == (reported if variables else ())


@pytest.mark.parametrize("kind", ["v3token", "v3oidcpassword"])
def test_another_type_than_a_password_needs_an_entry(kind: str) -> None:
    [problem] = problems({**COMPLETE, "OS_AUTH_TYPE": kind})
    assert problem == (
        f"environment: OS_AUTH_TYPE: {kind} needs an entry of clouds.yaml, and OS_CLOUD to name it; without one, "
        "password or v3applicationcredential is expected"
    )


@pytest.mark.parametrize(("kind", "meant"), [("v3passwrd", ", did you mean v3password?"), ("v3kerberos", "")])
def test_a_type_that_is_not_supported_names_those_that_are(kind: str, meant: str) -> None:
    [problem] = problems({**COMPLETE, "OS_AUTH_TYPE": kind})
    assert problem.startswith(f"environment: OS_AUTH_TYPE: '{kind}' is not supported{meant}; expected password or")
    assert problem.endswith("or in an entry of clouds.yaml one of " + ", ".join(sorted(PLUGINS)))


def test_an_entry_that_is_not_there_is_reported(clouds: dict[str, str]) -> None:
    (problem,) = problems({**clouds, "OS_CLOUD": "nowhere"})
    assert problem.startswith("environment: OS_CLOUD: found 'nowhere', expected an entry of ")
    assert problem.endswith("it has: half, there; did you mean there?")


def test_half_an_entry_is_reported(clouds: dict[str, str]) -> None:
    [problem] = problems({**clouds, "OS_CLOUD": "half"})
    assert problem.startswith("environment: OS_CLOUD: the entry 'half' of ")
    assert problem.endswith(" lacks the password")
