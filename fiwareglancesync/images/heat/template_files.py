"""The files below the given folders, as the resolver knows them (vault 5.1). Pure: paths are compared as texts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .template_documents import BrokenDocument, Document, Environment, Template
from .template_images import UnresolvedImage

MAX_LINKS = 40
"""Symbolic links on the way to a file that are followed."""

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
LOCAL_FILE = re.compile(r"file://(?:localhost)?(/.*)", re.IGNORECASE)


class LinkBroken(Exception):
    """A template that another file names cannot be used; the text is a sentence part."""


@dataclass(frozen=True, slots=True)
class TemplateFiles:
    """Templates and environments.

    Paths are as the user named the folders, unless they are called *real*: absolute, and without symbolic links.

    :param documents: by their paths, in the order of the paths
    :param folders: the given folders, and their real paths
    :param excluded: paths of the documents that ``--exclude`` leaves out
    :param environments: those that the user named
    :param unresolved: files that could not be read
    :param names: paths of all files, by their real ones
    :param links: real paths of folders and links, by their absolute paths
    :param current: real path of the current folder
    """

    documents: Mapping[str, Document]
    folders: Mapping[str, str]
    excluded: frozenset[str]
    environments: tuple[Environment, ...]
    unresolved: tuple[UnresolvedImage, ...]
    names: Mapping[str, str]
    links: Mapping[str, str]
    current: str

    def templates(self) -> list[Template]:
        """All templates, excluded ones too."""
        return [document for document in self.documents.values() if isinstance(document, Template)]

    def found_environments(self) -> list[Environment]:
        """All environments below the folders, excluded ones too."""
        return [document for document in self.documents.values() if isinstance(document, Environment)]

    def linked(self, name: str, file: str, base: str = "") -> Template:
        """The template that a file names.

        :param name: as the file gives it
        :param file: path of the file
        :param base: what the name is relative to; empty for the folder of the file
        :raises LinkBroken: there is none that may be opened
        """
        path = self.path_of(name, file, base)
        document = self.documents.get(path)
        if isinstance(document, Template):
            return document
        if isinstance(document, BrokenDocument):
            raise LinkBroken(f"{name} cannot be used: {document.reason}")
        if path not in self.names.values() and not any(is_below(path, real) for real in self.folders.values()):
            raise LinkBroken(f"{name} is outside of the given folders, and is not opened")
        if any(entry.position.file == path for entry in self.unresolved):
            raise LinkBroken(f"{name} cannot be read")
        raise LinkBroken(f"{name} is no template below the given folders")

    def path_of(self, name: str, file: str, base: str = "") -> str:
        """The path of the file that a name means; for one that is not known its real path.

        :raises LinkBroken: it is on the network
        """
        folder = posixpath.dirname(file)
        if base:
            folder = posixpath.join(folder, self._local(base))
        path = posixpath.normpath(posixpath.join(self.current, folder, self._local(name)))
        for _ in range(MAX_LINKS):
            link = next((link for link in self.links if is_below(path, link)), None)
            if link is None:
                break
            path = posixpath.normpath(self.links[link] + path[len(link) :])
        return self.names.get(path, path)

    @staticmethod
    def _local(name: str) -> str:
        if not ADDRESS.match(name):
            return name
        local = LOCAL_FILE.fullmatch(name)
        if local is None:
            raise LinkBroken(f"{name} is on the network, from which nothing is fetched")
        return local[1]


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder, or in it; both are normal, and relative to the same folder if they are relative."""
    if folder == ".":
        return path != ".." and not path.startswith(("/", "../"))
    return path == folder or path.startswith(folder if folder.endswith("/") else f"{folder}/")
