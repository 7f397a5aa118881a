"""Templates with what is known of them: the folders of ``tests/heat_templates``.

``case.txt`` of a folder has a line for each stack that Heat resolves (``stack TEMPLATE [ENVIRONMENT]``), perhaps one
that says why Heat refuses a stack or differs (``heat refuses: …``, ``heat differs: …``), and what this program finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fiwareglancesync.images.heat.template_images import TemplateImages, TemplatePosition

FOLDER = Path(__file__).resolve().parents[1] / "heat_templates"
FILE = "case.txt"
FOUND = ("needed ", "mentioned ", "unresolved ")


@dataclass(frozen=True)
class HeatCase:
    """A folder with templates.

    :param stacks: the files of each stack
    :param refuses: why Heat refuses one of the stacks; empty if it does not
    :param differs: why Heat finds other images; empty if it does not
    :param found: what this program finds, a line each
    """

    folder: Path
    stacks: list[list[str]]
    refuses: str
    differs: str
    found: list[str]


def heat_cases() -> list[HeatCase]:
    """All cases, by name."""
    return [_case(path.parent) for path in sorted(FOLDER.glob(f"*/{FILE}"))]


def _case(folder: Path) -> HeatCase:
    lines = (folder / FILE).read_text(encoding="utf-8").splitlines()

    def after(start: str) -> list[str]:
        return [line.removeprefix(start) for line in lines if line.startswith(start)]

    return HeatCase(
        folder,
        [[str(folder / word) for word in stack.split()] for stack in after("stack ")],
        "".join(after("heat refuses: ")),
        "".join(after("heat differs: ")),
        [line for line in lines if line.startswith(FOUND)],
    )


def lines_of(images: TemplateImages, folder: Path) -> Iterator[str]:
    """What a resolution has found, a line each.

    :param folder: what the paths are below
    """

    def where(position: TemplatePosition) -> str:
        return f"{Path(position.file).relative_to(folder)}:{position.line}"

    for use, found in (("needed", images.needed), ("mentioned", images.mentioned)):
        for image in found:
            yield f"{use} {where(image.position)} {image.name}"
    for entry in images.unresolved:
        yield f"unresolved {where(entry.position)} {entry.expression} | {entry.reason}"
