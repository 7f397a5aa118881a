"""What gluster's command prints, as texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

OLD, NEW = ("master", "slave"), ("primary", "secondary")
"""The words of old and new versions for the two ends of a session."""

ID = "a45a6e2b-c5cd-4353-81c8-741435e55cf7"


def answer(inner: str, *, code: int = 0, error: str = "") -> str:
    """An answer of the command."""
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<cliOutput>\n<opRet>{code}</opRet>\n'
        f"<opErrno>0</opErrno>\n<opErrstr>{error}</opErrstr>\n{inner}\n</cliOutput>\n"
    )


def pair(
    node: str,
    brick: str,
    *,
    status: str = "Active",
    completed: str = "No",
    checkpoint: str = "N/A",
    synced: str = "2026-11-28 18:15:32",
    words: tuple[str, str] = NEW,
) -> str:
    """A pair of a session."""
    master, slave = words
    return (
        f"<pair><{master}_node>{node}</{master}_node><{master}_brick>{brick}</{master}_brick><{slave}_node/>"
        f"<status>{status}</status><checkpoint_completed>{completed}</checkpoint_completed>"
        f"<last_synced>{synced}</last_synced><checkpoint_time>{checkpoint}</checkpoint_time></pair>"
    )


def session_answer(*pairs: str, address: str = "ssh://gs::copy", words: tuple[str, str] = NEW) -> str:
    """The answer to ``status detail``."""
    name = f"session_{words[1]}"
    return answer(
        "<geoRep><volume><name>data</name><sessions><session>"
        f"<{name}>{ID}:{address}:{ID}</{name}>{''.join(pairs)}</session></sessions></volume></geoRep>"
    )


def volume_answer(
    name: str, bricks: Sequence[str], *, replicas: int = 1, options: Mapping[str, str] | None = None
) -> str:
    """The answer to ``volume info``."""
    listed = "".join(f"<brick uuid='{ID}'>{brick}<name>{brick}</name></brick>" for brick in bricks)
    written = "".join(
        f"<option><name>{key}</name><value>{value}</value></option>" for key, value in (options or {}).items()
    )
    return answer(
        f"<volInfo><volumes><volume><name>{name}</name><status>1</status><replicaCount>{replicas}</replicaCount>"
        f"<bricks>{listed}</bricks><options>{written}</options></volume></volumes></volInfo>"
    )
