"""What the policy server works with, as the configuration has it (volumes 5)."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.openstack.credential import Credential
from fiwareglancesync.serving.listen_address import ListenAddress
from fiwareglancesync.volumes.policy_checks.policy_application import create_policy_app
from fiwareglancesync.volumes.policy_checks.policy_server import wildcard_warning
from fiwareglancesync.volumes.policy_checks.policy_service import listen_address, policy_service
from fiwareglancesync.volumes.volume_configuration import VolumeConfiguration
from fiwareglancesync.volumes.volume_model import VolumeSettings
from tests.support.policy import RECORDED, form_of, record_backup

ID = "6f1b7c1e-94d5-4b0c-8f6e-0c3b7d2a9e15"
ACCOUNT = "0a" * 16
EVERYWHERE = "0.0.0.0"  # noqa: S104 (nothing is bound)


@pytest.fixture
def configuration(tmp_path: Path) -> VolumeConfiguration:
    """A configuration that states the account's id, and no account."""
    url = f"sqlite:///{tmp_path}/a.db"
    record_backup(url, RECORDED)
    return VolumeConfiguration(VolumeSettings(account_id=ACCOUNT), None, "master", "", url)


def test_it_decides_by_the_database_and_the_stated_account(configuration: VolumeConfiguration) -> None:
    client = create_policy_app(policy_service(configuration)).test_client()

    def ask(backup_id: str, **changes: str) -> tuple[int, str]:
        answer = client.post(f"/v1/backup?backup_id={backup_id}", data=form_of(backup_id, **changes))
        return answer.status_code, answer.get_data(as_text=True)

    assert ask(ID) == (200, "True")
    assert ask(ID, user_id=ACCOUNT) == (401, "False")
    assert ask(RECORDED) == (401, "False")
    # Without an account nobody can ask Cinder.
    assert client.get(f"/v1/backup?backup_id={ID}").status_code == 503


def test_the_account_is_looked_for_where_it_is_configured(configuration: VolumeConfiguration) -> None:
    credential = Credential("http://127.0.0.1:1/v3", "svc", password="p", project_name="backups")
    unknown = replace(configuration, settings=VolumeSettings(), credential=credential)
    assert policy_service(unknown).account.find() == ""


def test_a_client_that_is_no_address_is_named(configuration: VolumeConfiguration) -> None:
    settings = replace(configuration.settings, allowed_clients=("192.0.2.7", "cinder"))
    with pytest.raises(ConfigError, match="allowed_clients: found 'cinder', expected addresses"):
        policy_service(replace(configuration, settings=settings))


def test_a_listen_address_that_is_none_is_named(configuration: VolumeConfiguration) -> None:
    settings = replace(configuration.settings, policy_listen="8808")
    with pytest.raises(ConfigError, match="policy_listen: found '8808', expected HOST:PORT"):
        listen_address(replace(configuration, settings=settings))


def test_by_default_it_listens_on_loopback(configuration: VolumeConfiguration) -> None:
    assert listen_address(configuration) == ListenAddress("127.0.0.1", 8808)


def test_a_server_for_everybody_is_warned_of(configuration: VolumeConfiguration) -> None:
    everywhere = ListenAddress(EVERYWHERE, 8808)
    assert "allowed_clients" in wildcard_warning(configuration, everywhere)
    assert wildcard_warning(configuration, ListenAddress("127.0.0.1", 8808)) == ""
    some = replace(configuration, settings=VolumeSettings(allowed_clients=("192.0.2.7",)))
    assert wildcard_warning(some, everywhere) == ""


def test_wsgi_servers_load_it_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "glancesync.conf"
    file.write_text("[master]\nkeystone_url = http://127.0.0.1:1/v3\nuser = u\npassword = p\ntenant = t\n")
    file.chmod(0o600)
    monkeypatch.setenv("GLANCESYNC_CONFIG", str(file))
    monkeypatch.setenv("HOME", str(tmp_path))
    name = "fiwareglancesync.volumes.policy"
    monkeypatch.delitem(sys.modules, name, raising=False)
    application = importlib.import_module(name).application
    monkeypatch.delitem(sys.modules, name)
    assert application.test_client().get("/v1/health").status_code == 503
    assert not (tmp_path / ".local").exists()
    file.write_text("[master]\nuser = u\n")
    with pytest.raises(ConfigError, match="the Keystone URL is missing"):
        importlib.import_module(name)
