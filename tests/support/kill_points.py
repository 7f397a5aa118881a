"""Ends a process before and after each of its writes and requests, as a kill does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest


class Killed(BaseException):
    """The process ends here."""


class _Switch:
    """Ends the process at one of its points.

    :param at: number of the point
    """

    def __init__(self, at: int) -> None:
        self.left = at

    def pass_point(self) -> None:
        """Pass a point, or end."""
        self.left -= 1
        if self.left <= 0:  # other threads do nothing more either
            raise Killed


@contextmanager
def killed_at(number: int, methods: Sequence[tuple[type, Sequence[str]]]) -> Iterator[None]:
    """Have the process end at a point.

    :param number: of the point, from 1
    :param methods: classes with the names of their methods that write or send something
    """
    switch = _Switch(number)
    with pytest.MonkeyPatch.context() as patch:
        for owner, names in methods:
            for name in names:
                patch.setattr(owner, name, _with_points(getattr(owner, name), switch))
        yield


def _with_points(method: Any, switch: _Switch) -> Any:
    def call(self: Any, *arguments: Any, **options: Any) -> Any:
        switch.pass_point()
        answer = method(self, *arguments, **options)
        switch.pass_point()
        return answer

    return call
