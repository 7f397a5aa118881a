"""Which vault is meant (vault 2)."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path

from ...base.errors import UsageError
from ...base.text import nearest
from ..settings import Settings, VaultSettings


def choose_vault(word: str | None, settings: Callable[[], Settings], option: str = "--vault ") -> VaultSettings:
    """The vault that ``--vault`` names, or the only one that is configured.

    :param word: a name or a path; None when it is not given
    :param settings: reads the configuration, which is not needed for a path
    :param option: what stands before the word in the call, with the space between them
    :raises UsageError: there is none, or it is not clear which
    """
    if word is not None and not word.strip():
        raise UsageError("the name of the vault is empty; write the NAME of a section [vault:NAME], or a PATH")
    if word is not None and os.sep in word:
        return VaultSettings(word, Path(word))
    vaults = settings().vaults
    known = ", ".join(vaults) or "none"
    if word is None:
        if len(vaults) == 1:
            return next(iter(vaults.values()))
        if vaults:
            raise UsageError(f"several vaults are configured; choose one with --vault NAME: {known}")
        raise UsageError("no vault is configured; name one with --vault PATH, or in [vault:NAME] with path = FOLDER")
    if word in vaults:
        return vaults[word]
    if Path(word).is_dir():
        return VaultSettings(word, Path(word))
    near = nearest(word, vaults)
    meant = f"; did you mean {near}?" if near else ""
    raise UsageError(f"{option}{word}: no vault has this name, and there is no such folder; configured: {known}{meant}")


def vault_option(folder: Path, settings: Settings) -> str:
    """The option that names a vault in a command for the user, after a space; "" for the only configured one."""
    names = [name for name, each in settings.vaults.items() if each.path == folder]
    if names:
        return "" if len(settings.vaults) == 1 else f" --vault {shlex.quote(names[0])}"
    return f" --vault {shlex.quote(str(folder.absolute()))}"
