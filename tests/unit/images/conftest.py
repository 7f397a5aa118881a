"""The tests of the configuration share a folder with one file."""

from __future__ import annotations

from tests.support.reading import reading

__all__ = ["reading"]
