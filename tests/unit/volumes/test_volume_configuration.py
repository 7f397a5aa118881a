"""What the configuration says of volume backups (volumes 1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.kinds import option_tables
from fiwareglancesync.volumes.volume_configuration import VolumeConfiguration, load_volumes

ACCOUNT = "keystone_url = http://keystone/v3\nuser = svc\npassword = s3cret\ntenant = backups\n"


def load(tmp_path: Path, text: str, account_needed: bool = True, **environ: str) -> VolumeConfiguration:
    """Read a configuration of a test's own."""
    file = tmp_path / "glancesync.conf"
    file.write_text(text)
    file.chmod(0o600)
    return load_volumes(
        str(file), (), {"HOME": str(tmp_path), **environ}, option_tables(), account_needed=account_needed
    )


def test_the_account_is_that_of_the_master(tmp_path: Path) -> None:
    found = load(tmp_path, f"[master]\n{ACCOUNT}", OS_REGION_NAME="Spain")
    assert found.credential is not None
    assert (found.credential.username, found.credential.project_name) == ("svc", "backups")
    assert (found.target, found.region) == ("master", "Spain")
    assert "s3cret" not in repr(found)


def test_without_a_region_it_is_the_only_one(tmp_path: Path) -> None:
    assert load(tmp_path, f"[master]\n{ACCOUNT}").region == ""


def test_the_database_is_that_of_the_configuration(tmp_path: Path) -> None:
    found = load(tmp_path, f"[main]\ndatabase = mysql://u:s3cret@db/name\n[master]\n{ACCOUNT}")
    assert found.database == "mysql://u:s3cret@db/name"
    assert "s3cret" not in repr(found)


def test_a_database_that_is_none_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^\[main\] database: the database URL cannot be used; expected one such as"):
        load(tmp_path, f"[main]\ndatabase = nonsense://u:s3cret@db/name\n[master]\n{ACCOUNT}")


def test_without_one_it_is_a_file(tmp_path: Path) -> None:
    text = f"[master]\n{ACCOUNT}"
    assert load(tmp_path, text).database == f"sqlite:///{tmp_path}/.local/share/glancesync/glancesync-volumes.db"
    assert load(tmp_path, text, XDG_DATA_HOME="/d").database == "sqlite:////d/glancesync/glancesync-volumes.db"
    named = load(tmp_path, text, GLANCESYNCAPP_DATABASE_PATH="/srv/db")
    assert named.database == "sqlite:////srv/db/glancesync-volumes.db"


def test_an_account_that_is_not_complete_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the user is missing"):
        load(tmp_path, "[master]\nkeystone_url = http://keystone/v3\n")


def test_how_other_targets_sign_in_does_not_matter(tmp_path: Path) -> None:
    others = "[north]\nuser = half\n[south]\ncloud = missing\n"
    assert load(tmp_path, f"[master]\n{ACCOUNT}{others}").warnings == ()
    found = load(tmp_path, f"[volumes]\nregion = backups:Spain\n[backups]\n{ACCOUNT}{others}")
    assert (found.target, found.region, found.warnings) == ("backups", "Spain", ())


def test_a_misspelt_section_is_named(tmp_path: Path) -> None:
    (warning,) = load(tmp_path, f"[master]\n{ACCOUNT}[volume]\n").warnings
    assert "unknown section [volume], ignored; did you mean [volumes]?" in warning


def test_an_application_credential_is_refused(tmp_path: Path) -> None:
    text = "keystone_url = http://k/v3\napplication_credential_id = a\napplication_credential_secret = b\n"
    with pytest.raises(ConfigError, match="bound to one project"):
        load(tmp_path, f"[master]\n{text}")
