"""The options that images add to the configuration: those of ``[main]``, and the rules of a target (sync 2)."""

from __future__ import annotations

import re

from ..config.option_tables import Option
from ..config.values import (
    BOOLEAN,
    DATABASE,
    DURATION,
    LIST,
    PAIRS,
    PATH,
    PATTERNS,
    POSITIVE,
    RATE,
    RETRY_TIMEOUT,
    SET,
    SIZE,
    SLOWEST_RATE,
    TEXT,
    TIMEOUT,
    WHOLE,
    Kind,
    split_list,
)
from .condition import CompiledCondition
from .model import SYNC_FIELDS, normal_uuid
from .settings import Settings, Target

WAYS = ("auto", "file", "stream", "spool", "server")
"""The values of ``transfer``."""


def _checksums(text: str) -> frozenset[str]:
    return frozenset(entry.lower() for entry in split_list(text))


def _uuids(text: str) -> frozenset[str]:
    return frozenset(normal_uuid(entry).lower() for entry in split_list(text))


def _fields(text: str) -> frozenset[str]:
    fields = frozenset(entry.lower() for entry in split_list(text))
    if not fields <= frozenset(SYNC_FIELDS):
        raise ValueError(text)
    return fields


def _way(text: str) -> str:
    word = text.lower()
    if word not in WAYS:
        raise ValueError(text)
    return word


def _holds_password(url: str) -> bool:
    return re.search(r"//[^/]*:[^/]*@", url) is not None


CHECKSUMS = Kind("a comma separated list of checksums, or any", _checksums)
UUIDS = Kind("a comma separated list of UUIDs", _uuids)
FIELDS = Kind("some of " + ", ".join(SYNC_FIELDS), _fields)
WAY = Kind("one of " + ", ".join(WAYS), _way)
CONDITION = Kind("an expression over image and metadata_set", CompiledCondition)

MAIN_OPTIONS: tuple[Option, ...] = (
    Option(
        "master_region",
        TEXT,
        "The region of the master target that holds the images to synchronise.",
        sample="Spain",
        default="OS_REGION_NAME, else the region of the cloud that [master] names",
    ),
    Option(
        "preferable_order",
        LIST,
        "Regions to do first, in this order; regions of other targets with their prefix (target:region). "
        "The others follow by name. It has no effect when every region is named on the command line; that "
        "order is then kept.",
        sample="Caceres, Burgos, federation2:Madrid",
    ),
    Option(
        "max_children",
        POSITIVE,
        "How many regions are synchronised at once with --parallel; 1 means one after the other.",
    ),
    Option(
        "images_dir",
        PATH,
        "The folder where the files of the master images are; the name of a file is the UUID of the image. "
        "An image whose file is not readable there is fetched from the master's Glance.",
    ),
    Option(
        "transfer",
        WAY,
        "How the bytes of images move: file (from images_dir), stream (from Glance to Glance), spool (read "
        "once, shared by all regions), server (the region fetches them itself) or auto (the best that "
        "works).",
    ),
    Option(
        "database",
        DATABASE,
        "URL of the database of the server's tasks and of locks, which keep runs on different machines from "
        "writing to one region at once. The tasks in it are those of one federation: another one is refused. "
        "Without it, the server has an SQLite file for each federation.",
        sample="postgresql://glancesync@db.example.org/glancesync",
        secret=True,
        confidential=_holds_password,
    ),
    Option(
        "spool_dir",
        PATH,
        "The folder for images that several regions need and that are in no images_dir.",
        sample="/var/spool/glancesync",
        default="/var/tmp/glancesync-<your user id>",  # noqa: S108 - made with mode 0700 and checked to be the user's own
    ),
    Option(
        "spool_size",
        SIZE,
        "How much that folder may hold at once, in bytes or with K, M, G or T (powers of 1024).",
        sample="20G",
        default="0, which means half of what is free",
    ),
    Option(
        "spool_keep",
        BOOLEAN,
        "Keep what is in that folder for the next run, instead of removing it when a run ends.",
    ),
    Option(
        "bandwidth",
        RATE,
        "The most that all regions of a run together may be sent, in bytes a second or with K, M, G or T "
        "(powers of 1024); 0 means no limit. What a region fetches itself (server) does not count.",
        sample="50M",
    ),
    Option(
        "leftover_age",
        DURATION,
        "How old an unfinished upload of another machine must be before it is removed, in seconds or with "
        "y, mon, w, d, h, min and s, in this order (1d12h).",
        default="24h",
    ),
    Option(
        "keep_logs",
        WHOLE,
        "How many folders with the logs of --parallel are kept; older ones are removed when a run has ended. A folder "
        "that contains anything else is never removed, nor is a backup. 0 means that all are kept.",
        sample="30",
    ),
    Option(
        "metrics_file",
        PATH,
        "The file for the metrics of runs, which the node exporter of Prometheus reads (*.prom in the folder "
        "of its textfile collector). It is written when a synchronisation or --show-status has ended, unless "
        "--image is given. Everybody may read it.",
        sample="/var/lib/prometheus/node-exporter/glancesync.prom",
    ),
)

