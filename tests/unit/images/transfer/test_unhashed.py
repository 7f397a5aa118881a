"""Images of which the master states no hash (sync 3.1)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.errors import VerificationError
from fiwareglancesync.images.execution.change import verify
from fiwareglancesync.images.model import SOURCE_HASH, Image
from fiwareglancesync.images.places import Body
from fiwareglancesync.images.transfer import Mover
from fiwareglancesync.images.transfer.sources import FileSource, StreamSource
from fiwareglancesync.images.transfer.spool import SpoolSource
from fiwareglancesync.images.transfer.spool_entry import SpoolEntry
from fiwareglancesync.images.transfer.upload_way import upload_ways
from fiwareglancesync.images.transfer.way import UNHASHED
from tests.support.builders import MASTER, RegionSetup, carrying, entry, errors, image, master_image, plan, texts
from tests.support.bytes_place import BytesPlace, md5

CONTENT = b"bytes that nobody has hashed"
UNKNOWN = master_image("a", None, size=len(CONTENT))
SAID = json.dumps(
    {"algorithm": "md5", "hash": md5(CONTENT), "id": "m-a", "size": len(CONTENT)}, separators=(",", ":")
)


def copy(said: str | None = SAID, content: bytes = CONTENT, **fields: object) -> Image:
    """The region's image, with what its property says."""
    properties = {} if said is None else {SOURCE_HASH: said}
    return image("a", md5(content), size=len(content), properties=properties, **fields)


class TestStatus:
    def test_it_is_to_be_uploaded(self) -> None:
        assert entry([UNKNOWN]).status.value == "pending_upload"

    def test_what_was_made_of_it_is_equal(self) -> None:
        assert entry([UNKNOWN], [copy()]).status.value == "ok"

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(copy(None), id="no word of it"),
            pytest.param(copy(SAID.replace("m-a", "m-b")), id="another image"),
            pytest.param(copy(SAID.replace(md5(CONTENT), md5(b"x"))), id="another hash than the image states"),
            pytest.param(copy(content=b"b" * len(CONTENT)), id="copied to another image"),
            pytest.param(copy("{"), id="nonsense"),
        ],
    )
    @pytest.mark.parametrize("rules", [{}, {"replace": ["any"]}, {"rename": ["any"]}])
    def test_nothing_else_is_and_any_does_not_apply(self, other: Image, rules: dict[str, Any]) -> None:
        made = plan([UNKNOWN], [other], **rules, own_lists=frozenset(rules))
        assert made.entries[0].status.value == "error_checksum"
        added = f"{'…, ' if 'replace' in rules else ''}{other.checksum}"
        assert texts(made) == [
            f"Image a (checksum {other.checksum}) in region Burgos cannot be compared with the master region's, which"
            f' has no checksum. To decide, write "replace = {added}" in [master]; then this image is replaced, with'
            " rename it is kept as a.old, with dontupdate it stays as it is."
        ]

    @pytest.mark.parametrize(
        ("rule", "status"),
        [("replace", "pending_replace"), ("rename", "pending_rename"), ("dontupdate", "ok_stalled_checksum")],
    )
    def test_listed_checksums_apply(self, rule: str, status: str) -> None:
        assert entry([UNKNOWN], [copy(None)], **{rule: [md5(CONTENT)]}).status.value == status

    def test_once_the_master_states_a_hash_that_counts(self) -> None:
        known = replace(UNKNOWN, checksum=md5(CONTENT))
        assert entry([known], [copy()]).status.value == "ok"
        assert entry([replace(known, checksum=md5(b"x"))], [copy()]).status.value == "error_checksum"

    def test_skip_unhashed_leaves_it_out_on_purpose(self) -> None:
        made = plan([UNKNOWN], skip_unhashed=True)
        assert made.entries == ()
        assert [(left.image.id, left.deliberate) for left in made.left_out] == [("m-a", True)]
        assert texts(made) == []

    def test_an_unfinished_one_is_removed_not_finished(self) -> None:
        unfinished = carrying(replace(copy(None), id="new"))
        (left,) = plan([UNKNOWN], [unfinished]).leftovers
        assert left.tidying.value == "remove"


