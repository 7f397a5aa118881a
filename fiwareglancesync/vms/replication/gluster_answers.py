"""Reads what gluster's command prints as XML, in the words of old and new versions (vms 2.4)."""

from __future__ import annotations

from datetime import datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ...base.text import one_line
from ..vm_errors import GlusterError, NoSession
from .georep_model import Pair, PairStatus, Session, Volume

OLD_WORDS, NEW_WORDS = ("master", "slave"), ("primary", "secondary")
"""The words for the two ends of a session."""

TIME = "%Y-%m-%d %H:%M:%S"
STARTED = "1"


def read_session(text: str, host: str, volume: str) -> Session:
    """The session to a slave volume.

    :param text: of ``volume geo-replication ... status detail``
    :param host: of the slave, without an account
    :param volume: of the slave
    :raises NoSession: it is not there
    :raises GlusterError: gluster refused, or the text is no such answer
    """
    for session in _answer(text).iter("session"):
        if _names(session, host, volume):
            return Session(tuple(_pair(pair) for pair in session.iter("pair")))
    raise NoSession(f"there is no session of geo-replication to {host}::{volume}")


def read_volume(text: str, name: str) -> Volume:
    """A volume.

    :param text: of ``volume info``
    :raises GlusterError: gluster refused, the text is no such answer, or it has another volume
    """
    for volume in _answer(text).iter("volume"):
        if _text(volume, "name") == name:
            return _volume(volume, name)
    raise GlusterError(f"gluster does not list the volume {name}")


def read_checkpoint(text: str) -> int:
    """The checkpoint of a session, in seconds since 1970.

    :param text: of ``volume geo-replication ... config checkpoint``
    :raises GlusterError: gluster refused, or there is no checkpoint
    """
    for found in _answer(text).iter("checkpoint"):
        if found.text and found.text.strip().isdecimal():
            return int(found.text)
    raise GlusterError("the session has no checkpoint")


def read_method(text: str) -> str:
    """How a session copies.

    :param text: of ``volume geo-replication ... config sync-method``
    :raises GlusterError: gluster refused, or does not say
    """
    root = _answer(text)
    for name in ("sync_method", "sync-method"):
        for found in root.iter(name):
            if found.text:
                return found.text.strip()
    raise GlusterError("gluster does not say how the session copies")


def read_snapshots(text: str) -> tuple[str, ...]:
    """The names of the snapshots of a volume.

    :param text: of ``snapshot list``
    :raises GlusterError: gluster refused, or the text is no such answer
    """
    return tuple(found.text.strip() for found in _answer(text).iter("snapshot") if found.text)


def demand_success(text: str) -> None:
    """See that gluster did what it was asked, with each snapshot that the answer names.

    :raises GlusterError: it refused, or the text is no answer
    """
    for snapshot in _answer(text).iter("snapshot"):
        if _text(snapshot, "status") == "Failure":
            raise GlusterError(one_line(_text(snapshot, "opErrstr")) or "it failed, and gluster gives no reason")


def _answer(text: str) -> Element:
    # An answer declares no entities: what does is not gluster's, and may be made to use up the memory.
    if "<!" in text:
        raise GlusterError("the answer of gluster's command has a declaration that does not belong there")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 (no entities, see above)
    except ElementTree.ParseError as error:
        raise GlusterError(f"the answer of gluster's command is no XML: {one_line(text) or 'it is empty'}") from error
    if root.tag != "cliOutput":
        raise GlusterError(f"the answer of gluster's command is not known: {one_line(root.tag)}")
    if _text(root, "opRet") != "0":
        raise GlusterError(one_line(_text(root, "opErrstr")) or "gluster's command failed, and gives no reason")
    return root


def _names(session: Element, host: str, volume: str) -> bool:
    """Whether a session leads to a slave volume: ``UUID:ssh://[USER@]HOST::VOLUME:UUID``."""
    found = _either(session, "session_{1}")
    address = found.partition("ssh://")[2]
    found_host, _, rest = address.partition("::")
    return found_host.rpartition("@")[2] == host and rest.partition(":")[0] == volume


def _pair(pair: Element) -> Pair:
    return Pair(
        f"{_either(pair, '{0}_node')}:{_either(pair, '{0}_brick')}",
        _status(_text(pair, "status")),
        {"yes": True, "no": False}.get(_text(pair, "checkpoint_completed").casefold()),
        _time(_text(pair, "last_synced")),
        _time(_text(pair, "checkpoint_time")),
    )


def _status(word: str) -> PairStatus:
    try:
        return PairStatus(word.rstrip(".").casefold())
    except ValueError:
        return PairStatus.UNKNOWN


def _volume(volume: Element, name: str) -> Volume:
    bricks = [_text(brick, "name") or (brick.text or "").strip() for brick in volume.iter("brick")]
    size = int(_text(volume, "replicaCount") or 1) if _text(volume, "replicaCount").isdecimal() else 1
    sets = tuple(frozenset(bricks[start : start + max(1, size)]) for start in range(0, len(bricks), max(1, size)))
    options = {_text(option, "name"): _text(option, "value") for option in volume.iter("option")}
    return Volume(name, _text(volume, "status") == STARTED, sets, options)


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, TIME)
    except ValueError:
        return None


def _either(element: Element, form: str) -> str:
    """The text of an element whose name has the words of either version.

    :param form: the name, with ``{0}`` for the master and ``{1}`` for the slave
    """
    return next((text for words in (NEW_WORDS, OLD_WORDS) if (text := _text(element, form.format(*words)))), "")


def _text(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()
