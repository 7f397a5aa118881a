"""Whether one copy may be removed, by a look at it immediately before (snapshots 4.4). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..ceph.ceph_model import ImageRef, Namespace, SeenSnapshot
from ..snapshot_model import Copy


class Fate(Enum):
    """What becomes of a copy and its record."""

    REMOVE = "remove"
    KEEP = "keep"
    """It stays, and is looked at again in the next run."""

    CLOSE = "close"
    """It stays, or is gone, and is a copy of ours no more: its record is closed."""

    LINGER = "linger"
    """It was removed, and clones keep it in the namespace *trash*: it is no copy any more."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a copy.

    :param why: why it is not removed, "" when it is
    :param is_error: whether Ceph failed or refused a request
    """

    fate: Fate
    why: str = ""
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class RemovalLook:
    """What Ceph says of a snapshot immediately before it is removed.

    :param image: the image in which it was looked up
    :param snapshot: the one with the recorded id, None when there is none
    :param is_protected: None when that is not known
    :param children: how many clones it has, None when that is not known
    """

    image: ImageRef
    snapshot: SeenSnapshot | None
    is_protected: bool | None
    children: int | None


def judge_removal(copy: Copy, look: RemovalLook) -> Judgement:
    """Decide whether a copy is removed: only when all is as recorded.

    :param copy: its record
    """
    found = look.snapshot
    if look.image != copy.image:
        return Judgement(Fate.KEEP, f"another image has the name of {copy.image.id}")
    if found is None or found.id != copy.snapshot_id:
        return Judgement(Fate.CLOSE, "it is gone")
    if found.namespace is Namespace.TRASH:
        return Judgement(Fate.LINGER, "it is in the namespace trash: clones keep it, or its removal was interrupted")
    if found.namespace is not Namespace.USER:
        return Judgement(Fate.KEEP, f"it is in the namespace {found.namespace.value}")
    if found.name != copy.name:
        return Judgement(Fate.CLOSE, f"somebody renamed it to {found.name}: it is not ours any more")
    return _judge_use(look)


def _judge_use(look: RemovalLook) -> Judgement:
    if look.is_protected is None:
        return Judgement(Fate.KEEP, "it is not known whether it is protected")
    if look.is_protected:
        return Judgement(Fate.KEEP, "it is protected")
    if look.children is None:
        return Judgement(Fate.KEEP, "it is not known whether it has clones")
    if look.children:
        return Judgement(Fate.KEEP, f"it has {look.children} clones")
    return Judgement(Fate.REMOVE)
