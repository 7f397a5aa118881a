"""oVirt's SDK for tests: that of the environment, else that of an environment of its own."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

import pytest
from workbench.ovirt_environment import ovirt_packages

from .programs import MISSING


def demand_ovirt_sdk() -> None:
    """Have the SDK where Python finds it; a test without it is skipped, or in CI has failed."""
    if find_spec("ovirtsdk4") is not None:
        return
    packages = ovirt_packages(os.environ)
    if not (packages / "ovirtsdk4").is_dir():
        pytest.skip(f"{MISSING}ovirt-engine-sdk-python; scripts/workbench/ovirt_environment.py installs it")
    # Last, so that nothing else comes from there.
    sys.path.append(str(packages))
