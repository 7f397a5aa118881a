"""AMI links: images that name others by UUID correspond by name (sync 3.6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from ..model import LINKS, Image

Graph = Mapping[str, Collection[str]]
"""Name → the names that it links to."""


def links_of(image: Image) -> dict[str, str]:
    """The links of an image: property → UUID. An empty one counts as none."""
    return {key: image.user_properties[key] for key in LINKS if image.user_properties.get(key)}


def linked_first(names: Sequence[str], links: Graph) -> list[str]:
    """Put names in an order in which whatever is linked comes before what links to it.

    :param names: in the order that is otherwise wanted, every one once; it also holds among the linked ones
    :param links: links among ``names``; those of a cycle are not followed back
    """
    if not links:
        return list(names)
    place = {name: number for number, name in enumerate(names)}
    ordered: dict[str, None] = {}
    entered: set[str] = set()
    for first in names:
        stack = [first]
        while stack:
            name = stack[-1]
            if name in entered:
                ordered.setdefault(stack.pop())
                continue
            entered.add(name)
            needed = [other for other in links.get(name, ()) if other not in entered]
            # The last one pushed is the first one done.
            stack.extend(sorted(needed, key=place.__getitem__, reverse=True))
    return list(ordered)


def in_cycles(links: Graph) -> frozenset[str]:
    """The names that link to themselves in the end (and those on a path from one cycle to another).

    :param links: links among names
    """
    remaining = set(links)
    for graph in (links, _reversed(links)):
        degree = {name: sum(other in remaining for other in graph.get(name, ())) for name in remaining}
        back = _reversed({name: graph.get(name, ()) for name in remaining})
        ends = [name for name, count in degree.items() if not count]
        while ends:
            gone = ends.pop()
            remaining.discard(gone)
            for name in back.get(gone, ()):
                degree[name] = degree.get(name, 0) - 1
                if degree[name] == 0 and name in remaining:
                    ends.append(name)
    return frozenset(remaining)


def _reversed(links: Graph) -> dict[str, list[str]]:
    back: dict[str, list[str]] = defaultdict(list)
    for name, others in links.items():
        for other in others:
            back[other].append(name)
    return back
