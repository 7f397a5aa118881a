"""The closures of a compiled expression; each charges the frame before work that has no fixed bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .condition_values import LISTS, MAPPINGS, STRIDE, Callee, Frame, iterate, kind_of

Evaluate = Callable[[Frame], Any]
"""A compiled part of an expression."""

Relation = Callable[[Frame, Any, Any], Any]
"""A comparison of two values."""

Bind = Callable[[Frame, Any], None]
"""Gives an item to the variables of a loop."""

LONG = 1024
"""Characters from which comparing two texts is charged."""

SCALARS = frozenset({bool, int, float, type(None)})


def all_of(parts: list[Evaluate]) -> Evaluate:
    if len(parts) == 2:
        first, second = parts
        return lambda frame: first(frame) and second(frame)

    def evaluate(frame: Frame) -> Any:
        answer: Any = True
        for part in parts:
            answer = part(frame)
            if not answer:
                break
        return answer

    return evaluate


def any_of(parts: list[Evaluate]) -> Evaluate:
    if len(parts) == 2:
        first, second = parts
        return lambda frame: first(frame) or second(frame)

    def evaluate(frame: Frame) -> Any:
        answer: Any = False
        for part in parts:
            answer = part(frame)
            if answer:
                break
        return answer

    return evaluate


def chain(first: Evaluate, links: list[tuple[Relation, Evaluate]]) -> Evaluate:
    def evaluate(frame: Frame) -> Any:
        left, answer = first(frame), True
        for relation, part in links:
            right = part(frame)
            answer = relation(frame, left, right)
            if not answer:
                break
            left = right
        return answer

    return evaluate


def ordered(compare: Callable[[Any, Any], Any]) -> Relation:
    def relation(frame: Frame, left: Any, right: Any) -> Any:
        if type(left) is str:
            if len(left) > LONG:
                frame.weigh(left)
        elif type(left) not in SCALARS:
            frame.weigh(left)
            frame.weigh(right)
        return compare(left, right)

    return relation


def contains(frame: Frame, item: Any, box: Any) -> bool:
    kind = type(box)
    if kind is str:
        frame.spend(len(box) >> 2)
    elif kind is list or kind is tuple:
        # A text or number differs from a list at once; two lists are gone over.
        if type(item) is str:
            frame.spend(len(box) * (1 + (len(item) >> STRIDE)))
        elif type(item) in SCALARS:
            frame.spend(len(box))
        else:
            frame.weigh(box)
    elif kind not in (dict, set, frozenset) and not isinstance(box, (*MAPPINGS, *LISTS, str)):
        raise TypeError(f"found {kind_of(box)} where in needs a list, a set, a mapping or text")
    if type(item) is str:
        frame.spend(len(item) >> STRIDE)
    else:
        frame.weigh(item)
    return item in box


def method(callee: Callee, name: str, owner: Evaluate, arguments: list[Evaluate]) -> Evaluate:
    run, types = callee.run, callee.owner

    def evaluate(frame: Frame) -> Any:
        value = owner(frame)
        if not isinstance(value, types):
            raise TypeError(f"{name}() is for {callee.owner_name}, found {kind_of(value)}")
        return run(frame, value, *[argument(frame) for argument in arguments])

    return evaluate


def leaf(body: Evaluate, wanted: bool) -> Evaluate:
    return lambda frame: bool(body(frame)) is wanted


def repeat(source: Evaluate, bind: Bind, condition: Evaluate, cost: int, inner: Evaluate) -> Evaluate:
    """One ``for`` of a generator: whether ``inner`` comes true for one of the items."""

    def run(frame: Frame) -> bool:
        for item in iterate(frame, source(frame)):
            frame.spend(cost)
            bind(frame, item)
            if condition(frame) and inner(frame):
                return True
        return False

    return run


def bind_one(slot: int) -> Bind:
    def bind(frame: Frame, item: Any) -> None:
        frame.variables[slot] = item

    return bind


def bind_many(slots: list[int]) -> Bind:
    def bind(frame: Frame, item: Any) -> None:
        values = list(iterate(frame, item))
        if len(values) != len(slots):
            raise ValueError(f"a loop binds {len(slots)} names, found {len(values)} values")
        for slot, value in zip(slots, values, strict=True):
            frame.variables[slot] = value

    return bind
