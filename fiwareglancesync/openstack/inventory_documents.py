"""Reads what Nova, Cinder and Keystone write about servers, volumes, backups, quotas and projects."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from sys import intern
from typing import Any

from ..base.text import one_line
from .catalog import dicts
from .cloud_model import BackupQuota, CloudBackup, Limit, Project, Server, ServiceState, Volume
from .page_listing import Unreadable

_NO_METADATA: Mapping[str, str] = {}
"""One for all, because most volumes have none."""

_OF_A_DEAD_CELL = "UNKNOWN"
"""The status in Nova's answers of what is in a cell that does not answer."""

Document = Mapping[str, Any]


def read_server(document: Document) -> Server:
    """A server of Nova."""
    attached = document.get("os-extended-volumes:volumes_attached")
    if not isinstance(attached, list):
        raise Unreadable(f"server {_shown_id(document)} without its volumes")
    return Server(
        _text(document, "id"),
        _name(document),
        intern(_text(document, "tenant_id")),
        _metadata(document),
        tuple(_text(volume, "id") for volume in dicts(attached)),
        _image_id(document.get("image"), "id"),
    )


def read_volume(document: Document) -> Volume:
    """A volume of Cinder."""
    return Volume(
        _text(document, "id"),
        _name(document),
        intern(_text(document, "os-vol-tenant-attr:tenant_id")),
        intern(_text(document, "status")),
        _number(document, "size"),
        _metadata(document),
        intern(str(document.get("os-vol-host-attr:host") or "")),
        _image_id(document.get("volume_image_metadata"), "image_id"),
        intern(str(document.get("volume_type") or "")),
        intern(str(document.get("os-vol-mig-status-attr:name_id") or "")),
    )


def _image_id(document: object, key: str) -> str:
    """The id of an image; "" where there is none, which Nova writes as an empty text."""
    found = document.get(key) if isinstance(document, dict) else None
    return intern(found) if isinstance(found, str) else ""


def read_backup(document: Document) -> CloudBackup:
    """A backup of Cinder."""
    created = _moment(document, "created_at")
    data, updated = document.get("data_timestamp"), document.get("updated_at")
    return CloudBackup(
        _text(document, "id"),
        _name(document),
        intern(_admins(document, "os-backup-project-attr:project_id")),
        intern(str(document.get("user_id") or "")),
        intern(_text(document, "volume_id")),
        intern(_text(document, "status")),
        _number(document, "size"),
        bool(document.get("is_incremental")),
        bool(document.get("has_dependent_backups")),
        created,
        one_line(str(document.get("fail_reason") or "")),
        _metadata(document),
        intern(str(document.get("host") or "")),
        _moment(document, "data_timestamp") if data and data != document.get("created_at") else created,
        _moment(document, "updated_at") if updated else None,
    )


def read_cinder_service(document: Document) -> ServiceState:
    """A service of Cinder."""
    state, status = document.get("state"), document.get("status")
    return ServiceState(_text(document, "binary"), _text(document, "host"), state == "up", status == "enabled")


def cell_is_dead(document: Document) -> bool:
    """Whether a service of Nova is in a cell whose database does not answer, so that its servers are not listed."""
    return document.get("status") == _OF_A_DEAD_CELL


def read_quota(document: Any) -> BackupQuota:
    """The quotas of a project, with what is used."""
    quota = document.get("quota_set") if isinstance(document, dict) else None
    if not isinstance(quota, dict):
        raise Unreadable("no quotas")
    return BackupQuota(_limit(quota, "backups"), _limit(quota, "backup_gigabytes"))


def read_project(document: Document, domains: Mapping[str, Document]) -> Project:
    """A project of Keystone.

    :param domains: the domains by id
    """
    domain_id = _text(document, "domain_id")
    domain = domains.get(domain_id)
    if domain is None:
        raise Unreadable(f"project {_shown_id(document)} of an unknown domain")
    # In a domain that is disabled, nobody gets a token for a project.
    enabled = document.get("enabled") is not False and domain.get("enabled") is not False
    return Project(_text(document, "id"), _name(document), domain_id, _name(domain), enabled)


def read_parent(document: Any, backup_id: str) -> str | None:
    """The parent of a backup, in the record that Cinder exports of it; None for a full backup.

    :param backup_id: the backup that the record must be of
    """
    record = document.get("backup-record") if isinstance(document, dict) else None
    try:
        encoded = record["backup_url"] if isinstance(record, dict) else ""
        fields = json.loads(base64.b64decode(encoded, validate=True))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable("the exported record cannot be decoded") from error
    if not isinstance(fields, dict) or fields.get("id") != backup_id or "parent_id" not in fields:
        raise Unreadable("the exported record does not state the parent of this backup")
    parent = fields["parent_id"]
    if parent is not None and (not isinstance(parent, str) or not parent):
        raise Unreadable("the exported record states a parent that is no id")
    return parent


def _limit(quota: Document, name: str) -> Limit:
    found = quota.get(name)
    if not isinstance(found, dict):
        raise Unreadable(f"no quota {name}")
    limit = _number(found, "limit")
    return Limit(None if limit < 0 else limit, _number(found, "in_use"), _number(found, "reserved"))


def _text(document: Document, key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"no {key}")
    return value


def _admins(document: Document, key: str) -> str:
    """A text that Cinder shows to administrators only: without it the list is that of one project."""
    if not isinstance(document.get(key), str):
        raise Unreadable(f"no {key}, which Cinder shows to administrators; the account needs the role admin")
    return str(document[key])


def _number(document: Document, key: str) -> int:
    value = document.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unreadable(f"no number {key}")
    return value


def _name(document: Document) -> str:
    return str(document.get("name") or "")


def _metadata(document: Document) -> Mapping[str, str]:
    found = document.get("metadata")
    if not isinstance(found, dict) or not found:
        return _NO_METADATA
    return {intern(str(key)): intern(str(value)) for key, value in found.items()}


def _moment(document: Document, key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(document, key).replace("Z", "+00:00"))
    except ValueError as error:
        raise Unreadable(f"{key} is no time") from error
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)


def _shown_id(document: Document) -> str:
    return one_line(str(document.get("id")))
