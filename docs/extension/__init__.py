"""The parts of the handbook that are made from the program while it is built, so that they cannot drift from it."""

from __future__ import annotations

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from .directives import ArgparseOptions, ClickCommands, CommandWords, ConfigurationKeys, Routes, Schemas, ServerKeys


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("configuration-keys", ConfigurationKeys)
    app.add_directive("argparse-options", ArgparseOptions)
    app.add_directive("command-words", CommandWords)
    app.add_directive("click-commands", ClickCommands)
    app.add_directive("api-routes", Routes)
    app.add_directive("api-schemas", Schemas)
    app.add_directive("server-keys", ServerKeys)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
