"""A job: what a server stores and a worker does, whatever it is about (design 5)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """Something to be done.

    :param kind: which function does it, see ``kinds``
    :param subject: what its tasks are listed under, such as the full name of a region
    :param request: how it is to be done; JSON that only the function of the kind reads, equal for equal requests
    :param lock_key: of the jobs with the same key one runs at a time, whatever their kinds; "" means the subject
    """

    kind: str
    subject: str
    request: str = "{}"
    lock_key: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    :param failure: why it failed, None when it did not
    """

    failure: str | None = None
