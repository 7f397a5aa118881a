"""The error of a server that cannot be started."""

from __future__ import annotations

from ..base.errors import GlanceSyncError


class StartError(GlanceSyncError):
    """The server cannot be started as it is configured; holds every problem found (sync 5.4: exit 1)."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))
