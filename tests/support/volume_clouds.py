"""Clouds with volumes for tests: stand-ins, or the development cloud's real Keystone, Nova and Cinder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fiwareglancesync.openstack.credential import Credential
from fiwareglancesync.openstack.tuning import Tuning
from fiwareglancesync.volumes.openstack_backups import OpenStackBackups

from .cloud import missing, running_cloud
from .cloud_operator import CloudOperator, Person
from .stand_ins.cloud_stand_in import cloud_stand_in


@dataclass
class VolumeCloud:
    """A cloud in which a tenant has volumes, and an account backs them up.

    :param account: the user of the account, who signs in for the account's own project
    :param alice: a member of the tenant
    """

    operator: CloudOperator
    account: Person
    alice: Person

    @property
    def tenant(self) -> str:
        """Id of the tenant's project."""
        return self.alice.project

    def credential(self, person: Person | None = None) -> Credential:
        """How somebody signs in, without anybody for the account."""
        person = person or self.account
        return Credential(
            auth_url=self.operator.auth_url,
            user_id=person.id,
            password=person.password,
            project_id=person.project,
        )

    def backups(self, person: Person | None = None, tuning: Tuning | None = None) -> OpenStackBackups:
        """The region, with the rights of somebody, without anybody of the account."""
        return OpenStackBackups(self.credential(person), tuning=tuning)


@contextmanager
def volume_cloud(admin: Credential) -> Iterator[VolumeCloud]:
    """Make a tenant and an account, which are removed afterwards.

    :param admin: how an administrator of the cloud signs in
    """
    operator = CloudOperator(admin)
    try:
        account = operator.new_person(operator.new_project("account"), "admin")
        operator.make_administrator(account)
        alice = operator.new_person(operator.new_project("tenant"), email="alice@example.org")
        quota = {"volumes": 100, "gigabytes": 1000, "backups": 100, "backup_gigabytes": 1000}
        operator.ask("block-storage", "PUT", f"/os-quota-sets/{alice.project}", {"quota_set": quota})
        yield VolumeCloud(operator, account, alice)
    finally:
        operator.clean()


@contextmanager
def stand_in_volume_cloud() -> Iterator[VolumeCloud]:
    """A cloud of stand-ins."""
    with cloud_stand_in() as cloud, volume_cloud(cloud.credential("admin")) as made:
        yield made


@contextmanager
def real_volume_cloud(root: Path) -> Iterator[VolumeCloud]:
    """The development cloud; without Cinder the test is skipped.

    :param root: the checkout
    """
    described = json.loads(running_cloud(root).read_text(encoding="utf-8"))
    if not described.get("volumes", {}).get("servers"):
        missing("the development cloud has no volumes; add them with scripts/devcloud up --with volumes")
    keystone = described["keystones"]["keystone-a"]
    admin = keystone["accounts"]["admin"]
    credential = Credential(
        auth_url=keystone["url"], username=admin["user"], password=admin["password"], project_name=admin["project"]
    )
    with volume_cloud(credential) as made:
        yield made