class Region:
    """A region that takes the bytes, behind one way to get them.

    :param folder: holds the spool and, perhaps, the master's file
    :param forced: the only way allowed
    """

    def __init__(self, folder: Path, forced: str = "auto") -> None:
        self.setup = RegionSetup([UNKNOWN])
        self.master = BytesPlace(self.setup.federation.place(self.setup.target, MASTER), {"m-a": CONTENT})
        self.spool = SpoolSource(self.master, folder / "spool")
        self.mover = Mover(upload_ways(FileSource(folder), self.spool, StreamSource(self.master)), forced)

    def sync(self) -> dict[str, str]:
        """Synchronise; what failed."""
        outcome = self.setup.sync(through=BytesPlace, mover=self.mover)
        return dict(errors(outcome))


class TestMoving:
    @pytest.mark.parametrize("way", ["spool", "stream"])
    def test_it_is_hashed_on_its_way_and_what_the_region_states_is_noted(self, tmp_path: Path, way: str) -> None:
        region = Region(tmp_path, way)
        assert region.sync() == {}
        made = region.setup.named("a")
        assert (made.checksum, made.user_properties) == (md5(CONTENT), {SOURCE_HASH: SAID})
        assert region.setup.plan().entries[0].status.value == "ok"

    def test_its_file_is_not_believed(self, tmp_path: Path) -> None:
        (tmp_path / "m-a").write_bytes(CONTENT)
        region = Region(tmp_path, "file")
        assert region.sync() == {"a": f"file: {UNHASHED}"}
        assert region.setup.names() == []

    @pytest.mark.parametrize("way", ["spool", "stream"])
    def test_what_the_region_altered_is_removed(self, tmp_path: Path, way: str) -> None:
        region = Region(tmp_path, way)

        class Altering(BytesPlace):
            def upload(self, image_id: str, body: Body) -> None:
                content = b"".join(p if isinstance(p, bytes) else p.read() for p in body.pieces())
                super().upload(image_id, Body(len(content), lambda: iter([content[::-1]])))

        failed = errors(region.setup.sync(through=Altering, mover=region.mover))
        assert failed["a"] == (
            f"{way}: after the upload its checksum is md5 {md5(CONTENT[::-1])}, what was sent has {md5(CONTENT)}"
        )
        assert region.setup.names() == []

    def test_two_images_without_a_hash_share_no_copy(self, tmp_path: Path) -> None:
        other = master_image("b", None, size=len(CONTENT))
        assert SpoolEntry.of(UNKNOWN, tmp_path).key != SpoolEntry.of(other, tmp_path).key
        assert SpoolEntry.of(UNKNOWN, tmp_path).key == SpoolEntry.of(replace(UNKNOWN, name="c"), tmp_path).key

    def test_half_a_copy_is_read_anew_from_its_beginning(self, tmp_path: Path) -> None:
        region = Region(tmp_path, "spool")
        left = SpoolEntry.of(UNKNOWN, tmp_path / "spool")
        left.folder.mkdir(mode=0o700)
        left.make(len(CONTENT))
        left.data.write_bytes(b"x" * 5)
        started: list[int] = []
        download = region.master.download

        @contextmanager
        def watched(image_id: str, start: int = 0) -> Iterator[Body]:
            started.append(start)
            with download(image_id, start) as body:
                yield body

        region.master.download = watched  # type: ignore[assignment, method-assign]
        assert region.sync() == {}
        assert started == [0]
        assert region.setup.named("a").checksum == md5(CONTENT)


SENT = {"sha512": hashlib.sha512(CONTENT).hexdigest(), "md5": md5(CONTENT)}


class TestVerifying:
    def test_either_hash_is_enough(self) -> None:
        verify(UNKNOWN, copy(), SENT)
        verify(UNKNOWN, replace(copy(), checksum=None, hash_algo="sha512", hash_value=SENT["sha512"]), SENT)

    @pytest.mark.parametrize(
        "made",
        [
            replace(copy(), checksum=md5(b"x")),
            replace(copy(), hash_algo="sha512", hash_value="0" * 128),
            replace(copy(), checksum=None, hash_algo="sha3_256", hash_value="0"),
            replace(copy(), checksum=None),
        ],
        ids=["md5 differs", "multihash differs", "unknown algorithm alone", "nothing stated"],
    )
    def test_whatever_is_not_proved_is_refused(self, made: Image) -> None:
        with pytest.raises(VerificationError):
            verify(UNKNOWN, made, SENT)
