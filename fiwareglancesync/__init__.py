"""GlanceSync keeps the images of many OpenStack regions in step with a master region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base.version import __version__

if TYPE_CHECKING:
    from .library import GlanceSync

__all__ = ["GlanceSync", "__version__"]


def __getattr__(name: str) -> Any:
    """Load the library when it is asked for, so that ``--help`` need not wait for it."""
    if name == "GlanceSync":
        from .library import GlanceSync

        return GlanceSync
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
