"""The plain data: comparisons and small changes."""

from __future__ import annotations

import pickle

import pytest

from fiwareglancesync.images.model import (
    NO_PROPERTIES,
    Image,
    Patch,
    SyncStatus,
    same_content,
    seconds_since_epoch,
)
from tests.support.builders import OURS, THEIRS, image, listing


def hashed(checksum: str | None, algo: str | None = None, value: str | None = None) -> Image:
    return image("a", checksum, hash_algo=algo, hash_value=value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(hashed("m"), hashed("m"), True, id="equal MD5"),
        pytest.param(hashed("m"), hashed("n"), False, id="other MD5"),
        pytest.param(hashed("m"), hashed(None), False, id="one is missing"),
        pytest.param(hashed(None), hashed(None), False, id="both are missing"),
        pytest.param(hashed(""), hashed(""), False, id="both are empty"),
        pytest.param(hashed("m", "sha512", "x"), hashed("n", "sha512", "x"), True, id="the multihash decides"),
        pytest.param(hashed("m", "sha512", "x"), hashed("m", "sha512", "y"), False, id="even against the MD5"),
        pytest.param(hashed("m", "sha512", "x"), hashed("m", "sha256", "y"), True, id="not one of another algorithm"),
        pytest.param(hashed("m", "sha512", "x"), hashed("m"), True, id="nor one that the other lacks"),
        pytest.param(hashed(None, "sha512", "x"), hashed(None, "sha512", "x"), True, id="multihash alone"),
        pytest.param(hashed(None, "sha512", "x"), hashed(None, "sha256", "x"), False, id="equal by chance"),
    ],
)
def test_content_is_the_same_by_multihash_else_by_md5(one: Image, other: Image, same: bool) -> None:
    assert same_content(one, other) is same
    assert same_content(other, one) is same


def test_an_image_without_owner_is_the_projects_own() -> None:
    ours = listing()
    assert [ours.owns(image("a", owner=owner)) for owner in (OURS, "", THEIRS)] == [True, True, False]


def test_a_patch_says_nothing_of_what_it_does_not_change() -> None:
    assert not Patch()
    for changed in (Patch(name=""), Patch(visibility="private"), Patch(protected=False), Patch(remove=("a",))):
        assert changed
    assert Patch(set={"a": ""})


def test_a_patch_is_applied_to_a_copy() -> None:
    before = image("a", properties={"kept": "1", "gone": "2", "changed": "3"}, exact_visibility=False)
    after = Patch("b", "shared", True, {"changed": "4", "added": "5"}, ("gone",)).apply(before)
    assert (after.name, after.visibility, after.exact_visibility, after.protected) == ("b", "shared", True, True)
    assert after.user_properties == {"kept": "1", "changed": "4", "added": "5"}
    assert before == image("a", properties={"kept": "1", "gone": "2", "changed": "3"}, exact_visibility=False)
    assert Patch().apply(before) == before


def test_what_a_status_means() -> None:
    moving = {SyncStatus.PENDING_UPLOAD, SyncStatus.PENDING_REPLACE, SyncStatus.PENDING_RENAME}
    pending = moving | {SyncStatus.PENDING_METADATA, SyncStatus.PENDING_AMI}
    assert {status for status in SyncStatus if status.moves_content} == moving
    assert {status for status in SyncStatus if status.pending} == pending
    assert {str(status) for status in SyncStatus if status.error} == {"error_checksum", "error_ami"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1970-01-01T00:01:00+00:00", 60.0), ("yesterday", 0.0), ("", 0.0)],
)
def test_a_time_that_is_none_is_long_ago(text: str, seconds: float) -> None:
    assert seconds_since_epoch(text) == seconds


def test_the_empty_mapping_stays_empty_and_the_same() -> None:
    with pytest.raises(TypeError):
        NO_PROPERTIES["a"] = "1"  # type: ignore[index]
    assert pickle.loads(pickle.dumps(NO_PROPERTIES)) == {}  # noqa: S301 - our own bytes
    assert Image("i", "n", "r").user_properties is NO_PROPERTIES
