"""libvirt's documents about a virtual machine (vms 3)."""

from __future__ import annotations

from pathlib import PurePosixPath

from fiwareglancesync.vms.engines.domain_xml import ELSEWHERE, VolumePlace, as_disk, read_disks, snapshot_xml
from fiwareglancesync.vms.vm_model import DiskStatus
from tests.support.vm_builders import id_of

PLACE = VolumePlace("data", (PurePosixPath("/rhev/data"), PurePosixPath("/mnt/data")))
SD, IMG, TOP, BASE = id_of(1), id_of(2), id_of(3), id_of(4)
DOMAIN = f"""\
<domain><devices>
  <disk type='file' device='disk'><source file='/mnt/data/{SD}/images/{IMG}/{TOP}'/><target dev='vda'/>
    <backingStore type='file'><source file='/mnt/data/{SD}/images/{IMG}/{BASE}'/><backingStore/></backingStore>
    <mirror ready='yes'/></disk>
  <disk type='file' device='disk'><source file='/mnt/data2/{SD}/images/{IMG}/x'/><target dev='vdb'/><shareable/></disk>
  <disk type='block' device='disk'><source dev='/dev/sdx'/><target dev='vdc'/></disk>
  <disk type='file' device='cdrom'><source file='/mnt/data/iso'/><target dev='hda'/></disk>
  <disk type='file' device='disk'><source file='/mnt/data/flat'/><target dev='vdd'/></disk>
  <disk type='block' device='lun'><source dev='/dev/sdy'/><target dev='sda'/></disk>
  <disk type='network' device='disk'><source protocol='gluster' name='data/web.img'><host name='gm'/></source>
    <target dev='vde'/></disk>
  <disk type='network' device='disk'><source protocol='gluster' name='data2/web.img'/><target dev='vdf'/></disk>
</devices></domain>
"""


def test_a_disk_in_the_volume_has_its_ids_and_its_layers() -> None:
    first = read_disks(DOMAIN)[0]
    assert first.ids(PLACE) == (SD, IMG, TOP)
    assert [file.name for file in first.files] == [TOP, BASE]
    assert (first.is_ready, first.is_shareable) == (True, False)
    disk = as_disk(first, PLACE, DiskStatus.LOCKED)
    assert (disk.id, disk.domain, disk.layer, disk.status) == (IMG, SD, TOP, DiskStatus.LOCKED)


def test_other_disks_are_elsewhere_or_direct_luns_and_no_drives() -> None:
    _, other, lun, _, passed, _, foreign = read_disks(DOMAIN)
    assert (other.target, other.is_shareable, other.is_ready, other.ids(PLACE)) == ("vdb", True, False, None)
    assert not as_disk(other, PLACE, DiskStatus.OK).is_direct_lun
    assert all(as_disk(each, PLACE, DiskStatus.OK).is_direct_lun for each in (lun, passed, foreign))
    assert not any(as_disk(each, PLACE, DiskStatus.OK).is_misplaced for each in read_disks(DOMAIN)[:3])


def test_a_disk_in_the_volume_that_is_in_no_storage_domain_is_misplaced_also_without_a_mount() -> None:
    disks = read_disks(DOMAIN)
    for flat in (disks[3], disks[5]):
        disk = as_disk(flat, PLACE, DiskStatus.OK)
        assert disk.is_misplaced
        assert not disk.is_direct_lun
        assert not disk.is_in(SD)
    assert not as_disk(disks[6], PLACE, DiskStatus.OK).is_misplaced


def test_a_volume_that_is_mounted_twice_is_found_at_each_mount() -> None:
    second = read_disks(DOMAIN.replace("/mnt/data/", "/rhev/data/"))[0]
    assert second.ids(PLACE) == (SD, IMG, TOP)


def test_a_snapshot_names_every_disk_and_the_overlays() -> None:
    text = snapshot_xml({"vda": PurePosixPath("/mnt/a & b/new"), "vdb": None})
    assert text == (
        '<domainsnapshot><disks><disk name="vda" snapshot="external"><driver type="qcow2" />'
        '<source file="/mnt/a &amp; b/new" /></disk><disk name="vdb" snapshot="no" /></disks></domainsnapshot>'
    )


def test_a_disk_with_a_name_that_is_no_id_is_misplaced_and_makes_no_storage_domain() -> None:
    for wrong in (DOMAIN.replace(IMG, "web"), DOMAIN.replace(SD, "sd"), DOMAIN.replace(TOP, "top.qcow2")):
        disk = as_disk(read_disks(wrong)[0], PLACE, DiskStatus.OK)
        assert (disk.domain, disk.is_misplaced) == (ELSEWHERE, True)


def test_a_disk_that_is_read_only_is_none_of_a_backup() -> None:
    text = DOMAIN.replace("<target dev='vda'/>", "<target dev='vda'/><readonly/>")
    assert [disk.target for disk in read_disks(text)] == [disk.target for disk in read_disks(DOMAIN)[1:]]
