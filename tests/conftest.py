"""What holds for all tests: no cloud of the caller's is touched, and nothing is skipped quietly in CI."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.programs import MISSING

# With CI=true the same examples are tried each time: what fails there fails everywhere. Elsewhere new ones are.
settings.register_profile(
    "ours",
    max_examples=1000 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 50,
    derandomize=os.environ.get("CI") == "true",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # the machine may have much other work
)
settings.load_profile("ours")

ROOT = Path(__file__).resolve().parent.parent
CLOUD_OF_THE_TESTS = ("GLANCESYNC_DEVCLOUD_DIR", "GLANCESYNC_DEVCLOUD_VENV")


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Take back what a command that a test calls does to the log: where it goes, and from which level on."""
    logger = logging.getLogger("glancesync")
    level, handlers = logger.level, list(logger.handlers)
    yield
    logger.setLevel(level)
    logger.handlers[:] = handlers


@pytest.fixture(autouse=True, scope="session")
def no_cloud_of_the_caller() -> Iterator[None]:
    """Run without the variables that lead to an OpenStack or an embedded federation of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("OS_", "GLANCESYNC_", "GLANCESYNCAPP_")) and name not in CLOUD_OF_THE_TESTS:
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With ``CI=true`` a test that is skipped for want of a program has failed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if MISSING in reason:
            report.outcome = "failed"
            report.longrepr = reason
    return report


def pytest_report_header() -> str:
    """Say which interpreter the tests run on."""
    return f"interpreter: {sys.executable}"
