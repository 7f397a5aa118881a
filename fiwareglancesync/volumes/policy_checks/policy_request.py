"""Pure: reads a request to the policy server; whatever is unusual in it is refused (volumes 5)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from .policy_decision import BackupOwner

MAX_BODY_BYTES = 64 * 2**10
"""Bytes of the largest body that is read."""

MAX_FIELDS = 16
"""Fields of the largest form that is read; oslo.policy sends three."""

TARGET = "target"
"""The field that describes the backup."""

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
"""Media types that oslo.policy sends, as its option ``remote_content_type`` has it."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Malformed(ValueError):
    """A request that nobody sends who asks about a backup; its content is not part of the error."""


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request.

    :param kind: media type without parameters, in lower case
    :param parameters: parameters of the media type, by name in lower case
    :param encoding: what ``Content-Encoding`` says, "" for nothing
    """

    content: bytes
    kind: str
    parameters: Mapping[str, str]
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class PolicyRequest:
    """Which backup is meant.

    :param owner: as the body describes it, None when there is no body
    """

    backup_id: str
    owner: BackupOwner | None


def read_policy_request(ids: Sequence[str], body: Body | None) -> PolicyRequest:
    """Read a request.

    :param ids: the values of ``backup_id`` in the query
    :param body: None when there is none
    :raises Malformed: it names no backup, or its body does not describe that backup
    """
    if len(ids) != 1:
        raise Malformed("expected one backup_id")
    backup_id = _id(ids[0])
    return PolicyRequest(backup_id, None if body is None else _owner(backup_id, _target(body)))


def _id(text: object) -> str:
    """A UUID as Cinder writes it."""
    found = text.lower() if isinstance(text, str) and text.isascii() else ""
    if not _UUID.fullmatch(found):
        raise Malformed("expected the UUID of a backup")
    return found


def _owner(backup_id: str, target: Mapping[str, Any]) -> BackupOwner:
    """What the target says, if it is the backup that is meant."""
    user, project, metadata = (target.get(key) for key in ("user_id", "project_id", "metadata"))
    if _id(target.get("id")) != backup_id:
        raise Malformed("the target is another backup")
    if not (isinstance(user, str) and user and isinstance(project, str) and project and isinstance(metadata, dict)):
        raise Malformed("the target does not describe a backup")
    return BackupOwner(user, metadata)


def _target(body: Body) -> Mapping[str, Any]:
    """The object that describes the backup."""
    if body.encoding not in ("", "identity"):
        raise Malformed("the body is compressed")
    if body.parameters.get("charset", "utf-8").lower() not in ("utf-8", "us-ascii"):
        raise Malformed("the body has another character set than UTF-8")
    try:
        if body.kind == FORM:
            found = _JSON.decode(_only_field(body.content.decode("ascii")))
        elif body.kind == JSON:
            document = _JSON.decode(body.content.decode("utf-8"))
            found = document.get(TARGET) if isinstance(document, dict) else None
        else:
            raise Malformed("the body is no form")
    except (ValueError, RecursionError) as error:
        raise Malformed("the body cannot be read") from error
    if not isinstance(found, dict):
        raise Malformed("the body has no target")
    return found


def _only_field(form: str) -> str:
    """The field of a form that describes the backup, which occurs once."""
    fields = parse_qsl(form, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAX_FIELDS)
    found = [value for name, value in fields if name == TARGET]
    if len(found) != 1:
        raise Malformed("expected one target")
    return found[0]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys occur once: of two values, Cinder may mean the other one."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Malformed("a key occurs twice")
    return found


_JSON = json.JSONDecoder(object_pairs_hook=_object)
