"""The part of the table of all options that limits times; a row each in the handbook's table of time limits."""

from __future__ import annotations

from .option import Option
from .values import RETRY_TIMEOUT, SLOWEST_RATE, TIMEOUT

TIME_OPTIONS: tuple[Option, ...] = (
    Option(
        "list_images_timeout",
        TIMEOUT,
        "How long to wait for the list of images of a region, in seconds or with w, d, h, min and s (1h30min), as "
        "in all the times below. Time that a service asks to wait does not count.",
    ),
    Option(
        "connect_timeout",
        TIMEOUT,
        "How long to wait for a connection to a service.",
    ),
    Option(
        "answer_timeout",
        TIMEOUT,
        "How long to wait for the answer to a request that moves no image.",
        default="1min",
    ),
    Option(
        "idle_timeout",
        TIMEOUT,
        "How long an image on its way may make no progress.",
        default="1min",
    ),
    Option(
        "retry_timeout",
        RETRY_TIMEOUT,
        "How long a request is tried again that a service refuses for now, because it gets too many requests or "
        "is not available: a service that asks for a longer wait is not waited for. 1min at the least.",
        default="5min",
    ),
    Option(
        "upload_answer_timeout",
        TIMEOUT,
        "How long after the last byte of an upload its answer, or else the image, is waited for, in addition to "
        "the time that slowest_rate allows for the image's size.",
        default="15min",
    ),
    Option(
        "import_timeout",
        TIMEOUT,
        "How long a region may take to fetch an image itself (server), in addition to the time that slowest_rate "
        "allows for the image's size.",
        default="2min",
    ),
    Option(
        "slowest_rate",
        SLOWEST_RATE,
        "What a region stores or fetches of an image at the least, in bytes a second or with K, M, G or T (powers "
        "of 1024).",
        default="4M",
    ),
)
