"""The settings of a run as plain data: one ``Settings``, with a ``Target`` for each credential."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Protocol

from ..base.messages import Message
from ..config import option_tables
from ..openstack.credential import Credential
from ..openstack.tuning import Tuning
from .model import Image

MASTER = option_tables.MASTER
"""Name of the target where the master region is."""

ANY = "any"
"""The word that stands for every checksum in ``replace`` and ``rename``."""


class Condition(Protocol):
    """A checked ``metadata_condition``; see ``condition``."""

    source: str
    """The expression itself."""

    reads_hidden: bool
    """Whether the expression reads ``image.hidden``, and so decides about hidden images (sync 3.1)."""

    def __call__(self, image: Image, metadata_set: frozenset[str]) -> bool:
        """Evaluate for one image.

        :raises ConditionError: the expression cannot be evaluated for this image
        """
        ...


class ConditionError(Exception):
    """A ``metadata_condition`` failed on one image; the text is the reason, one line."""


class DecisionAction(str, Enum):
    """What is done with an image about which a decision was made; the words are those of the lists."""

    REPLACE = "replace"
    RENAME = "rename"
    DONTUPDATE = "dontupdate"


@dataclass(frozen=True)
class Decision:
    """How one conflict is settled in one run (sync 5.3).

    :param checksum: of the region's image, MD5 or multihash, not empty; with another one the decision has no effect
    :param action: what is done with that image
    """

    checksum: str
    action: DecisionAction

    def fits(self, image: Image) -> bool:
        """Whether an image of the region has the checksum that the decision is about."""
        return self.checksum.lower() in {(image.checksum or "").lower(), (image.hash_value or "").lower()}


@dataclass(frozen=True)
class Target:
    """The rules for the regions that share a credential (sync 2).

    :param name: the section's name, ``master`` or another
    :param tenant_id: project id in the embedded federation; "" means tenant name + ``id`` (sync 4)
    :param max_replacements: 0 means no limit
    :param store: destination store of a multi-store Glance, "" for its default
    :param metadata_exclude: patterns of properties that are never compared nor copied
    :param sync_fields: which of ``SYNC_FIELDS`` are kept in step
    :param skip_unhashed: leave out images that have no hash in the master
    :param sync_members: keep the members of shared images in step
    :param member_map: projects of the master, each with the one of the region that it corresponds to where they have
        different Keystones
    :param list_images_timeout: seconds
    :param connect_timeout: seconds until a connection is made
    :param answer_timeout: seconds until a request that moves no image is answered
    :param idle_timeout: seconds during which an image on its way may make no progress
    :param retry_timeout: seconds for which a request that a service refuses for now is tried again, at least
    :param upload_answer_timeout: seconds from an upload's last byte to its answer, whatever the image's size
    :param import_timeout: seconds that a region may take to fetch an image itself, whatever the image's size
    :param slowest_rate: bytes per second, by which both grow with the image
    :param region_bandwidth: bytes per second into each region, 0 means no limit
    :param uploads_per_region: how many images are moved into a region at the same time
    :param problem: why the target cannot be used, a whole line, "" when it can; only those who use the target need it
    :param decisions: by name of the image, for this run alone; the configuration holds none
    :param own_lists: which of ``replace``, ``rename`` and ``dontupdate`` the target's own section has, and not
        ``[DEFAULT]``
    """

    name: str
    credential: Credential = field(default_factory=Credential)
    problem: str = ""
    tenant_id: str = ""
    ignore_regions: tuple[str, ...] = ()
    replace: frozenset[str] = frozenset()
    rename: frozenset[str] = frozenset()
    dontupdate: frozenset[str] = frozenset()
    forcesyncs: frozenset[str] = frozenset()
    metadata_condition: Condition | None = None
    metadata_set: frozenset[str] = frozenset()
    only_tenant_images: bool = True
    support_obsolete_images: bool = True
    obsolete_syncprops: frozenset[str] = frozenset()
    metadata_exclude: tuple[str, ...] = ()
    sync_fields: frozenset[str] = frozenset()
    skip_unhashed: bool = False
    sync_members: bool = False
    member_map: tuple[tuple[str, str], ...] = ()
    list_images_timeout: int = 30
    connect_timeout: int = int(Tuning.connect)
    answer_timeout: int = int(Tuning.control)
    idle_timeout: int = int(Tuning.idle)
    retry_timeout: int = int(Tuning.wait_limit)
    upload_answer_timeout: int = int(Tuning.upload_answer)
    import_timeout: int = int(Tuning.fetch)
    slowest_rate: int = int(Tuning.slowest_rate)
    max_replacements: int = 0
    store: str = ""
    region_bandwidth: int = 0
    uploads_per_region: int = 1
    decisions: Mapping[str, tuple[Decision, ...]] = field(default_factory=dict, hash=False)
    own_lists: frozenset[str] = frozenset()

    def section_of(self, key: str) -> str:
        """The section in which a checksum is added to a list: its own, unless it inherits the list of ``[DEFAULT]``.

        :param key: ``replace``, ``rename`` or ``dontupdate``
        """
        is_inherited = getattr(self, key) and key not in self.own_lists
        return option_tables.DEFAULT if is_inherited else self.name

    @property
    def selects_none(self) -> bool:
        """Whether it is no mistake that no image is selected: ``metadata_condition = False`` and no ``forcesyncs``."""
        condition = self.metadata_condition
        return condition is not None and condition.source.strip() == "False" and not self.forcesyncs

    @property
    def mock_project(self) -> str:
        """The project id that owns our images in the embedded federation (sync 4)."""
        return self.tenant_id or f"{self.credential.project_name}id"


@dataclass(frozen=True)
class ListEntry:
    """One word of a list; only a cloud can show whether anything matches it (sync 3.4).

    :param where: file, line, section and key, for messages
    :param targets: names of the targets that the word holds for
    """

    where: str
    key: str
    word: str
    targets: tuple[str, ...]


class InUse(str, Enum):
    """What is done about images that servers and volumes may use, where the catalog has no Nova or no Cinder."""

    CHECKED = "checked"
    """Every image may be in use, so none is removed."""

    UNCHECKED = "unchecked"
    """The cloud has no such service, so nothing of it uses an image."""


@dataclass(frozen=True)
class VaultSettings:
    """A configured vault (vault 2.1).

    :param name: of its section, without ``vault:``
    :param path: the folder
    :param trust_hashes: whether content that the vault has is not read again
    :param templates: folders with the templates that say which images are needed
    :param tag: only names that contain it are compared, "" for all
    :param quarantine: seconds for which an image is not needed before it is hidden, and hidden before it is deleted
    :param max_deletions: how many images are removed in a week, at most
    :param in_use: what a service means that the catalog does not have
    """

    name: str
    path: Path
    trust_hashes: bool = True
    templates: tuple[Path, ...] = ()
    tag: str = ""
    quarantine: int = 7 * 86400
    max_deletions: int = 10
    in_use: InUse = InUse.CHECKED


@dataclass(frozen=True)
class Settings:
    """Everything that is configured.

    :param targets: by name, ``master`` first, the others in file order
    :param source: the file that was read, or ``environment``
    :param warnings: the warnings of the reader of the configuration
    :param spool_size: bytes, 0 means half of what is free
    :param spool_keep: whether the spool's content outlives the run
    :param bandwidth: bytes per second, 0 means no limit
    :param leftover_age: seconds after which another host's leftover may be removed
    :param keep_logs: how many folders with the logs of runs are kept, 0 means all
    :param metrics_file: where the metrics of runs are written
    :param transfer: ``auto`` or the way that is forced
    :param database: URL, "" means none
    :param master_region_source: where the name of the master region comes from: file and line, or a variable
    :param entries: the words of lists that name regions, images and properties
    :param vaults: the configured vaults by name
    """

    master_region: str
    targets: Mapping[str, Target]
    preferable_order: tuple[str, ...] = ()
    max_children: int = 1
    images_dir: Path = Path("/var/lib/glance/images")
    transfer: str = "auto"
    database: str = field(default="", repr=False)
    spool_dir: Path | None = None
    spool_size: int = 0
    spool_keep: bool = False
    bandwidth: int = 0
    leftover_age: int = 24 * 3600
    keep_logs: int = 0
    metrics_file: Path | None = None
    source: str = ""
    master_region_source: str = ""
    warnings: tuple[Message, ...] = ()
    entries: tuple[ListEntry, ...] = ()
    vaults: Mapping[str, VaultSettings] = field(default_factory=dict)

    @property
    def master(self) -> Target:
        """The target where the master region is."""
        return self.targets[MASTER]

    def decided(self, decisions: Mapping[str, tuple[Decision, ...]]) -> Settings:
        """The same configuration, with decisions for one run, whatever the target.

        :param decisions: by name of the image
        """
        targets = {name: replace(target, decisions=decisions) for name, target in self.targets.items()}
        return replace(self, targets=targets)


def own_region(word: str, target: str, targets: Collection[str]) -> str | None:
    """The region of a target that a word of ``ignore_regions`` names: ``NAME``, or ``TARGET:NAME``.

    :param word: the word; a prefix that is no target is a part of the region's name
    :param target: the target's name
    :param targets: names of all targets
    :return: the region; None for a region of another target
    """
    prefix, colon, region = word.partition(":")
    if not colon or prefix not in targets:
        return word
    return region if prefix == target else None


def full_name(target: str, region: str) -> str:
    """The name that users see: the target's prefix is left out for ``master`` (sync 1.4)."""
    return region if target == MASTER else f"{target}:{region}"