TIME_OPTIONS: tuple[Option, ...] = (
    Option(
        "list_images_timeout",
        TIMEOUT,
        "How long to wait for the list of images of a region, in seconds or with w, d, h, min and s (1h30min), as "
        "in all the times below. Time that a service asks to wait does not count.",
    ),
    Option(
        "connect_timeout",
        TIMEOUT,
        "How long to wait for a connection to a service.",
    ),
    Option(
        "answer_timeout",
        TIMEOUT,
        "How long to wait for the answer to a request that moves no image.",
        default="1min",
    ),
    Option(
        "idle_timeout",
        TIMEOUT,
        "How long no byte of an image may arrive before its transfer is given up.",
        default="1min",
    ),
    Option(
        "retry_timeout",
        RETRY_TIMEOUT,
        "How long a request is tried again that a service refuses for now, because it gets too many requests or "
        "is not available: a service that asks for a longer wait is not waited for. 1min at the least.",
        default="5min",
    ),
    Option(
        "upload_answer_timeout",
        TIMEOUT,
        "How long after the last byte of an upload its answer, or else the image, is waited for, in addition to "
        "the time that slowest_rate allows for the image's size.",
        default="15min",
    ),
    Option(
        "import_timeout",
        TIMEOUT,
        "How long a region may take to fetch an image itself (server), in addition to the time that slowest_rate "
        "allows for the image's size.",
        default="2min",
    ),
    Option(
        "slowest_rate",
        SLOWEST_RATE,
        "The lowest rate at which a region stores or fetches an image, in bytes a second or with K, M, G or T (powers "
        "of 1024).",
        default="4M",
    ),
)
"""The rules that limit times; each has a row in the handbook's table of time limits."""

RULE_OPTIONS: tuple[Option, ...] = (
    Option(
        "ignore_regions",
        LIST,
        "Regions that are left out when all regions of the target are done. Named explicitly, they are done.",
        sample="Lab",
    ),
    Option(
        "forcesyncs",
        UUIDS,
        "UUIDs of master images that are always synchronised, public or not.",
        sample="6e240dd4-e304-4599-b7d8-e38e13cef058",
    ),
    Option(
        "metadata_condition",
        CONDITION,
        "An expression over image and metadata_set that says whether an image is synchronised. It replaces "
        "the usual rule: public, and, where metadata_set is given, with one of its properties. False "
        "together with forcesyncs makes a white list.",
        sample="image.is_public and ('nid' in image.user_properties or 'type' in image.user_properties)",
    ),
    Option(
        "metadata_set",
        SET,
        "The properties to synchronise. Images that have none of them are not synchronised, unless "
        "metadata_condition says otherwise. Without it, all properties are synchronised.",
        sample="nid, type, sdc_aware, nid_version",
    ),
    Option(
        "metadata_exclude",
        PATTERNS,
        "Names of properties, with * and ? for any characters, that are never compared nor copied, even if "
        "metadata_set or obsolete_syncprops names them. Which images are synchronised does not depend on it.",
        sample="internal_*, build_host",
    ),
    Option(
        "sync_fields",
        FIELDS,
        "Which of hidden, min_disk, min_ram, tags and protected are kept in step after an image has been "
        "uploaded. Of the tags, those of the master are added; others stay. The rest is only set at the upload.",
        recommended="hidden, min_disk, min_ram, tags",
    ),
    Option(
        "skip_unhashed",
        BOOLEAN,
        "Leave out images of which the master's Glance states no checksum, instead of hashing them on their way.",
    ),
    Option(
        "sync_members",
        BOOLEAN,
        "Share images with the same projects as in the master, where both images are shared. Only projects that a "
        "synchronisation has added are removed again.",
    ),
    Option(
        "member_map",
        PAIRS,
        "For sync_members, where the region has another Keystone than the master: ids of projects of the master, "
        "each with the id of the project of the region that it corresponds to.",
        sample="0f3a1f5f2d7e4d0f9b60a2b8c1d2e3f4=5b9c8d7e6f504132a3b4c5d6e7f80912",
    ),
    Option(
        "replace",
        CHECKSUMS,
        "Checksums of images in the region (MD5 or multihash) that are replaced by the master's when their content "
        "differs; any stands for all of them.",
        sample="9046fd22131a96502cb0d85b4a406a5a",
    ),
    Option(
        "rename",
        CHECKSUMS,
        "Checksums of images in the region (MD5 or multihash) that the master's image takes the place of when their "
        "content differs, and that are kept, private, with .old added to their names; any stands for all of them. "
        "rename wins over replace.",
        sample="9046fd22131a96502cb0d85b4a406a5a, any",
    ),
    Option(
        "dontupdate",
        CHECKSUMS,
        "Checksums of images in the region that are never touched, whatever replace and rename say.",
        sample="f7b6b3d3ea4e9f9a4d2c5bd6a1fd12f4",
    ),
    Option(
        "only_tenant_images",
        BOOLEAN,
        "Ignore images of other tenants in the region. An image may then be uploaded beside another tenant's public "
        "one of the same name.",
    ),
    Option(
        "support_obsolete_images",
        BOOLEAN,
        "Rename images in the region to X_obsolete when the master's were renamed so, and keep their "
        "visibility in step.",
    ),
    Option(
        "obsolete_syncprops",
        SET,
        "Properties that are kept in step in obsolete images, beside name and visibility.",
        sample="sdc_aware",
    ),
    *TIME_OPTIONS,
    Option(
        "max_replacements",
        WHOLE,
        "The most images of a region that one run may replace or rename; if there were more, none is. 0 "
        "means no limit.",
        recommended="10",
    ),
    Option(
        "region_bandwidth",
        RATE,
        "The most that a region may be sent, in bytes a second or with K, M, G or T (powers of 1024); 0 means "
        "no limit.",
        sample="20M",
    ),
    Option(
        "uploads_per_region",
        POSITIVE,
        "How many images are moved into a region at the same time, the smallest first.",
    ),
    Option("store", TEXT, "The store of a Glance with several stores that new images go to.", sample="ceph"),
    Option(
        "tenant_id",
        TEXT,
        "The tenant's id in the embedded federation.",
        sample="00000000000000000000000000000001",
        default="the tenant's name followed by id",
    ),
)

DEFAULTS = {
    name: field.default for data in (Target, Settings) for name, field in data.__dataclass_fields__.items()
}
"""The values of the options that are not set, by key; and of fields that are no options."""
