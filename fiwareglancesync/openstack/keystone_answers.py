"""What the refusals of a Keystone mean (sync 3.11): the rows that it has of its own."""

from __future__ import annotations

from ..base.errors import Scope, Throttled
from .answers import USUAL, Row

KEYSTONE: tuple[Row, ...] = (
    # A sign-in is small: 413 with a time to wait is a rate.
    Row((413,), Throttled, Scope.REGION, retryable=True, names_wait=True),
    *USUAL,
)
