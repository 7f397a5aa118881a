"""Accounts of two real Keystones: which one is used, and that they are never mixed (sync 2)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.cloud import running_cloud
from tests.support.development_cloud import DevelopmentCloud
from tests.support.faults import Command, Result
from tests.support.free_ports import free_port
from tests.support.observed_federations import Given, ObservedCloud, digest_of
from tests.support.server import gunicorn

pytestmark = pytest.mark.integration
SECRET = "s3cret-of-an-application"


@pytest.fixture(scope="module")
def cloud(root: Path) -> DevelopmentCloud:
    """The development cloud."""
    return DevelopmentCloud(running_cloud(root).parent)


def auth(cloud: DevelopmentCloud, keystone: str, **other: str) -> dict[str, str]:
    """How the account signs in at a Keystone."""
    known = cloud.credential(keystone=keystone)
    words = {"auth_url": known.auth_url, "username": known.username, "password": known.password}
    return {name: word for name, word in {**words, "project_name": known.project_name, **other}.items() if word}


def token(cloud: DevelopmentCloud) -> requests.Response:
    """A sign-in at the first Keystone."""
    known = cloud.credential()
    user = {"name": known.username, "password": known.password, "domain": {"name": "Default"}}
    scope = {"project": {"name": known.project_name, "domain": {"name": "Default"}}}
    wanted = {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}
    return requests.post(f"{known.auth_url}/auth/tokens", json={"auth": wanted}, timeout=180)


@pytest.fixture(scope="module")
def application(cloud: DevelopmentCloud) -> Iterator[dict[str, str]]:
    """An application credential of the account."""
    url, account = cloud.keystone()["url"], cloud.keystone()["accounts"]["glancesync"]
    address = f"{url}/users/{account['user_id']}/application_credentials"
    headers = {"X-Auth-Token": token(cloud).headers["X-Subject-Token"]}
    wanted = {"application_credential": {"name": "test-accounts", "secret": SECRET}}
    made = requests.post(address, json=wanted, headers=headers, timeout=180).json()["application_credential"]["id"]
    yield {"auth_url": url, "application_credential_id": made, "application_credential_secret": SECRET}
    requests.delete(f"{address}/{made}", headers=headers, timeout=180)


@pytest.fixture
def clouds(cloud: DevelopmentCloud, application: dict[str, str], tmp_path: Path) -> Path:
    """A clouds.yaml with entries for both Keystones."""
    account = cloud.keystone()["accounts"]["glancesync"]
    one, other = auth(cloud, "keystone-a"), auth(cloud, "keystone-b")
    spain = cloud.described["regions"]["Spain"]["url"]
    by_id = {"user_id": account["user_id"], "project_id": account["project_id"]}
    shown = {"auth_url": one["auth_url"], "project_name": one["project_name"], "project_domain_name": "Default"}
    entries: dict[str, Any] = {
        "a": {"auth": one, "region_name": "Spain", "interface": ["internal", "public"]},
        "b": {"auth": other, "region_name": "Madrid"},
        "half": {"auth": {**other, "password": ""}, "region_name": "Madrid"},
        "by-id": {"auth": {"auth_url": one["auth_url"], "password": one["password"], **by_id}, "region_name": "Spain"},
        "application": {"auth": application, "auth_type": "v3applicationcredential", "region_name": "Spain"},
        "token": {
            "auth": {**shown, "token": token(cloud).headers["X-Subject-Token"]},
            "auth_type": "v3token",
            "region_name": "Spain",
        },
        "address": {"auth": one, "region_name": "Spain", "image_endpoint_override": f"{spain}/v2/"},
        "nobody": {"auth": one, "region_name": "Spain", "image_endpoint_override": "http://127.0.0.1:9"},
        "vendor": {"profile": "ovh", "auth": {"username": "u", "password": "p"}},
    }
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps({"clouds": entries}))
    return path


@pytest.fixture
def run(cloud: DevelopmentCloud, clouds: Path, tmp_path: Path) -> Command:
    """The command, with the variables of the first Keystone's account."""
    one = auth(cloud, "keystone-a")
    secrets = [one["password"], auth(cloud, "keystone-b")["password"], SECRET]
    (tmp_path / "run").mkdir(mode=0o700)
    environment = {
        "OS_AUTH_URL": one["auth_url"],
        "OS_USERNAME": one["username"],
        "OS_PASSWORD": one["password"],
        "OS_PROJECT_NAME": one["project_name"],
        "OS_REGION_NAME": "Spain",
        "OS_CLIENT_CONFIG_FILE": str(clouds),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
    }
    return Command(environment, tmp_path, secrets)


def regions(result: Result) -> list[str]:
    assert result.code == 0, result.err
    return result.out.split()


