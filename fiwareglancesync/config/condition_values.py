"""What expressions work with: the frame that counts steps, and the fixed list of functions and methods.

Every call is charged by the size of what it looks at, before it looks, so that no expression can do more work
than its steps allow, however it nests its values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..images.model import NO_PROPERTIES, Image

MAX_STEPS = 100_000
"""Steps of one evaluation (sync 2)."""

MAX_INT_TEXT = 40
"""Characters of a text that ``int`` reads."""

STRIDE = 6
"""Text is charged one step for 2**STRIDE characters: it is gone over that much faster than a list."""

LISTS = (list, tuple, set, frozenset)
MAPPINGS = (dict, MappingProxyType, type(NO_PROPERTIES))
SETS = (set, frozenset)


class OutOfSteps(Exception):
    """The evaluation has used its steps up."""


class Frame:
    """The state of one evaluation.

    :param image: the image
    :param metadata_set: the option of that name
    :param left: steps that are left
    :param slots: how many loop variables there are
    """

    __slots__ = ("image", "left", "metadata_set", "variables")

    def __init__(self, image: Image, metadata_set: frozenset[str], left: int, slots: int) -> None:
        self.image = image
        self.metadata_set = metadata_set
        self.left = left
        self.variables: list[Any] = [None] * slots

    def spend(self, steps: int) -> None:
        """Count steps.

        :raises OutOfSteps: there are not that many left
        """
        self.left -= steps
        if self.left < 0:
            raise OutOfSteps

    def weigh(self, value: Any, stride: int = STRIDE) -> None:
        """Count the steps of going over a value with all it holds.

        A value that holds another twice is charged twice: comparing, hashing and printing go over it twice,
        too.

        :param value: any value of the language
        :param stride: text costs a step for ``2**stride`` characters
        :raises OutOfSteps: it is larger than what is left
        """
        pending = [value]
        while pending:
            item = pending.pop()
            if isinstance(item, str):
                self.spend(1 + (len(item) >> stride))
            elif isinstance(item, LISTS):
                self.spend(1 + len(item))
                pending.extend(item)
            elif isinstance(item, MAPPINGS):
                self.spend(1 + 2 * len(item))
                pending.extend(item.keys())
                pending.extend(item.values())
            else:
                self.spend(1)


def iterate(frame: Frame, value: Any) -> Iterable[Any]:
    """Make sure that a value can be gone over.

    :raises TypeError: it is no list, set, mapping or text
    """
    if not isinstance(value, (str, *LISTS, *MAPPINGS)):
        raise TypeError(f"found {kind_of(value)} where a list, a set or a mapping is needed")
    items: Iterable[Any] = value
    return items


def kind_of(value: Any) -> str:
    """Name the kind of a value, for errors."""
    return "None" if value is None else f"a value of type {type(value).__name__}"


@dataclass(frozen=True)
class Callee:
    """A function or method on the list.

    :param run: gets the frame, then the object in the case of a method, then the arguments
    :param least: arguments at least
    :param most: arguments at most
    :param owner: types that have the method, empty for a function
    :param owner_name: those in words
    """

    run: Callable[..., Any]
    least: int
    most: int
    owner: tuple[type, ...] = ()
    owner_name: str = ""


def _len(frame: Frame, value: Any) -> int:
    iterate(frame, value)
    return len(value)


def _set(frame: Frame, *values: Any) -> set[Any]:
    _charge_items(frame, values)
    return set(*values)


def _str(frame: Frame, value: Any) -> str:
    if not isinstance(value, str):
        frame.weigh(value, 0)
    return str(value)


def _int(frame: Frame, value: Any) -> int:
    if isinstance(value, str) and len(value) > MAX_INT_TEXT:
        raise ValueError(f"int() reads at most {MAX_INT_TEXT} characters")
    if not isinstance(value, (str, int, float)):
        raise TypeError(f"int() reads a number or text, found {kind_of(value)}")
    return int(value)


def _any(frame: Frame, value: Any) -> bool:
    frame.spend(_len(frame, value))
    return any(value)


def _all(frame: Frame, value: Any) -> bool:
    frame.spend(_len(frame, value))
    return all(value)


def _charge_items(frame: Frame, values: Iterable[Any]) -> None:
    for value in values:
        if value is frame.metadata_set or value is frame.image.user_properties:
            frame.spend(len(value))  # known to hold short texts: the usual case, and no need to look closer
            continue
        iterate(frame, value)
        frame.weigh(value, 0 if isinstance(value, str) else STRIDE)


def _text_method(name: str, stride: int = STRIDE) -> Callable[..., Any]:
    method = getattr(str, name)

    def run(frame: Frame, text: str, *args: Any) -> Any:
        frame.spend(len(text) >> stride)
        for arg in args:
            if type(arg) is not int:
                frame.weigh(arg)
        return method(text, *args)

    return run


def _set_method(name: str) -> Callable[..., Any]:
    plain, frozen = getattr(set, name), getattr(frozenset, name)

    def run(frame: Frame, owner: Any, *args: Any) -> Any:
        _charge_items(frame, (owner, *args))
        return (plain if isinstance(owner, set) else frozen)(owner, *args)

    return run


def _get(frame: Frame, owner: Mapping[Any, Any], key: Any, default: Any = None) -> Any:
    if type(key) is not str:
        frame.weigh(key)
    return owner.get(key, default)


def _keys(frame: Frame, owner: Mapping[Any, Any]) -> list[Any]:
    frame.spend(len(owner))
    return list(owner)


def _values(frame: Frame, owner: Mapping[Any, Any]) -> list[Any]:
    frame.spend(len(owner))
    return list(owner.values())


def _items(frame: Frame, owner: Mapping[Any, Any]) -> list[Any]:
    frame.spend(2 * len(owner))
    return list(owner.items())


FUNCTIONS: Mapping[str, Callee] = {
    "any": Callee(_any, 1, 1),
    "all": Callee(_all, 1, 1),
    "len": Callee(_len, 1, 1),
    "set": Callee(_set, 0, 1),
    "str": Callee(_str, 1, 1),
    "int": Callee(_int, 1, 1),
}
"""The functions of sync 2."""

_TEXT_METHODS = {
    # name: (arguments at least, at most, stride)
    "startswith": (1, 3, STRIDE),
    "endswith": (1, 3, STRIDE),
    "lower": (0, 0, 2),
    "upper": (0, 0, 2),
    "strip": (0, 1, 2),
    "split": (0, 2, 0),
    "find": (1, 3, 2),
    "count": (1, 3, 2),
    "isdigit": (0, 0, 2),
}
_SET_METHODS = ("intersection", "union", "difference", "issubset", "issuperset", "isdisjoint")
_MANY = 16

METHODS: Mapping[str, Callee] = {
    **{
        name: Callee(_text_method(name, stride), least, most, (str,), "text")
        for name, (least, most, stride) in _TEXT_METHODS.items()
    },
    "get": Callee(_get, 1, 2, MAPPINGS, "mappings"),
    "keys": Callee(_keys, 0, 0, MAPPINGS, "mappings"),
    "values": Callee(_values, 0, 0, MAPPINGS, "mappings"),
    "items": Callee(_items, 0, 0, MAPPINGS, "mappings"),
    **{
        name: Callee(
            _set_method(name),
            1 if name.startswith("is") else 0,
            1 if name.startswith("is") else _MANY,
            SETS,
            "sets",
        )
        for name in _SET_METHODS
    },
}
"""The methods of sync 2; no name stands for methods of two types."""
