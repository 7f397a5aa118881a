"""Entries of clouds.yaml (sync 2)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CLOUDS = """\
clouds:
  fed:
    auth:
      auth_url: http://cloud:5000/v3
      username: cloud-user
      password: cloud-pass
      project_name: cloud-project
      user_domain_name: ud
      project_domain_id: pd
    region_name: Cloudy
    verify: false
    cacert: /cloud/ca
    interface: internal
  app:
    auth_type: v3applicationcredential
    auth: {auth_url: "http://cloud:5000/v3", application_credential_id: i, application_credential_secret: s}
    regions: [One, Two]
  half:
    auth: {auth_url: "http://cloud:5000/v3", username: u, project_name: p}
"""


@pytest.fixture
def clouds(reading: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Variables that lead to a clouds.yaml."""
    path = tmp_path / "somewhere.yaml"
    path.write_text(CLOUDS)
    return {"OS_CLIENT_CONFIG_FILE": str(path)}


def test_an_entry_gives_the_credential_and_the_region(reading: Any, clouds: dict[str, str]) -> None:
    settings = reading.settings("[master]\ncloud = fed\n", environ=clouds)
    assert settings.master_region == "Cloudy"
    credential = settings.master.credential
    assert credential.auth_url == "http://cloud:5000/v3"
    assert (credential.username, credential.password) == ("cloud-user", "cloud-pass")
    assert (credential.project_name, credential.user_domain_name) == ("cloud-project", "ud")
    assert (credential.project_domain_name, credential.project_domain_id) == ("", "pd")
    assert (credential.insecure, credential.cacert, credential.interface) == (True, "/cloud/ca", "internal")
    assert "cloud-pass" not in repr(settings)


def test_os_cloud_is_enough_for_master(reading: Any, clouds: dict[str, str]) -> None:
    settings = reading.settings(environ={**clouds, "OS_CLOUD": "fed"})
    assert settings.master_region == "Cloudy"
    assert settings.master.credential.username == "cloud-user"


def test_keys_beside_it_win_and_the_environment_does_not(reading: Any, clouds: dict[str, str]) -> None:
    environ = {**reading.environment, **clouds}
    credential = reading.settings("[master]\ncloud = fed\ntenant = mine\n", environ=environ).master.credential
    assert (credential.project_name, credential.username) == ("mine", "cloud-user")


def test_another_target_may_name_one(reading: Any, clouds: dict[str, str]) -> None:
    environ = {**reading.environment, **clouds}
    credential = reading.settings("[other]\ncloud = app\n", environ=environ).targets["other"].credential
    assert (credential.application_credential_id, credential.application_credential_secret) == ("i", "s")
    assert credential.username == ""


def test_of_several_regions_none_is_taken_for_the_master(reading: Any, clouds: dict[str, str]) -> None:
    [problem] = reading.problems("[master]\ncloud = app\n", environ=clouds)
    assert "[main] master_region: the master region is missing" in problem


def test_os_cloud_that_is_unknown_names_the_variable(reading: Any, clouds: dict[str, str]) -> None:
    problems = reading.problems(environ={**reading.environment, **clouds, "OS_CLOUD": "no"})
    assert [problem.startswith("environment: OS_CLOUD: found 'no'") for problem in problems] == [True]


def test_without_any_clouds_yaml(reading: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from openstack.config import loader

    monkeypatch.setattr(loader, "CONFIG_FILES", [])
    [problem] = reading.problems("[master]\ncloud = fed\n")
    assert "there is no readable clouds.yaml" in problem


def test_a_named_clouds_yaml_that_is_missing(reading: Any) -> None:
    environ = reading.edit([("OS_CLIENT_CONFIG_FILE", "/no/such.yaml")])
    [problem] = reading.problems("[master]\ncloud = fed\n", environ=environ)
    assert problem == (
        "FILE:2: [master] cloud: the file /no/such.yaml, which OS_CLIENT_CONFIG_FILE names, "
        "cannot be read: No such file or directory"
    )


def test_the_library_is_not_loaded_without_need(root: Path) -> None:
    code = (
        "import sys; from fiwareglancesync.images.configuration import load_settings; "
        "from fiwareglancesync.kinds import option_tables; "
        "load_settings(None, ['main.master_region=X'], {}, option_tables(), mock=True); "
        "sys.exit(any(name.split('.')[0] in ('openstack', 'keystoneauth1', 'yaml') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
