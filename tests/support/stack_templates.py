"""Heat templates that need certain images."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def write_templates(folder: Path, names: Iterable[str]) -> Path:
    """Make a folder with a template that needs images."""
    servers = (
        f"  server{number}: {{type: OS::Nova::Server, properties: {{flavor: small, image: {name!r}}}}}\n"
        for number, name in enumerate(names)
    )
    folder.mkdir(exist_ok=True)
    (folder / "stack.yaml").write_text("heat_template_version: 2018-08-31\nresources:\n" + "".join(servers))
    return folder
