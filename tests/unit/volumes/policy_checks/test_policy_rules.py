"""The rules of Cinder's policy file that the handbook shows (volumes 5)."""

from __future__ import annotations

import yaml

from fiwareglancesync.volumes.volume_model import VolumeSettings
from tests.support.pages import DOCS
from tests.support.references import ROOT

RULES = yaml.safe_load((ROOT / "examples" / "volumes" / "policy.yaml").read_text(encoding="utf-8"))
PAGE = (DOCS / "volumes.rst").read_text(encoding="utf-8")
ACCOUNT = "7ac83b1b0f6f4f9ea5a4f5b0c5ee3c44"
OWN = f"rule:admin_api or (role:member and project_id:%(project_id)s and not '{ACCOUNT}':%(user_id)s"


def test_what_cinder_can_decide_by_itself_it_decides_first() -> None:
    assert RULES["backup:update"] == f"{OWN})"
    assert RULES["backup:delete"].startswith(f"{OWN} and http:")


def test_the_server_is_asked_where_it_listens_by_default() -> None:
    assert f"http://{VolumeSettings().policy_listen}/v1/backup?backup_id=%(id)s)" in RULES["backup:delete"]


def test_the_page_has_the_rules_and_the_same_account() -> None:
    assert ".. literalinclude:: ../examples/volumes/policy.yaml\n" in PAGE
    assert f"account_id = {ACCOUNT}\n" in PAGE
