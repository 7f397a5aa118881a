"""An entry of clouds.yaml for the tests of its reading."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fiwareglancesync.config.cloud_files import CloudProblem
from fiwareglancesync.config.clouds import Cloud

AUTH = "auth: {auth_url: 'http://cloud:5000/v3', username: u, password: hunter2, project_name: p}"

Read = Callable[..., Cloud]


def problem(read: Callable[[], object]) -> str:
    with pytest.raises(CloudProblem) as caught:
        read()
    assert "hunter2" not in str(caught.value)
    return str(caught.value)
