"""Does something for many things, some at once, such that a signal ends the waiting and not what has begun."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ...base.waiting import awaited

T = TypeVar("T")


def for_each(items: Iterable[T], act: Callable[[T], None], at_once: int) -> None:
    """Call a function for each item. After an error or a signal nothing more is begun, and what has begun is awaited.

    :param at_once: how many calls there are at the same time
    """
    with ThreadPoolExecutor(at_once) as threads:
        futures = [threads.submit(act, item) for item in items]
        try:
            for future in futures:
                awaited(future)
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
