"""Finds templates and environments below folders, and reads them (vault 5.1). Only files below the folders are opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from ...base.errors import UsageError, system_error
from .template_documents import BrokenDocument, Document, Environment, Template, document_of
from .template_files import TemplateFiles
from .template_images import TemplateImages, TemplatePosition, UnresolvedImage
from .template_resolution import resolve_templates
from .yaml_nodes import DocumentError, parse_document

SUFFIXES = (".yaml", ".yml", ".template", ".json")
ENVIRONMENT_SUFFIX = ".env"
"""How the names of many environments end, and of files of other programs that are no YAML."""

FURTHER_SUFFIXES = (*SUFFIXES, ENVIRONMENT_SUFFIX)
"""Heat reads files of any name; those that end like this, also in capital letters, are only mentioned."""

EXCLUDED = ("dev-*", "test-*")
"""Patterns of parts of paths that are left out unless the user names others."""

MAX_FILE_BYTES = 4 * 2**20
"""Size of the largest file that is read; Heat allows templates of 512 KiB unless it is configured otherwise."""


def read_templates(
    folders: Sequence[Path], environments: Sequence[Path] = (), excluded: Sequence[str] = EXCLUDED
) -> TemplateImages:
    """The images that the templates below some folders name.

    :param folders: their paths
    :param environments: environment files that are for all templates, each by itself
    :param excluded: shell patterns; what is in a path with such a part is only mentioned
    :raises UsageError: a folder cannot be read or has no template, or an environment is none
    """
    return resolve_templates(_Reader(folders, excluded).read(environments))


class _Reader:
    """Reads what is below some folders.

    :param folders: their paths
    :param excluded: shell patterns of parts of paths
    """

    def __init__(self, folders: Sequence[Path], excluded: Sequence[str]) -> None:
        self._folders = list(map(_normal, folders))
        self._patterns = excluded
        self._paths: dict[str, str] = {}  # by the paths without links
        self._documents: dict[str, Document] = {}
        self._excluded: set[str] = set()
        self._links: dict[str, str] = {}
        self._unresolved: list[UnresolvedImage] = []

    def read(self, environments: Sequence[Path]) -> TemplateFiles:
        """Read all files, and the environments that the user named.

        :raises UsageError: see ``read_templates``
        """
        tops = {folder: self._top(folder) for folder in self._folders}
        for folder in tops:
            self._read_folder(folder, tuple(tops.values()))
        for folder, top in tops.items():
            self._check_folder(folder, top)
        links = {os.path.abspath(path): real for path, real in (tops | self._links).items()}
        return TemplateFiles(
            dict(sorted(self._documents.items())),
            tops,
            frozenset(self._excluded),
            tuple(map(_given_environment, environments)),
            tuple(self._unresolved),
            self._paths,
            {path: real for path, real in links.items() if path != real},
            os.path.realpath("."),
        )

    @staticmethod
    def _top(folder: str) -> str:
        """The real path of a folder.

        :raises UsageError: it is none, or cannot be read
        """
        try:
            with os.scandir(folder):
                return os.path.realpath(folder)
        except OSError as error:
            if os.path.isfile(folder):
                advice = f"name the folder that has it, {os.path.dirname(folder) or '.'}"
                raise UsageError(f"{folder} is a file, and no folder of templates; {advice}") from error
            raise UsageError(f"the folder of templates {folder} cannot be read: {error.strerror}") from error

    def _check_folder(self, folder: str, top: str) -> None:
        """Refuse a folder without a template: the checkout is probably missing.

        :raises UsageError: it has none
        """
        found = [path for real, path in self._paths.items() if _is_in(real, top)]
        templates = [path for path in found if isinstance(self._documents.get(path), Template)]
        if not templates:
            broken = [entry for entry in self._failures() if entry.position.file in found]
            if broken:
                where = f"{broken[0].position}: {broken[0].reason}"
                raise UsageError(f"there is no usable Heat template below {folder}; {where}")
            raise UsageError(f"there is no Heat template below {folder}")
        if self._excluded.issuperset(templates):
            raise UsageError(f"all Heat templates below {folder} are excluded; see --exclude")

    def _failures(self) -> list[UnresolvedImage]:
        """The files that cannot be used."""
        documents = (each for each in self._documents.values() if isinstance(each, BrokenDocument))
        return [*self._unresolved, *(UnresolvedImage(each.position, "", each.reason) for each in documents)]

    def _read_folder(self, folder: str, tops: Sequence[str]) -> None:
        """Read what is below a folder: files first, then links, most of which lead to one of them."""
        links: list[tuple[str, str, bool]] = []
        for path, is_folder in self._walk(folder):
            real = os.path.realpath(path)
            is_excluded = not path.endswith(SUFFIXES) or self._is_excluded(os.path.relpath(path, folder))
            if not any(_is_in(real, top) for top in tops):
                self._leave(path, "it is a link that leads outside of the given folders, and is not followed")
            elif is_folder:
                self._links[path] = real
            elif os.path.islink(path):
                links.append((path, real, is_excluded))
            else:
                self._read_file(path, real, is_excluded=is_excluded)
        for path, real, is_excluded in links:
            if self._read_file(path, real, is_excluded=is_excluded) != path:
                self._links[path] = real

    def _is_excluded(self, path: str) -> bool:
        return any(fnmatchcase(part, pattern) for part in path.split(os.sep) for pattern in self._patterns)

    def _walk(self, folder: str) -> Iterator[tuple[str, bool]]:
        """The files with names of templates, and the links to folders, below a folder; with True for such a link."""

        def fail(error: OSError) -> None:
            self._leave(str(error.filename), f"it cannot be read: {error.strerror}")

        for parent, names, files in os.walk(folder, onerror=fail):
            names.sort()
            for name in names:
                path = os.path.normpath(os.path.join(parent, name))
                if os.path.islink(path):
                    yield path, True
            for name in sorted(files):
                if name.lower().endswith(FURTHER_SUFFIXES):
                    yield os.path.normpath(os.path.join(parent, name)), False

    def _read_file(self, path: str, real: str, *, is_excluded: bool) -> str:
        """Read a file, once by however many paths it is found.

        :param real: its path without links
        :return: the path by which it is known
        """
        if real in self._paths:
            if not is_excluded:
                self._excluded.discard(self._paths[real])
            return self._paths[real]
        self._paths[real] = path
        if is_excluded:
            self._excluded.add(path)
        is_only_environment = path.lower().endswith(ENVIRONMENT_SUFFIX)
        try:
            document = _document(path)
        except (OSError, DocumentError) as error:
            if is_only_environment and isinstance(error, DocumentError):
                return path
            line, reason = _failure(error)
            self._unresolved.append(UnresolvedImage(TemplatePosition(path, line), "", reason))
            return path
        if document is not None and not (is_only_environment and isinstance(document, Template)):
            self._documents[path] = document
        return path

    def _leave(self, path: str, reason: str) -> None:
        self._unresolved.append(UnresolvedImage(TemplatePosition(path, 0), "", reason))


def _normal(folder: Path) -> str:
    """The path of a folder without ``..`` where these mean the same: behind a link they lead elsewhere."""
    path, real = os.path.normpath(folder), os.path.realpath(folder)
    return path if os.path.realpath(path) == real else real


def _given_environment(path: Path) -> Environment:
    """An environment that the user named.

    :raises UsageError: it cannot be read, or is none
    """
    try:
        document = _document(os.path.normpath(path))
    except (OSError, DocumentError) as error:
        line, reason = _failure(error)
        where = TemplatePosition(str(path), line)
        raise UsageError(f"the environment {where} cannot be used: {reason}") from error
    if isinstance(document, Environment):
        return document
    if isinstance(document, BrokenDocument):
        raise UsageError(f"the environment {document.position} cannot be used: {document.reason}")
    raise UsageError(f"{path} is no environment of Heat: it has no parameters, parameter_defaults or resource_registry")


def _document(path: str) -> Document | None:
    """What a file is; None for another file.

    :raises OSError: it cannot be read
    :raises DocumentError: it is no document
    """
    text = _text(path)
    parsed = parse_document(text.rstrip(), path)  # as Heat does: it is no part of a block at the end
    if parsed is None:
        return None
    document = document_of(parsed.root, path)
    if document is not None and parsed.problem is not None:
        return BrokenDocument(path, TemplatePosition(path, parsed.problem.line), str(parsed.problem))
    return document


def _text(path: str) -> str:
    """The content of a regular file.

    :raises OSError: it cannot be read
    :raises DocumentError: it is no text, or too large
    """
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise DocumentError(0, "it is no ordinary file")
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise DocumentError(0, f"it is larger than {MAX_FILE_BYTES // 2**20} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(data.count(b"\n", 0, error.start) + 1, "it is no text in UTF-8") from error


def _failure(error: OSError | DocumentError) -> tuple[int, str]:
    """The line and the reason of a failure."""
    if isinstance(error, DocumentError):
        return error.line, str(error)
    return 0, f"it cannot be read: {error.strerror or system_error(error)}"


def _is_in(real: str, top: str) -> bool:
    return real == top or real.startswith(top if top.endswith("/") else f"{top}/")
