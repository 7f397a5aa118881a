"""Backups: a folder with ``backup_<R>.csv`` and ``backup_<R>.jsonl`` for each region R (sync 1.4, 4)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ....base.errors import ConfigError, NotWritten
from ....base.file_names import decode, file_name, region_name
from ...model import Image
from ...settings import MASTER
from .csv_rows import format_rows, parse_rows
from .json_rows import format_lines, parse_lines

PREFIX = "backup_"
CSV = ".csv"
JSONL = ".jsonl"


def write_backup(folder: Path, region: str, images: Sequence[Image]) -> None:
    """Write both files of one region; the folder is made when it is missing.

    :param folder: where to write; made with mode 0700, the files with 0600
    :param region: full name of the region
    :param images: the images in this order, without those that do not belong into a backup
    :raises NotWritten: it cannot be written; then neither file is left
    """
    files = [folder / (PREFIX + file_name(region) + end) for end in (CSV, JSONL)]
    try:
        make_backup_folder(folder)
        for file, lines in zip(files, (format_rows(images), format_lines(images)), strict=True):
            _write(file, lines)
    except NotWritten:
        for file in files:
            with suppress(OSError):
                file.unlink(missing_ok=True)
        raise


def make_backup_folder(folder: Path) -> None:
    """Make the folder of a backup, with mode 0700, unless it is there.

    :raises NotWritten: it cannot be made
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritten.because(error, folder.absolute()) from error


def backup_files(folder: Path) -> dict[str, Path]:
    """Find the file to read for each region of a backup.

    :param folder: a folder with ``backup_<R>.csv`` or ``backup_<R>.jsonl``; the latter wins
    :return: full name of the region → file, sorted by region
    :raises ConfigError: there is no such folder, or no such file in it, or two for one region
    """
    found: dict[str, Path] = {}
    try:
        files = sorted(folder.iterdir(), key=lambda file: (file.suffix != JSONL, file.name))
    except OSError as problem:
        expected = "a folder with backup_<region>.csv files"
        raise ConfigError(f"{folder}: {problem.strerror}, expected {expected}") from None
    for file in files:
        region = _region(file)
        if region is None:
            continue
        known = found.setdefault(region, file)
        if known is not file and known.suffix == file.suffix:
            both = f"{known.name} and {file.name}"
            raise ConfigError(f"{folder}: {both} are both of region {region}, expected one file")
    if not found:
        raise ConfigError(f"{folder}: no backup_<region>.csv or .jsonl file, expected at least one")
    return dict(sorted(found.items()))


def read_backup(file: Path, region: str) -> Iterator[Image]:
    """Read the images of one file.

    :param file: a ``.csv`` or ``.jsonl`` file
    :param region: full name of the region, from the name of the file
    :return: the images in the file's order
    :raises ConfigError: the file or a row cannot be read, or a UUID occurs twice; the text says where
    """
    try:
        content = file.read_bytes()
    except OSError as problem:
        raise ConfigError(f"{file}: {problem.strerror}, expected a readable file") from None
    parse = parse_lines if file.suffix == JSONL else parse_rows
    return parse(decode(content).removeprefix("\ufeff"), region, str(file))


def _region(file: Path) -> str | None:
    """The region in the name of a file; None when the file is no part of a backup."""
    if file.suffix not in (CSV, JSONL) or not file.name.startswith(PREFIX):
        return None
    region = region_name(file.name[len(PREFIX) : -len(file.suffix)]).removeprefix(f"{MASTER}:")
    if not region.rpartition(":")[2]:
        raise ConfigError(f"{file}: the name of the region is missing, expected backup_<region>{file.suffix}")
    return region


def _write(file: Path, lines: Iterable[str]) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.writelines(line.encode("utf-8", "surrogatepass") for line in lines)
    except OSError as error:
        raise NotWritten.because(error, file) from error
