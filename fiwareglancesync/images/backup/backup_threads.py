"""Several images of one region are backed up at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

from ...base.waiting import SIGNAL_CHECK_SECONDS
from .backup_plan import PlannedImage, Step

AT_ONCE = 8
"""Images at the same time: each waits for answers of the region and for the disk most of its time. The disk writes
what several of them have to be sure of at once (benchmarks/notes)."""

SMALL_BYTES = 2**24
"""Bytes of an image up to which others are backed up beside it. Larger ones keep the line and the disk busy alone, one
after the other."""

STOP_SECONDS = 1.0
"""Seconds for interrupted downloads to end; they notice it at their next bytes."""


def make_together(
    images: Sequence[PlannedImage],
    at_once: int,
    make: Callable[[PlannedImage], None],
    stop: Callable[[BaseException], None],
) -> None:
    """Do what is planned with images, with the small ones several at the same time.

    :param images: those whose bytes are read last, the larger ones after the smaller ones
    :param at_once: how many at the same time
    :param make: does it with one image; what it raises ends everything
    :param stop: called with the error that ends everything; makes what is running end soon
    :raises BaseException: the error of an image, when all that was running has ended, or what interrupted this thread;
        what does not notice the interruption in time ends with the process
    """
    small = [planned for planned in images if _is_small(planned)] if at_once > 1 else []
    if small:
        _in_threads(small, at_once, make, stop)
    for planned in images[len(small) :]:
        make(planned)


def _is_small(planned: PlannedImage) -> bool:
    return planned.step is not Step.FETCH or planned.size <= SMALL_BYTES


def _in_threads(
    images: Sequence[PlannedImage],
    at_once: int,
    make: Callable[[PlannedImage], None],
    stop: Callable[[BaseException], None],
) -> None:
    threads = ThreadPoolExecutor(at_once, thread_name_prefix="backup")
    running: set[Future[None]] = set()
    try:
        running = {threads.submit(make, planned) for planned in images}
        while running:
            done, running = wait(running, SIGNAL_CHECK_SECONDS, FIRST_EXCEPTION)
            for future in done:
                future.result()
    except BaseException as error:
        stop(error)
        threads.shutdown(wait=False, cancel_futures=True)
        begun = [future for future in running if not future.cancelled()]
        wait(begun, STOP_SECONDS if isinstance(error, KeyboardInterrupt) else None)
        raise
    finally:
        threads.shutdown(wait=False)
