"""Only exact names are removed from the slave (vms 2.6)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.vms.planning.overlay_names import ENDINGS, Entry, leaf_meta, present, removal
from fiwareglancesync.vms.vm_errors import StripRefused
from tests.support.vm_builders import DOMAIN, id_of, journal_machine

[DISK] = journal_machine(1).disks
BASE = DISK.frozen
WANTED = removal(DISK, [BASE])

near_names = st.one_of(
    st.sampled_from([DISK.overlay + ending for ending in (*ENDINGS, ".old", ".meta.new", "x", " ")]),
    st.sampled_from([BASE + ending for ending in ENDINGS]),
    st.sampled_from([DISK.overlay[:-1], DISK.overlay.upper(), "", ".", "..", "*", f"../{DISK.overlay}"]),
    st.text(max_size=40),
)
bad_ids = st.one_of(
    st.sampled_from(["", ".", "..", "*", "/", f"../{id_of(1, 4)}", id_of(1, 4) + "\n", id_of(1, 4) + "/..", "A" * 36]),
    st.text(max_size=40),
)


def test_the_three_files_of_the_overlay_are_named_in_the_folder_of_the_disk() -> None:
    assert WANTED.folder == PurePosixPath(DOMAIN, "images", DISK.id)
    assert WANTED.names == (DISK.overlay, f"{DISK.overlay}.lease", f"{DISK.overlay}.meta")


@given(st.dictionaries(near_names, st.just(Entry.FILE)))
def test_nothing_but_the_exact_names_is_ever_removed(listing: dict[str, Entry]) -> None:
    found = present(WANTED, listing)
    assert set(found) == set(WANTED.names) & set(listing)
    assert not any(name.startswith(BASE) for name in found)


@given(bad_ids, st.sampled_from(["overlay", "domain", "id"]))
def test_an_id_that_is_none_is_refused(id: str, where: str) -> None:
    with pytest.raises(StripRefused, match="no UUID in lower case"):
        removal(replace(DISK, **{where: id}), [BASE])


def test_a_layer_of_the_backup_is_refused() -> None:
    for wrong, chain in ((replace(DISK, overlay=BASE), []), (DISK, [BASE, DISK.overlay])):
        with pytest.raises(StripRefused, match="is a layer of the backup"):
            removal(wrong, chain)


@pytest.mark.parametrize("entry", [Entry.LINK, Entry.FOLDER, Entry.OTHER])
@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_no_file_is_refused_with_all_the_others(entry: Entry, ending: str) -> None:
    listing = dict.fromkeys(WANTED.names, Entry.FILE) | {DISK.overlay + ending: entry}
    with pytest.raises(StripRefused, match=entry.value):
        present(WANTED, listing)


def test_the_layer_below_becomes_the_top_one_again() -> None:
    assert leaf_meta("CAP=1\nVOLTYPE=INTERNAL\nEOF\n") == "CAP=1\nVOLTYPE=LEAF\nEOF\n"
    for text in ("CAP=1\n", "VOLTYPE=A\nVOLTYPE=B\n", ""):
        with pytest.raises(StripRefused):
            leaf_meta(text)
