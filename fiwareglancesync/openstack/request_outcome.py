"""What came of a request that is sent once and never repeated: it was accepted, refused, or nobody can say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Refusal(Enum):
    """Why a service did not do what it was asked for; it has changed nothing."""

    NO_PARENT = "no parent"
    """An incremental backup was requested, and the volume has no available backup (400)."""

    REJECTED = "rejected"
    """The backup, volume or server is in a state that does not allow it, or the request is not valid (400, 409)."""

    QUOTA = "quota"
    """A quota of the project is used up (403, 413); the text has the service's figures."""

    NOT_FOUND = "not found"
    """The backup, volume or server does not exist in that project (404)."""

    FORBIDDEN = "forbidden"
    """The account does not have the right (403)."""

    UNAUTHORIZED = "unauthorized"
    """The service did not accept the token (401); the next request has a new one."""

    FOR_NOW = "for now"
    """The service gets too many requests, or names a time to wait (413, 429)."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The service does it, or has done it.

    :param id: of what it made, "" for a request that makes nothing
    """

    id: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The service did nothing.

    :param text: its own words, in one line
    """

    refusal: Refusal
    text: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """There was no answer, a broken one, or one of the class 5xx: the service may have done it, or do it later.

    :param text: what happened, in one line
    """

    text: str


Outcome: TypeAlias = Accepted | Refused | Unknown
