"""The images that `seed` makes: one of everything that a synchronisation has an opinion on, below 40 MiB in all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from devcloud_lib.image_files import MIB, iso9660, qcow2, raw

GUEST_SIZE = 64 * MIB


@dataclass(frozen=True)
class SeedImage:
    """An image as it is to be.

    :param build: gives its bytes.
    :param links: property -> name of the image in the same region whose UUID is its value.
    :param account: who owns it, a key of `topology.ACCOUNTS`.
    """

    name: str
    disk_format: str
    build: Callable[[], bytes] = field(repr=False)
    properties: dict[str, str]
    visibility: str = "public"
    container_format: str = "bare"
    links: Mapping[str, str] = field(default_factory=dict)
    min_disk: int = 0
    min_ram: int = 0
    account: str = "glancesync"


UBUNTU = SeedImage(
    "ubuntu-24.04", "qcow2", lambda: qcow2(raw(3 * MIB, "ubuntu-24.04"), GUEST_SIZE),
    {"nid": "1410", "nid_version": "2", "type": "baseimages", "os_distro": "ubuntu", "os_version": "24.04"},
    min_disk=1, min_ram=512,
)
DEBIAN = SeedImage(
    "debian-12-netinst", "iso", lambda: iso9660(raw(2 * MIB, "debian-12-netinst")),
    {"nid": "1411", "nid_version": "1", "type": "baseimages", "os_distro": "debian"},
)
ORION = SeedImage(
    "orion-psb-image-R5.4", "raw", lambda: raw(4 * MIB, "orion-psb-image-R5.4"),
    {"nid": "344", "nid_version": "5", "type": "fiware:data", "sdc_aware": "True"},
)
KURENTO = SeedImage(
    "kurento-image-R6.3", "qcow2", lambda: qcow2(raw(3 * MIB, "kurento-image-R6.3"), GUEST_SIZE),
    {"nid": "855", "nid_version": "6", "type": "fiware:userinterface"},
)
KERNEL = SeedImage(
    "centos-7-aki", "aki", lambda: raw(2 * MIB, "centos-7-aki"), {"type": "baseimages"}, container_format="aki")
RAMDISK = SeedImage(
    "centos-7-ari", "ari", lambda: raw(1 * MIB, "centos-7-ari"), {"type": "baseimages"}, container_format="ari")
CENTOS = SeedImage(
    "centos-7", "ami", lambda: raw(3 * MIB, "centos-7"), {"nid": "1412", "type": "baseimages"},
    container_format="ami", links={"kernel_id": KERNEL.name, "ramdisk_id": RAMDISK.name},
)
DRAFT = SeedImage(
    "wirecloud-draft", "raw", lambda: raw(1 * MIB, "wirecloud-draft"), {"nid": "900"}, visibility="private")
RETIRED = SeedImage(
    "repository-image-R4_obsolete", "raw", lambda: raw(2 * MIB, "repository-image-R4"),
    {"nid": "331", "type": "fiware:apps", "sdc_aware": "False"},
)
PARTNER = SeedImage(
    "partner-tools", "raw", lambda: raw(1 * MIB, "partner-tools"), {"type": "partner"}, account="foreign")

SEED: Mapping[str, tuple[SeedImage, ...]] = {
    # The ones that others link to come first.
    "Spain": (UBUNTU, DEBIAN, ORION, KURENTO, KERNEL, RAMDISK, CENTOS, DRAFT, RETIRED, PARTNER),
    "Burgos": (
        # The same content with old properties; one that the master has retired; one of another project with our name.
        replace(UBUNTU, properties=UBUNTU.properties | {"nid_version": "1"}),
        replace(RETIRED, name="repository-image-R4", properties=RETIRED.properties | {"sdc_aware": "True"}),
        replace(ORION, build=lambda: raw(1 * MIB, "a stranger's"), properties={"type": "partner"}, account="foreign"),
    ),
    "Caceres": (
        # One in step; one whose content is not the master's any more.
        DEBIAN,
        replace(KURENTO, build=lambda: qcow2(raw(2 * MIB, "kurento-image-R6.2"), GUEST_SIZE)),
    ),
    "Madrid": (ORION,),
}
