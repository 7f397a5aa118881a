"""Documents are read strictly (vault 1.1)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.images.vault.vault_errors import NewerFormat, UnreadableDocument
from fiwareglancesync.images.vault.vault_model import (
    BackupRun,
    ContentKey,
    FailedImage,
    ImageState,
    KeptImage,
    Record,
    ShelfBinding,
    SkippedImage,
    VaultMark,
)
from tests.support.vaults import LISTED, SOURCE, document_of, sha512, state_of, uuid_of

KEY = ContentKey(sha512(b"bytes"), 5)
MARK = VaultMark(uuid_of(0), LISTED, ("Burgos", "west:RegionOne"))
BINDING = ShelfBinding("Burgos", SOURCE, LISTED)
RECORD = Record(state_of(1, b"bytes", members=["p2"]), LISTED, KEY)
RUN = BackupRun(
    run="r",
    listed=LISTED,
    finished=datetime(2026, 3, 1, 13, 0, 0, 5, tzinfo=timezone.utc),
    host="here",
    version="1.0",
    region="Burgos",
    complete=False,
    images=(KeptImage(uuid_of(1), "\udc80 name\n", 3, KEY), KeptImage(uuid_of(2), "", 1, None)),
    failures=(FailedImage(uuid_of(3), "bad", "refused"),),
    skipped=(SkippedImage(uuid_of(4), "new", "queued"),),
    patterns=("a*",),
    others=7,
)

DOCUMENTS: list[tuple[bytes, Callable[[bytes, str], Any]]] = [
    (MARK.as_document(), VaultMark.read),
    (BINDING.as_document(), ShelfBinding.read),
    (RECORD.as_document(4), Record.read),
    (RUN.as_document(), BackupRun.read),
]
NAMES = ["vault", "shelf", "record", "run"]
each_document = pytest.mark.parametrize(("content", "read"), DOCUMENTS, ids=NAMES)


@pytest.mark.parametrize("value", [MARK, BINDING, RUN], ids=["vault", "shelf", "run"])
def test_a_document_is_read_as_it_was_written(value: Any) -> None:
    assert type(value).read(value.as_document(), "file") == value


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
)


@given(st.dictionaries(st.text(max_size=5), values, max_size=4), st.none() | st.lists(st.text(max_size=5), max_size=3))
def test_a_record_keeps_the_document_of_glance_verbatim(more: dict[str, Any], members: list[str] | None) -> None:
    state = ImageState(uuid_of(1), {**document_of(1, b"x"), **more}, None if members is None else tuple(members))
    record = Record(state, LISTED, None, "no bytes")
    assert Record.read(record.as_document(1), "file") == record


@each_document
def test_a_document_that_is_cut_off_is_refused(content: bytes, read: Callable[[bytes, str], Any]) -> None:
    for length in range(len(content.rstrip())):
        with pytest.raises(UnreadableDocument, match=r"^/v/file\.json cannot be read"):
            read(content[:length], "/v/file.json")


@each_document
def test_a_newer_format_is_refused(content: bytes, read: Callable[[bytes, str], Any]) -> None:
    newer = json.dumps({**json.loads(content), "format": 2}).encode()
    with pytest.raises(NewerFormat, match="file has the format 2, this program reads 1; use a newer glancesync"):
        read(newer, "file")


@each_document
def test_another_kind_of_document_is_refused(content: bytes, read: Callable[[bytes, str], Any]) -> None:
    other = json.dumps({**json.loads(content), "kind": "other"}).encode()
    with pytest.raises(UnreadableDocument, match="expected a "):
        read(other, "file")


@pytest.mark.parametrize("wrong", [None, 1.5, "text", -1, [1], {}, True], ids=repr)
@each_document
def test_a_field_that_is_missing_or_of_a_wrong_type_is_refused(
    content: bytes, read: Callable[[bytes, str], Any], wrong: Any
) -> None:
    fields = json.loads(content)
    for key, right in fields.items():
        without = {name: value for name, value in fields.items() if name != key}
        with pytest.raises(UnreadableDocument):
            read(json.dumps(without).encode(), "file")
        optional = key in ("members", "content", "missing")
        if type(right) is type(wrong) or (optional and wrong is None) or (key == "missing" and wrong == "text"):
            continue
        with pytest.raises(UnreadableDocument):
            read(json.dumps({**fields, key: wrong}).encode(), "file")


@pytest.mark.parametrize("sha512", ["../../etc/passwd", "AB" * 64, "ab" * 63, "ab" * 64 + "\n"])
def test_a_hash_that_is_none_is_refused(sha512: str) -> None:
    fields = json.loads(RUN.as_document())
    fields["images"][0]["sha512"] = sha512
    with pytest.raises(UnreadableDocument, match="sha512 is not a SHA-512"):
        BackupRun.read(json.dumps(fields).encode(), "file")


@pytest.mark.parametrize("name", ["", "x" * 256, "\n" * 86])
def test_a_name_that_no_shelf_can_have_is_refused(name: str) -> None:
    mark = VaultMark(uuid_of(1), LISTED, ("Burgos", name))
    with pytest.raises(UnreadableDocument, match="file cannot be read: shelves has a name that no shelf can have"):
        VaultMark.read(mark.as_document(), "file")


@pytest.mark.parametrize("id", ["..", "a/b", "", "1"])
def test_an_id_that_is_no_uuid_is_refused(id: str) -> None:
    fields = json.loads(RECORD.as_document(1))
    with pytest.raises(UnreadableDocument, match="id is not a UUID"):
        Record.read(json.dumps({**fields, "id": id}).encode(), "file")


def test_the_stated_hashes_are_those_that_glance_has() -> None:
    assert dict(RECORD.state.hashes) == {"sha512": KEY.sha512, "md5": document_of(1, b"bytes")["checksum"]}
    assert dict(ImageState(uuid_of(1), {"checksum": None, "os_hash_algo": "sha256"}).hashes) == {}
