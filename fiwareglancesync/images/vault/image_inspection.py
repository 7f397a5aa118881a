"""Which format an image file has, by its content; files that are no safe image are refused (vault 2.9)."""

from __future__ import annotations

import logging
from pathlib import Path

from .vault_errors import VaultError

FORMATS = ("raw", "qcow2", "iso", "vmdk", "vdi", "vhd", "vhdx", "ploop", "ami", "aki", "ari")
"""Glance's formats."""

NEUTRAL = frozenset({"", "img", "image", "bin"})
"""Ends of file names that say no format."""

PARTITIONED, BOOTABLE = "gpt", frozenset({"gpt", "iso"})

_ARCHIVES = (
    (0, b"\x1f\x8b", "gzip"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"\x04\x22\x4d\x18", "lz4"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07", "rar"),
    (257, b"ustar", "tar"),
)
"""Position, bytes and name of what archives begin with."""

PIECE_BYTES = 4096
HEAD_BYTES = 512


def name_and_end(file: str) -> tuple[str, str]:
    """The name of the image in a file, and the end of the file's name as a format; an end that says nothing else stays.

    :param file: name of the file
    """
    stem, dot, end = file.rpartition(".")
    end = end.lower()
    if dot and stem and (end in FORMATS or (end in NEUTRAL and end)):
        return stem, end
    return file, ""


def format_of(path: Path, end: str, chosen: str | None = None) -> str:
    """The format of an image, by its content.

    :param end: what the name of the file says
    :param chosen: the format that the user states, None for none
    :raises VaultError: it is no image, or names other files, or its name says another format
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        found = _safe_format(path)
    except OSError as error:
        raise VaultError(f"{path} cannot be read: {error.strerror}") from error
    archive = next((name for at, magic, name in _ARCHIVES if head[at:].startswith(magic)), None)
    if archive is not None and found == "raw" and chosen is None:
        raise VaultError(f"it is a {archive} archive; unpack it, or state its format with --format")
    if chosen is not None:
        if found not in ("raw", chosen):
            raise VaultError(f"its content is {found}, and --format says {chosen}")
        return chosen
    if end not in NEUTRAL and end != found and not (found == "raw" and end in ("ami", "aki", "ari", "ploop")):
        raise VaultError(f"its content is {found}, and its name says {end}; state its format with --format")
    return end if end in ("ami", "aki", "ari", "ploop") else found


def _safe_format(path: Path) -> str:
    """The format that the content shows.

    :raises VaultError: it shows several, or is not safe
    """
    from oslo_utils.imageutils import format_inspector

    logging.getLogger(format_inspector.__name__).addHandler(logging.NullHandler())  # its findings are in the errors
    with path.open("rb") as file:
        wrapper = format_inspector.InspectWrapper(file)
        while wrapper.formats is None and wrapper.read(PIECE_BYTES):
            pass
        wrapper.close()
    inspectors = wrapper.formats or []
    names = {str(inspector) for inspector in inspectors}
    if len(names) > 1 and names != BOOTABLE:
        raise VaultError(f"its content is {' and '.join(sorted(names))} at the same time")
    for inspector in inspectors:
        try:
            inspector.safety_check()
        except format_inspector.SafetyCheckFailed as error:
            reasons = "; ".join(sorted(str(each) for each in error.failures.values()))
            raise VaultError(f"it is not safe: {reasons}") from error
        except format_inspector.ImageFormatError as error:
            raise VaultError(f"it is cut off: {error}") from error
    found = "iso" if "iso" in names else next(iter(names), "raw")
    found = "raw" if found == PARTITIONED else found
    if found not in FORMATS:
        raise VaultError(f"its content is {found}, which Glance does not have")
    return found
