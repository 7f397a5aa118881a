"""A copy is removed only when everything is as recorded (snapshots 4.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef, Namespace, SeenSnapshot
from fiwareglancesync.snapshots.planning.copy_removal import Fate, Judgement, RemovalLook, judge_removal
from tests.support.snapshot_records import IMAGE, copy

COPY = copy(5)
LOOK = RemovalLook(IMAGE, SeenSnapshot(5, COPY.name), False, 0)


def test_as_recorded_it_goes() -> None:
    assert judge_removal(COPY, LOOK) == Judgement(Fate.REMOVE)


@pytest.mark.parametrize(
    ("look", "fate"),
    [
        (replace(LOOK, image=ImageRef("volumes", "other")), Fate.KEEP),
        (replace(LOOK, image=ImageRef("images", IMAGE.id)), Fate.KEEP),
        (replace(LOOK, snapshot=None), Fate.CLOSE),
        (replace(LOOK, snapshot=SeenSnapshot(6, COPY.name)), Fate.CLOSE),
        (replace(LOOK, snapshot=SeenSnapshot(5, "renamed")), Fate.CLOSE),
        (replace(LOOK, snapshot=SeenSnapshot(5, "any", Namespace.TRASH)), Fate.LINGER),
        (replace(LOOK, snapshot=SeenSnapshot(5, COPY.name, Namespace.GROUP)), Fate.KEEP),
        (replace(LOOK, snapshot=SeenSnapshot(5, COPY.name, Namespace.MIRROR)), Fate.KEEP),
        (replace(LOOK, snapshot=SeenSnapshot(5, COPY.name, Namespace.UNKNOWN)), Fate.KEEP),
        (replace(LOOK, is_protected=True), Fate.KEEP),
        (replace(LOOK, is_protected=None), Fate.KEEP),
        (replace(LOOK, children=1), Fate.KEEP),
        (replace(LOOK, children=None), Fate.KEEP),
    ],
)
def test_otherwise_it_stays_and_why_is_said(look: RemovalLook, fate: Fate) -> None:
    found = judge_removal(COPY, look)
    assert found.fate is fate
    assert found.why
