"""Several threads that change a vault at the same time, a step each in turn: any order of steps can be tried."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from .failing_disk import Killed


class Turns:
    """Lets one thread at a time do one step; which one is chosen at random. A thread may be killed at a step.

    :param seed: of the choice
    :param kill: number of the step at which the thread whose turn it is is killed, 0 for none
    """

    def __init__(self, seed: int, kill: int) -> None:
        self._random = random.Random(seed)
        self._changed = threading.Condition()
        self._waiting: set[int] = set()
        self._running: set[int] = set()
        self._dead: set[int] = set()
        self._next: int | None = None
        self._steps = 0
        self._kill = kill

    def begin(self, count: int) -> None:
        """Expect so many threads."""
        self._running = set(range(count))

    def __call__(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Wait for the turn of this thread."""
        me = int(threading.current_thread().name)
        with self._changed:
            if me in self._dead:
                raise Killed
            self._waiting.add(me)
            self._choose()
            while self._next != me:
                self._changed.wait()
            self._waiting.remove(me)
            self._next = None
            self._steps += 1
            if self._steps == self._kill:
                self._dead.add(me)
                raise Killed

    def end(self) -> None:
        """This thread makes no more steps."""
        with self._changed:
            self._running.discard(int(threading.current_thread().name))
            self._choose()

    def _choose(self) -> None:
        if self._next is None and self._waiting and self._waiting == self._running:
            self._next = self._random.choice(sorted(self._waiting))
            self._changed.notify_all()


def at_once(actors: Sequence[Callable[[], object]], turns: Turns) -> list[BaseException]:
    """Do several things at the same time, each in a thread whose name is its number.

    :param turns: is called before each step of a thread
    :return: what was not expected
    """
    problems: list[BaseException] = []

    def work(actor: Callable[[], object]) -> None:
        try:
            with suppress(Killed):
                actor()
        except BaseException as error:  # noqa: BLE001 - the test shows it
            problems.append(error)
        finally:
            turns.end()

    turns.begin(len(actors))
    threads = [threading.Thread(target=work, args=(actor,), name=str(number)) for number, actor in enumerate(actors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems
