"""A folder with a configuration file, and the settings that the program reads from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import ConfigError
from fiwareglancesync.config import reader
from fiwareglancesync.images.configuration import load_settings
from fiwareglancesync.images.settings import Settings
from fiwareglancesync.kinds import option_tables


class Reading:
    """Reads the configuration as a user's machine with these variables and this file would."""

    environment: Mapping[str, str] = {
        "OS_AUTH_URL": "http://keystone:5000/v3",
        "OS_USERNAME": "admin",
        "OS_PASSWORD": "pass word",
        "OS_TENANT_NAME": "tenant",
        "OS_REGION_NAME": "Spain",
    }

    def __init__(self, folder: Path) -> None:
        self.file = folder / "glancesync.conf"

    def settings(
        self,
        text: str | bytes | None = None,
        *overrides: str,
        environ: Mapping[str, str] | None = None,
        mock: bool = False,
        os_cloud: str | None = None,
    ) -> Settings:
        conf = None
        if text is not None:
            self.file.write_bytes(text if isinstance(text, bytes) else text.encode())
            self.file.chmod(0o600)
            conf = str(self.file)
        variables = self.environment if environ is None else environ
        return load_settings(conf, overrides, variables, option_tables(), mock=mock, os_cloud=os_cloud)

    def problems(
        self, text: str | bytes | None = None, *overrides: str, environ: Mapping[str, str] | None = None
    ) -> list[str]:
        """What is wrong, with FILE for the file's path."""
        with pytest.raises(ConfigError) as caught:
            self.settings(text, *overrides, environ=environ)
        return [problem.replace(str(self.file), "FILE") for problem in caught.value.problems]

    def warnings(self, text: str, *overrides: str, mock: bool = False) -> list[str]:
        """What the user reads, with FILE for the file's path."""
        settings = self.settings(text, *overrides, mock=mock)
        return [message.text.replace(str(self.file), "FILE") for message in settings.warnings]

    def edit(self, changes: Sequence[tuple[str, str]] = (), without: Sequence[str] = ()) -> dict[str, str]:
        """The environment with some variables changed or left out."""
        environ = {**self.environment, **dict(changes)}
        return {name: value for name, value in environ.items() if name not in without}


@pytest.fixture
def reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reading:
    """A reading that the machine's own files do not reach."""
    monkeypatch.setattr(reader, "SYSTEM_FILE", tmp_path / "system.conf")
    monkeypatch.chdir(tmp_path)
    return Reading(tmp_path)
