"""A disk that fails: the calls by which a vault is changed, counted, and ended or refused at any one of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from fiwareglancesync.images.vault import vault_files

WRITES = ("mkdir", "pwrite", "link", "replace", "unlink", "rmdir", "ftruncate", "fsync")
"""The calls that change something, beside ``open``, which does when it makes a file."""

Before = Callable[[str, tuple[Any, ...]], None]
"""Is called before each call, with its name and arguments; may raise."""


class Killed(BaseException):
    """The process ended at this moment."""


class ObservedOs:
    """The module ``os``, with something done before each call that changes a disk.

    :param before: what is done
    """

    def __init__(self, before: Before) -> None:
        self._before = before

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in (*WRITES, "open"):
            return real

        def observed(*arguments: Any, **options: Any) -> Any:
            if name != "open" or arguments[1] & os.O_CREAT:
                self._before(name, arguments)
            if name == "fsync":
                return None  # what is written is not lost here, and tests have many disks
            return real(*arguments, **options)

        return observed


@contextmanager
def observed_disk(before: Before) -> Iterator[None]:
    """Do something before each change of a vault."""
    with mock.patch.object(vault_files, "os", ObservedOs(before)):
        yield


class Kill:
    """Ends the process at a certain change; nothing is done from then on, not even to clean up.

    :param at: number of the change, from 1; 0 means never
    """

    def __init__(self, at: int = 0) -> None:
        self._at = at
        self.count = 0

    def __call__(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Count a change."""
        self.count += 1
        if self._at and self.count >= self._at:
            if self.count == self._at and name == "pwrite":
                descriptor, content, position = arguments
                os.pwrite(descriptor, content[: len(content) // 2], position)
            raise Killed


class Refuse:
    """Refuses changes with an error of the system.

    :param number: of the error
    :param at: number of the first change that is refused, from 1
    :param name: of the calls that count, "" for all
    :param once: whether the next ones work again
    """

    def __init__(self, number: int, at: int = 1, name: str = "", *, once: bool = False) -> None:
        self._number = number
        self._at = at
        self._name = name
        self._once = once
        self.count = 0

    def __call__(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Count a change, and refuse it if its turn has come."""
        if self._name in ("", name):
            self.count += 1
            if self.count == self._at or (self.count > self._at and not self._once):
                path = None if isinstance(arguments[0], int) else str(arguments[0])
                raise OSError(self._number, os.strerror(self._number), path)
