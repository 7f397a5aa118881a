"""The errors of healing."""

from __future__ import annotations

from ...base.errors import GlanceSyncError


class HealingRefused(GlanceSyncError):
    """It is not safe to judge or to change anything (vault 5.3); nothing was done."""

    exit_code = 2