class TestWhoseAccountIsUsed:
    def test_os_cloud_alone_decides(self, run: Command) -> None:
        result = run("--show-regions", "-f", "table", OS_CLOUD="b")
        assert "Madrid" in regions(result)
        assert not {"Spain", "Burgos"} & set(regions(result))
        [warning] = result.err.splitlines()
        assert warning == (
            "WARNING:OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME, OS_REGION_NAME are ignored: "
            "OS_CLOUD alone says whose account is used"
        )

    def test_a_password_that_is_left_over_completes_nothing(self, run: Command) -> None:
        result = run("--show-regions", "-f", "table", OS_CLOUD="half")
        assert (result.code, result.out) == (2, "")
        assert "lacks the password; nothing else adds to it" in result.err

    def test_the_file_wins_over_os_cloud_and_the_option_over_the_file(
        self, run: Command, cloud: DevelopmentCloud, tmp_path: Path
    ) -> None:
        known = auth(cloud, "keystone-a")
        lines = [f"user = {known['username']}", f"password = {known['password']}", f"tenant = {known['project_name']}"]
        conf = tmp_path / "a.conf"
        conf.write_text("\n".join(["[master]", *lines, f"keystone_url = {known['auth_url']}", ""]))
        conf.chmod(0o600)
        result = run("--conf", str(conf), "--show-regions", "-f", "table", OS_CLOUD="b")
        assert "Burgos" in regions(result)
        assert "WARNING:OS_CLOUD is ignored: the credential in the configuration alone" in result.err
        words = ("--conf", str(conf), "--os-cloud", "b", "--show-regions", "-f", "table")
        assert "Madrid" in regions(run(*words, OS_CLOUD="a"))

    def test_half_an_account_in_the_file_is_not_completed_by_another(
        self, run: Command, cloud: DevelopmentCloud, tmp_path: Path
    ) -> None:
        conf = tmp_path / "b.conf"
        conf.write_text(f"[master]\nkeystone_url = {cloud.keystone('keystone-b')['url']}\n")
        result = run("--conf", str(conf), "--show-regions", "-f", "table")
        assert (result.code, result.out) == (2, "")
        assert "has another Keystone than [master]" in result.err
        conf.write_text(f"[master]\nkeystone_url = {cloud.keystone()['url'].removesuffix('/v3')}/\n")
        assert "Burgos" in regions(run("--conf", str(conf), "--show-regions", "-f", "table"))


@pytest.mark.parametrize("name", ["a", "by-id", "application", "token", "address"])
def test_ways_to_sign_in_and_to_reach_glance(run: Command, name: str) -> None:
    result = run("--show-status", "Burgos", "--os-cloud", name)
    assert result.code == 0, result.err
    assert "ERROR" not in result.err


def test_an_address_takes_the_place_of_the_catalogs(run: Command) -> None:
    result = run("--show-status", "Burgos", "--os-cloud", "nobody")
    assert result.code == 1
    assert "Spain: Error retrieving image list. Cause: Glance at http://127.0.0.1:9 does not answer" in result.err


def test_a_profile_on_the_network_concerns_its_target_alone(run: Command, tmp_path: Path) -> None:
    conf = tmp_path / "vendor.conf"
    conf.write_text("[vendor]\ncloud = vendor\n")
    result = run("--conf", str(conf), "--show-status", "Burgos")
    assert result.code == 0
    assert f"WARNING:{conf}:2: [vendor] cloud: the entry 'vendor' of " in result.err
    result = run("--conf", str(conf), "--show-status", "vendor:", "Burgos")
    assert (result.code, result.out) == (2, "")
    assert f"ERROR:{conf}:2: [vendor] cloud: the entry 'vendor' of " in result.err


class TestAProtection:
    @pytest.fixture
    def federation(self, root: Path, tmp_path: Path) -> Iterator[ObservedCloud]:
        """An image whose content differs in Burgos."""
        (tmp_path / "federation").mkdir()
        made = ObservedCloud(running_cloud(root), tmp_path / "federation")
        made.fill("Spain", [Given("one", "one", "new")])
        made.fill("Burgos", [Given("one", "one", "old")])
        yield made
        made.fill("Spain", [])
        made.fill("Burgos", [])

    def test_counts_in_upper_case(self, run: Command, federation: ObservedCloud) -> None:
        [before] = federation.seen("Burgos")
        kept = f"dontupdate={digest_of('old', 512).upper()}"
        result = run("Burgos", "--os-cloud", "a", "--config", "replace=any", kept)
        assert result.code == 0, result.err
        assert [(seen.id, seen.digest) for seen in federation.seen("Burgos")] == [(before.id, before.digest)]

    def test_that_is_misspelt_changes_nothing(self, run: Command, federation: ObservedCloud) -> None:
        before = federation.seen("Burgos")
        result = run("Burgos", "--os-cloud", "a", "--config", "replace=any", "max_replacments=0")
        assert result.code == 2
        assert "did you mean max_replacements?" in result.err
        assert federation.seen("Burgos") == before
        result = run("--dry-run", "--os-cloud", "a", "--config", "ignore_regions=burgos,master:Caceres")
        assert "ignore_regions: there is no region 'burgos'; did you mean Burgos?" in result.err
        assert "======Caceres" not in result.out


def test_the_server_and_its_client_have_the_option_too(
    run: Command, cloud: DevelopmentCloud, clouds: Path, tmp_path: Path
) -> None:
    known, other = cloud.credential(), auth(cloud, "keystone-b")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "GLANCESYNCAPP_DATABASE_PATH": str(tmp_path / "database"),
        "KEYSTONE_URL": known.auth_url,
        "ADM_USER": known.username,
        "ADM_PASS": known.password,
        "ADM_TENANT_NAME": known.project_name,
        "OS_CLIENT_CONFIG_FILE": str(clouds),
        "OS_AUTH_URL": other["auth_url"],
        "OS_USERNAME": other["username"],
        "OS_PASSWORD": other["password"],
        "OS_PROJECT_NAME": other["project_name"],
    }
    with gunicorn(environ, tmp_path, free_port(), words=("--os-cloud", "a")) as address:
        variables = {"OS_AUTH_URL": other["auth_url"], "OS_PASSWORD": other["password"]}
        words = ("--server", address, "--os-cloud", "a", "--format", "csv")
        result = run("remote", "regions", *words, **variables)
        assert result.code == 0, result.err
        assert [line.partition(",")[0] for line in result.out.splitlines()] == ["Burgos", "Caceres", "Spain"]
        assert "are ignored: --os-cloud alone says whose account is used" in result.err
    assert "are ignored: GLANCESYNC_OS_CLOUD alone" in (tmp_path / "server.out").read_text()
