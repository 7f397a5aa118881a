"""What the server reads, and what it says when that is not enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.api import server_settings
from fiwareglancesync.api.server_settings import load_server_settings
from fiwareglancesync.serving.start_error import StartError

KEYSTONE = {"KEYSTONE_URL": "http://keystone:5000/v3", "ADM_USER": "admin", "ADM_PASS": "secret", "ADM_TENANT_ID": "1"}


@pytest.fixture(autouse=True)
def no_system_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own files are not read."""
    monkeypatch.setattr(server_settings, "SYSTEM_FOLDER", tmp_path / "etc")


def file_with(tmp_path: Path, text: str) -> dict[str, str]:
    path = tmp_path / "server.cfg"
    path.write_text(text)
    return {"GLANCESYNC_SETTINGS_FILE": str(path)}


def problems(environ: dict[str, str], *, embedded: bool = False) -> list[str]:
    with pytest.raises(StartError) as caught:
        load_server_settings(environ, embedded=embedded)
    assert "secret" not in str(caught.value)
    return caught.value.problems


def test_the_embedded_federation_needs_nothing() -> None:
    found = load_server_settings({"HOME": "/home"}, embedded=True)
    assert found.keystone is None
    assert (found.host, found.port) == ("127.0.0.1", 8888)
    assert found.database_folder == Path("/home/.local/share/glancesync")


def test_everything_that_is_missing_is_reported_at_once() -> None:
    reported = problems({})
    advice = " is missing: set it in the environment, or in the section [openstack] of "
    assert [text.partition(advice)[0] for text in reported] == [
        "KEYSTONE_URL",
        "ADM_USER",
        "ADM_PASS",
        "ADM_TENANT_ID or ADM_TENANT_NAME",
    ]
    file = "/fiware-glancesync.cfg (GLANCESYNC_SETTINGS_FILE names another file)"
    assert all(text.endswith(file) and "\n" not in text for text in reported)


def test_half_of_a_keystone_is_not_taken_for_none() -> None:
    assert len(problems({"KEYSTONE_URL": "http://keystone"}, embedded=True)) == 3


def test_the_file_wins_over_the_environment(tmp_path: Path) -> None:
    environ = file_with(tmp_path, "[settings]\nport = 9000\n[openstack]\nADM_USER = someone\nroles = admin, operator\n")
    found = load_server_settings(KEYSTONE | environ, embedded=False)
    assert found.port == 9000
    assert found.keystone is not None
    assert (found.keystone.user, found.keystone.url) == ("someone", "http://keystone:5000/v3")
    assert found.keystone.roles == ("admin", "operator")
    assert "secret" not in repr(found)


def test_an_application_credential_is_enough() -> None:
    given = {"KEYSTONE_URL": "http://k", "ADM_APPLICATION_CREDENTIAL_ID": "1"}
    assert len(problems(given)) == 1
    found = load_server_settings(given | {"ADM_APPLICATION_CREDENTIAL_SECRET": "secret"}, embedded=False)
    assert found.keystone is not None
    assert found.keystone.application_credential_id == "1"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("KEYSTONE_URL", "keystone:5000"),
        ("KEYSTONE_URL", "https://"),
        ("KEYSTONE_URL", "http://secret@keystone:port"),
        ("ROLES", ","),
        ("INSECURE", "perhaps"),
        ("CACERT", "/no/such/file"),
    ],
)
def test_what_makes_no_sense_of_keystone_is_reported(key: str, value: str) -> None:
    (reported,) = problems(KEYSTONE | {key: value})
    assert reported.startswith(f"{key} in the section [openstack]")


def test_an_unknown_key_is_a_warning_with_the_nearest_name(tmp_path: Path) -> None:
    found = load_server_settings(file_with(tmp_path, "[settings]\nprot = 1\n"), embedded=True)
    assert len(found.warnings) == 1
    assert "did you mean PORT?" in found.warnings[0]


@pytest.mark.parametrize("value", ["0", "65536", "eight", "-1", "1e3", "٣"])
def test_a_port_that_is_none(tmp_path: Path, value: str) -> None:
    (reported,) = problems(file_with(tmp_path, f"[settings]\nPORT = {value}\n"), embedded=True)
    assert "whole number from 1 to 65535" in reported


@pytest.mark.parametrize("value", ["https://g.example.org", "https://g.example.org/", "HTTPS://g.example.org//"])
def test_the_public_address_ends_with_a_slash(tmp_path: Path, value: str) -> None:
    found = load_server_settings(file_with(tmp_path, f"[settings]\npublic_url = {value}\n"), embedded=True)
    assert found.public_url.lower() == "https://g.example.org/"
    assert load_server_settings({}, embedded=True).public_url == ""


@pytest.mark.parametrize(
    "value", ["g.example.org", "ftp://g", "https://", "https://a:secret@g", "https://g?secret", "https://g#secret"]
)
def test_a_public_address_that_is_none(tmp_path: Path, value: str) -> None:
    (reported,) = problems(file_with(tmp_path, f"[settings]\nPUBLIC_URL = {value}\n"), embedded=True)
    assert reported.startswith("PUBLIC_URL in the section [settings]")


@pytest.mark.parametrize(
    "variable", ["GLANCESYNC_SETTINGS_FILE", "GLANCESYNC_LOGGING_SETTINGS_FILE", "GLANCESYNCAPP_CONFIG"]
)
def test_a_named_file_has_to_be_there(variable: str) -> None:
    (reported,) = problems({variable: "/no/such/file"}, embedded=True)
    assert variable in reported
    assert "/no/such/file" in reported


def test_a_file_that_is_malformed(tmp_path: Path) -> None:
    (reported,) = problems(file_with(tmp_path, "password = secret\n"), embedded=True)
    assert "server.cfg" in reported
