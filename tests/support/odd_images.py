"""A region with images of every odd kind that a backup has to keep, made with python-glanceclient."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path
from typing import Any

from .faults import FaultyCloud
from .observed_federations import OURS

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from devcloud_lib.image_files import MIB, iso9660, qcow2, raw

ODD_NAMES = ["..", "a/b", "nul\u2028line", "\u202egnp.exe", "ünïcödé " * 20, "-rf", "x" * 255, " ", "%2e%2e"]
SIGNATURE = {
    "img_signature": "c2lnbmF0dXJl" * 20,
    "img_signature_hash_method": "SHA-256",
    "img_signature_key_type": "RSA-PSS",
    "img_signature_certificate_uuid": "11111111-2222-4333-8444-555555555555",
}


def vmdk(size: int) -> bytes:
    """A disk in VMware's format whose descriptor names no other file."""
    text = b'# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\n'
    text += b'createType="monolithicSparse"\nRW 2048 SPARSE "d.vmdk"\n'
    header = struct.pack("<4sIIQQQQIQQQBccccH", b"KDMV", 1, 3, size // 512, 128, 1, 20, 512, 0, 21, 128, 0,
                         b"\n", b" ", b"\r", b"\n", 0)  # fmt: skip
    return header.ljust(512, b"\0") + text.ljust(20 * 512, b"\0") + bytes(108 * 512)


class OddImages:
    """A region with odd images.

    :param cloud: the development cloud
    :param region: the region, which is emptied first
    """

    def __init__(self, cloud: FaultyCloud, region: str) -> None:
        self.cloud = cloud
        self.region = region
        self.client = cloud.client(region, OURS)
        self.contents: dict[str, bytes] = {}
        cloud.fill(region, [])

    def add(self, name: str | None, content: bytes | None = b"content", *, client: Any = None, **fields: Any) -> str:
        """Make an image.

        :param content: its bytes; None leaves it ``queued``
        :param fields: Glance's
        """
        images = (client or self.client).images
        fields = {"disk_format": "raw", "container_format": "bare", **fields}
        protected = fields.pop("protected", False)
        made = images.create(**({} if name is None else {"name": name}), **fields).id
        if content is not None:
            images.upload(made, io.BytesIO(content))
            self.contents[made] = content
        if protected:
            images.update(made, protected=True)
        return str(made)

    def fill(self) -> None:
        """Make all odd images."""
        foreign = self.cloud.client(self.region, "foreign")
        for number in range(2):
            self.add("namesake", raw(100, f"namesake{number}"), visibility="public")
        self.add("old_obsolete", raw(MIB, "old"))
        self.add("hidden", b"hidden", os_hidden=True)
        self.add(None, b"unnamed")
        self.deactivated = self.add("deactivated", b"deactivated")
        self.client.images.deactivate(self.deactivated)
        self.add("private", b"private", visibility="private")
        self.add("community", b"community", visibility="community")
        self.shared = self.add("shared", b"shared", visibility="shared")
        for number in (1, 2):
            self.client.image_members.create(self.shared, f"{number}" * 32)
        self.add("shared with nobody", b"alone", visibility="shared")
        self.add("protected", b"protected", protected=True)
        self.add("tagged", b"tagged", tags=["a", "b/c", "ü", "z" * 255])
        kernel = self.add("kernel", b"kernel", client=foreign, visibility="public", disk_format="aki",
                          container_format="aki")  # fmt: skip
        del self.contents[kernel]
        self.add("ami", b"ami", disk_format="ami", container_format="ami", kernel_id=kernel, ramdisk_id="nowhere")
        signed = self.add("signed", b"signed")
        self.client.images.update(signed, **SIGNATURE)  # Glance verifies the signature of an upload
        self.add("many", b"many", **{f"p{number}": f"v{number}" for number in range(127)})
        self.add("null", b"null", os_distro="", hw_qemu_guest_agent="yes", min_disk=20, min_ram=1024)
        for name in ODD_NAMES:
            self.add(name, name.encode())
        self.add("empty", b"")
        self.add("same content as empty", b"")
        self.add("qcow2", qcow2(raw(70_000, "q"), 3 * MIB), disk_format="qcow2")
        self.add("iso", iso9660(raw(5000, "i")), disk_format="iso")
        self.add("vmdk", vmdk(MIB), disk_format="vmdk")
        self.add("sparse", raw(4096, "s") + bytes(20 * MIB) + raw(4096, "t"))
        self.unhashed = self.add("unhashed", b"unhashed")
        self.cloud.forget_hashes(self.region, self.unhashed)
        self.queued = self.add("queued", None)

    def documents(self) -> dict[str, Any]:
        """What python-glanceclient's session reads of each image of the project, by UUID."""
        http = self.client.http_client
        project = self.cloud.account("glancesync")["project_id"]
        found: dict[str, Any] = {}
        for hidden in ("false", "true"):
            path = f"/v2/images?owner={project}&os_hidden={hidden}&limit=1000"
            found |= {each["id"]: each for each in http.get(path)[1]["images"]}
        return found

    def clean(self) -> None:
        """Remove everything, the images of others too."""
        foreign = self.cloud.client(self.region, "foreign")
        self.cloud.fill(self.region, [])
        for image in foreign.images.list(filters={"owner": self.cloud.account("foreign")["project_id"]}):
            foreign.images.delete(image.id)
