"""The account that the environment alone names."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.config.account import environment_account
from fiwareglancesync.errors import ConfigError

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
    file = tmp_path / "clouds.yaml"
    file.write_text(CLOUDS)
    return {"OS_CLIENT_CONFIG_FILE": str(file)}


def test_the_usual_variables_are_an_account() -> None:
    found = environment_account(COMPLETE)
    assert (found.auth_url, found.username, found.password, found.project_name) == tuple(COMPLETE.values())
    assert found.user_domain_name == found.project_domain_name == "Default"


@pytest.mark.parametrize("environ", [{}, {"OS_CACERT": "ca.pem"}, {"OS_REGION_NAME": "Spain", "OS_INTERFACE": "admin"}])
def test_who_signs_in_nowhere_needs_none(environ: dict[str, str]) -> None:
    found = environment_account(environ)
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
def test_half_an_account_is_told(variable: str, says: str) -> None:
    assert problems({key: value for key, value in COMPLETE.items() if key != variable}) == [says]


def test_a_variable_that_makes_no_sense_is_told() -> None:
    assert problems({"OS_INSECURE": "perhaps"}) == ["environment: OS_INSECURE: expected True or False"]


def test_an_entry_of_clouds_yaml_is_an_account(clouds: dict[str, str]) -> None:
    found = environment_account({**clouds, "OS_CLOUD": "there"})
    assert (found.username, found.password, found.cloud) == ("dora", "hidden", "there")


def test_the_environment_wins_over_clouds_yaml(clouds: dict[str, str]) -> None:
    assert environment_account({**clouds, "OS_CLOUD": "half", "OS_PASSWORD": "given"}).password == "given"


def test_an_entry_that_is_not_there_is_told(clouds: dict[str, str]) -> None:
    (problem,) = problems({**clouds, "OS_CLOUD": "nowhere"})
    assert problem.startswith("environment: OS_CLOUD: found 'nowhere', expected an entry of ")
    assert problem.endswith("it has: half, there")


def test_half_an_entry_is_told(clouds: dict[str, str]) -> None:
    assert problems({**clouds, "OS_CLOUD": "half"}) == ["environment: the password is missing: set OS_PASSWORD"]
