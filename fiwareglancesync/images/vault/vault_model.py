"""The documents of a vault as values (vault 1.1). Pure: nothing here opens a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from .strict_json import Fields, document, read_document
from .vault_errors import UnreadableDocument
from .vault_paths import is_shelf_name
from .vault_times import time_text


@dataclass(frozen=True, slots=True)
class ContentKey:
    """Identifies a content.

    :param sha512: in hexadecimal
    :param size: bytes
    """

    sha512: str
    size: int

    @staticmethod
    def of(fields: Fields) -> ContentKey:
        """Read a content of a document."""
        return ContentKey(fields.sha512("sha512"), fields.whole("size"))


@dataclass(frozen=True, slots=True)
class VaultMark:
    """The mark of a vault, ``vault.json``.

    :param id: a UUID
    :param shelves: names of the shelves
    """

    id: str
    created: datetime
    shelves: tuple[str, ...] = ()

    def as_document(self) -> bytes:
        """The text of the document."""
        fields = {"id": self.id, "created": time_text(self.created), "shelves": list(self.shelves)}
        return document("vault", fields)

    @staticmethod
    def read(content: bytes, where: str) -> VaultMark:
        """Read the document.

        :raises UnreadableDocument: it cannot be read
        """
        fields = read_document(content, "vault", where)
        shelves = fields.texts("shelves")
        if not all(map(is_shelf_name, shelves)):
            raise UnreadableDocument(f"{where} cannot be read: shelves has a name that no shelf can have")
        return VaultMark(fields.uuid("id"), fields.time("created"), shelves)


FILES = "files"
"""What a shelf of plain files is bound to, in place of a Glance and a project."""


@dataclass(frozen=True, slots=True)
class ShelfSource:
    """What a shelf has its images from.

    :param region: full name of the region
    :param glance: address of its Glance
    :param project: id of the project that owns the images
    """

    region: str
    glance: str
    project: str

    @property
    def is_files(self) -> bool:
        """Whether the images come from plain files, and not from a region."""
        return self.glance == FILES


@dataclass(frozen=True, slots=True)
class ShelfBinding:
    """The source that a shelf is bound to, ``shelf.json``.

    :param name: of the shelf
    :param bound: when it was bound
    """

    name: str
    source: ShelfSource
    bound: datetime

    def as_document(self) -> bytes:
        """The text of the document."""
        return document("shelf", {"name": self.name, **asdict(self.source), "bound": time_text(self.bound)})

    @staticmethod
    def read(content: bytes, where: str) -> ShelfBinding:
        """Read the document.

        :raises UnreadableDocument: it cannot be read
        """
        fields = read_document(content, "shelf", where)
        source = ShelfSource(fields.text("region"), fields.text("glance"), fields.text("project"))
        return ShelfBinding(fields.text("name"), source, fields.time("bound"))


@dataclass(frozen=True, slots=True)
class ImageState:
    """What is kept of one image beside its content.

    :param id: UUID of the image
    :param document: what Glance says of it, verbatim
    :param members: ids of the projects that it is shared with, sorted; None where it is not ``shared``
    """

    id: str
    document: Mapping[str, Any] = field(hash=False)
    members: tuple[str, ...] | None = None

    @property
    def hashes(self) -> Mapping[str, str]:
        """The hashes that Glance states, by algorithm, in lower case."""
        algorithm, value = self.document.get("os_hash_algo"), self.document.get("os_hash_value")
        stated = {algorithm: value, "md5": self.document.get("checksum")}
        return {
            name.lower(): found.lower()
            for name, found in stated.items()
            if isinstance(name, str) and isinstance(found, str) and name and found
        }

    @property
    def size(self) -> int | None:
        """The bytes that Glance states, None when it states none."""
        size = self.document.get("size")
        return size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None


@dataclass(frozen=True, slots=True)
class Record:
    """One state of one image, ``<n>.json``.

    :param recorded: when it was written
    :param content: what its bytes are, None when there are none
    :param missing: why there are none, None when there are
    """

    state: ImageState
    recorded: datetime
    content: ContentKey | None
    missing: str | None = None

    def as_document(self, number: int) -> bytes:
        """The text of the document.

        :param number: of the record, which the name of its file says too
        """
        state = self.state
        fields = {
            "id": state.id,
            "number": number,
            "recorded": time_text(self.recorded),
            "image": dict(state.document),
            "members": None if state.members is None else list(state.members),
            "hashes": dict(state.hashes),
            "content": None if self.content is None else asdict(self.content),
            "missing": self.missing,
        }
        return document("record", fields)

    @staticmethod
    def read(content: bytes, where: str) -> Record:
        """Read the document.

        :raises UnreadableDocument: it cannot be read
        """
        fields = read_document(content, "record", where)
        fields.whole("number")
        fields.text_mapping("hashes")
        state = ImageState(fields.uuid("id"), fields.mapping("image"), fields.optional_texts("members"))
        kept = fields.optional_object("content", ContentKey.of)
        return Record(state, fields.time("recorded"), kept, fields.optional_text("missing"))


@dataclass(frozen=True, slots=True)
class KeptImage:
    """An image in a run.

    :param id: UUID of the image
    :param name: its name, "" when it has none
    :param record: number of its record
    :param content: what its bytes are, None when there are none
    """

    id: str
    name: str
    record: int
    content: ContentKey | None

    def as_json(self) -> dict[str, Any]:
        """The fields in the document of the run."""
        sha512, size = (self.content.sha512, self.content.size) if self.content else (None, 0)
        return {"id": self.id, "name": self.name, "record": self.record, "sha512": sha512, "size": size}

    @staticmethod
    def of(fields: Fields) -> KeptImage:
        """Read an image of a run."""
        sha512, size = fields.optional_sha512("sha512"), fields.whole("size")
        content = None if sha512 is None else ContentKey(sha512, size)
        return KeptImage(fields.uuid("id"), fields.text("name"), fields.whole("record"), content)


@dataclass(frozen=True, slots=True)
class FailedImage:
    """An image that a run could not keep as it is.

    :param error: the cause, one line
    """

    id: str
    name: str
    error: str

    @staticmethod
    def of(fields: Fields) -> FailedImage:
        """Read a failure of a run."""
        return FailedImage(fields.text("id"), fields.text("name"), fields.text("error"))


@dataclass(frozen=True, slots=True)
class SkippedImage:
    """An image that has no content yet.

    :param status: Glance's status of it
    """

    id: str
    name: str
    status: str

    @staticmethod
    def of(fields: Fields) -> SkippedImage:
        """Read a skipped image of a run."""
        return SkippedImage(fields.text("id"), fields.text("name"), fields.text("status"))


@dataclass(frozen=True, slots=True)
class BackupRun:
    """A finished backup, ``<time>.json``.

    :param run: its id
    :param listed: when the region was listed
    :param finished: when the backup ended
    :param host: name of the machine
    :param version: of the program
    :param region: full name of the region
    :param patterns: of ``--image``
    :param complete: whether all images were kept as they are
    :param others: number of images of other projects
    """

    run: str
    listed: datetime
    finished: datetime
    host: str
    version: str
    region: str
    complete: bool
    images: tuple[KeptImage, ...]
    failures: tuple[FailedImage, ...] = ()
    skipped: tuple[SkippedImage, ...] = ()
    patterns: tuple[str, ...] = ()
    others: int = 0

    def as_document(self) -> bytes:
        """The text of the document."""
        fields = {
            "run": self.run,
            "listed": time_text(self.listed),
            "finished": time_text(self.finished),
            "host": self.host,
            "version": self.version,
            "region": self.region,
            "patterns": list(self.patterns),
            "complete": self.complete,
            "images": [image.as_json() for image in self.images],
            "failures": [asdict(each) for each in self.failures],
            "skipped": [asdict(each) for each in self.skipped],
            "others": self.others,
        }
        return document("run", fields)

    @staticmethod
    def read(content: bytes, where: str) -> BackupRun:
        """Read the document.

        :raises UnreadableDocument: it cannot be read
        """
        fields = read_document(content, "run", where)
        return BackupRun(
            run=fields.text("run"),
            listed=fields.time("listed"),
            finished=fields.time("finished"),
            host=fields.text("host"),
            version=fields.text("version"),
            region=fields.text("region"),
            complete=fields.flag("complete"),
            images=fields.objects("images", KeptImage.of),
            failures=fields.objects("failures", FailedImage.of),
            skipped=fields.objects("skipped", SkippedImage.of),
            patterns=fields.texts("patterns"),
            others=fields.whole("others"),
        )
