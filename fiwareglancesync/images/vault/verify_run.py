"""Verifies the contents of a vault, without a lock; what is damaged is set aside (vault 2.3)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path

from . import vault_files
from .content_check import Progress, check_content
from .image_structure import QEMU_FORMATS, find_qemu_img, structure_fault
from .vault_errors import VaultError, VaultFailed
from .vault_folder import Vault, size_of
from .vault_model import ContentKey
from .vault_references import References, read_references
from .vault_writer import VaultWriter
from .verified_contents import Verified, read_verified, remember


class Level(str, Enum):
    """How much is looked at; each level includes the ones before."""

    QUICK = "quick"
    HASH = "hash"
    STRUCTURE = "structure"


class Fault(Enum):
    """What is wrong with a content."""

    DAMAGED = "is damaged"
    MISSING = "is missing"
    STRUCTURE = "is as Glance had it, and is no sound image"


@dataclass(frozen=True)
class Finding:
    """A content that is not as it should be.

    :param text: what was found, and what was done
    """

    sha512: str
    fault: Fault
    text: str


@dataclass
class Verification:
    """What a verification came to.

    :param verified: number of contents that are right
    :param skipped: number of contents that were verified not long ago
    :param bytes_read: bytes that were hashed
    :param unreadable: number of documents that are missing or cannot be read
    """

    findings: list[Finding] = field(default_factory=list)
    verified: int = 0
    skipped: int = 0
    bytes_read: int = 0
    unreadable: int = 0

    @property
    def failed(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.findings or self.unreadable)


@dataclass(frozen=True)
class VerifyOptions:
    """How a vault is verified.

    :param older_than: seconds for which what was verified is not verified again, None for always
    """

    level: Level = Level.HASH
    older_than: int | None = None


@dataclass(frozen=True)
class VerifyListeners:
    """Take what happens.

    :param found: takes each content that is not as it should be, at once
    :param complain: takes sentences about documents that are missing or cannot be read
    :param warn: takes other sentences
    :param begin: takes the number of bytes that will be read
    :param progress: takes the number of bytes that have been read since the last call
    """

    found: Callable[[Finding], None]
    complain: Callable[[str], None]
    warn: Callable[[str], None]
    begin: Callable[[int], None]
    progress: Progress


def verify(
    vault: Vault, options: VerifyOptions, listeners: VerifyListeners, now: Callable[[], datetime]
) -> Verification:
    """Verify a vault.

    :param now: returns the present time
    :raises UsageError: ``qemu-img`` is needed and not installed
    :raises NewerFormat: a newer program wrote a document
    :raises VaultFailed: the disk of the contents is gone
    """
    return _Verifier(vault, options, listeners, now).run()


class _Verifier:
    """One verification.

    :param vault: the vault
    """

    def __init__(
        self, vault: Vault, options: VerifyOptions, listeners: VerifyListeners, now: Callable[[], datetime]
    ) -> None:
        self._vault = vault
        self._options = options
        self._listeners = listeners
        self._now = now
        self._done = Verification()
        self._qemu_img = find_qemu_img() if options.level is Level.STRUCTURE else ""
        self._references = References()
        self._sizes: dict[str, set[int]] = {}
        self._writer: VaultWriter | None = None

    def run(self) -> Verification:
        formats = QEMU_FORMATS if self._options.level is Level.STRUCTURE else ()
        self._references = read_references(self._vault, self._complain, formats)
        if self._references.contents and not self._vault.paths.content.is_dir():
            raise VaultFailed(f"{self._vault.paths.content} is missing; is its disk mounted?")
        for content in self._references.contents:
            self._sizes.setdefault(content.sha512, set()).add(content.size)
        beginnings = self._vault.content_beginnings()
        self._listeners.begin(sum(size_of(path) or 0 for each in beginnings for path in self._due(each)[0]))
        with ExitStack() as stack:
            self._writer = self._open_writer(stack)
            for beginning in beginnings:
                self._verify_some(beginning)
        self._find_missing()
        return self._done

    def _complain(self, text: str) -> None:
        self._done.unreadable += 1
        self._listeners.complain(text)

    def _open_writer(self, stack: ExitStack) -> VaultWriter | None:
        """What remembers; a vault that cannot be written to is verified all the same."""
        if self._options.level is Level.QUICK:
            return None
        try:
            return stack.enter_context(VaultWriter(self._vault))
        except VaultError as error:
            self._listeners.warn(f"it is not remembered what is verified: {error}")
            return None

    def _due(self, beginning: str) -> tuple[list[Path], int]:
        """The files to verify, and the number of those that were verified not long ago."""
        files = list(self._vault.content_files(beginning))
        if self._options.level is Level.QUICK:
            return [path for path in files if self._is_of_wrong_size(path)], 0
        if self._options.older_than is None:
            return files, 0
        known = read_verified(self._vault, beginning)
        after = self._now() - timedelta(seconds=self._options.older_than)
        due = [
            path
            for path in files
            if self._is_of_wrong_size(path) or not self._is_recent(path, known.get(path.name), after)
        ]
        return due, len(files) - len(due)

    def _is_recent(self, path: Path, verified: Verified | None, after: datetime) -> bool:
        """Whether a file was verified after a time, and since it was written."""
        if verified is None:
            return False
        time = verified.structure_at if self._options.level is Level.STRUCTURE else verified.verified_at
        written = vault_files.changed(path)
        return time is not None and written is not None and time >= after and time.timestamp() >= written

    def _is_of_wrong_size(self, path: Path) -> bool:
        return bool(self._sizes.get(path.name, set()) - {size_of(path)})

    def _verify_some(self, beginning: str) -> None:
        """Verify the contents whose hashes have a beginning, and remember it, also when that is interrupted."""
        due, skipped = self._due(beginning)
        self._done.skipped += skipped
        right: dict[str, Verified] = {}
        wrong: set[str] = set()
        try:
            if self._options.level is Level.QUICK:
                self._done.verified += sum(1 for _ in self._vault.content_files(beginning)) - len(due)
            for path in due:
                verified = self._verify(path)
                if verified is not None:
                    right[path.name] = verified
                elif self._vault.paths.content_file(path.name) == path:
                    wrong.add(path.name)
        finally:
            if right or wrong:
                self._remember(beginning, right, wrong)

    def _remember(self, beginning: str, right: dict[str, Verified], wrong: set[str]) -> None:
        if self._writer is None:
            return
        there = {path.name for path in self._vault.content_files(beginning)}
        gone = {sha512 for sha512 in read_verified(self._vault, beginning) if sha512 not in there}
        try:
            remember(self._writer, beginning, right, gone | wrong)
        except VaultError as error:
            self._listeners.warn(f"it is not remembered what is verified: {error}")
            self._writer = None

    def _verify(self, path: Path) -> Verified | None:
        """Verify one file.

        :return: when it was verified, None when it is wrong or gone
        """
        sha512 = path.name
        check = check_content(path, sha512, self._listeners.progress)
        if check is None:
            return None
        self._done.bytes_read += check.size
        if check.fault is not None:
            self._find(sha512, Fault.DAMAGED, f"{check.fault}; {self._set_aside(path, check.inode)}")
            return None
        if check.misread is not None:
            reasons = "the memory of this machine, or the way to its disk, may be faulty"
            self._listeners.warn(f"content {sha512} was read wrongly once, and rightly the second time: {reasons}")
        for stated in sorted(self._sizes.get(sha512, set()) - {check.size}):
            self._complain(f"a record or a run states {stated} bytes for the content {sha512}, which has {check.size}")
        for disk_format in sorted(self._references.formats.get(sha512, ())):
            fault = structure_fault(self._qemu_img, path, disk_format)
            if fault is not None:
                self._find(sha512, Fault.STRUCTURE, fault)
                return Verified(self._now())
        self._done.verified += 1
        return Verified(self._now(), self._now() if self._options.level is Level.STRUCTURE else None)

    def _set_aside(self, path: Path, inode: tuple[int, int] | None) -> str:
        """Move a damaged file to ``damaged``, unless another one has taken its place meanwhile.

        :return: what was done
        """
        if inode is None:
            return "it stays where it is"
        damaged = self._vault.paths.damaged_file(path.name, self._now())
        try:
            if vault_files.inode_of(path) != inode:
                return "another file is in its place by now"
            vault_files.make_folder(damaged.parent)
            if not vault_files.rename_if_there(path, damaged):
                return "it is gone by now"
            if vault_files.inode_of(damaged) != inode:
                vault_files.link_if_there(damaged, path)
                vault_files.remove(damaged)
                return "another file is in its place by now"
        except VaultError as error:
            return f"it cannot be moved away: {error}"
        return f"it is {damaged.relative_to(self._vault.folder)} now"

    def _find(self, sha512: str, fault: Fault, text: str) -> None:
        finding = Finding(sha512, fault, text)
        self._done.findings.append(finding)
        self._listeners.found(finding)

    def _find_missing(self) -> None:
        """Find the contents that are needed and not there, beside those that have just been set aside."""
        known = {finding.sha512 for finding in self._done.findings if finding.fault is Fault.DAMAGED}
        for content in sorted(self._references.contents, key=lambda content: content.sha512):
            if content.sha512 not in known and self._is_missing(content):
                self._find(content.sha512, Fault.MISSING, f"its {content.size} bytes are not in the vault")

    def _is_missing(self, content: ContentKey) -> bool:
        return all(size_of(path) is None for path in self._vault.places_of(content.sha512))
