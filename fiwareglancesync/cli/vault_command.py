"""One call of ``glancesync vault`` (vault 2)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from ..base.errors import UsageError
from ..base.signals import cancellable
from ..base.text import printable
from ..images.backup.vault_choice import choose_vault
from ..images.configuration import load_settings
from ..images.settings import Settings
from ..images.vault.run_diff import choose_run, differences
from ..images.vault.vault_folder import Vault, init_vault
from ..images.vault.vault_listing import newest_records
from ..kinds import option_tables
from ..terminal.streams import write_line
from ..terminal.vault_tables import write_differences, write_records
from .check_line import print_unknown
from .command_verbs import prepare
from .time_option import read_time
from .vault_arguments import parse_arguments


def main(words: Sequence[str], prog: str) -> int:
    """Carry one call out.

    :param words: without the command itself
    :param prog: the command as the user typed it
    :return: the exit code
    :raises GlanceSyncError: the call is wrong, or nothing can be done
    """
    try:
        options = parse_arguments(words, prog)
    except UsageError as error:
        if "check" in words[:1]:
            return print_unknown("VAULT", error)
        raise
    prepare(options)
    with cancellable():
        return VERBS[options.verb](options)


def _init(options: argparse.Namespace) -> int:
    vault = init_vault(Path(options.folder))
    write_line(sys.stdout, f"INFO:{printable(str(vault.folder))} is a vault now. Name it in the configuration:")
    write_line(sys.stdout, f"INFO:  [vault:NAME]\nINFO:  path = {printable(str(vault.folder.resolve()))}")
    return 0


def _runs(options: argparse.Namespace) -> int:
    from .vault_lists import print_runs

    return print_runs(options, _vault(options))


def _ls(options: argparse.Namespace) -> int:
    from .vault_lists import print_images

    return print_images(options, _vault(options))


def _show(options: argparse.Namespace) -> int:
    write_records(newest_records(_vault(options), options.uuid), options.format, sys.stdout)
    return 0


def _backup(options: argparse.Namespace) -> int:
    from .vault_backup import back_up  # only now: other verbs contact no region

    return back_up(options)


def _restore(options: argparse.Namespace) -> int:
    from .sync_command import carry_out  # only now: other verbs contact no region

    return carry_out(options)


def _size(options: argparse.Namespace) -> int:
    from .vault_backup import print_size

    return print_size(options)


def _verify(options: argparse.Namespace) -> int:
    from .vault_verify import verify_vault

    return verify_vault(options, _vault(options))


def _check(options: argparse.Namespace) -> int:
    from .vault_check import check_vault

    return check_vault(options, _vault)


def _forget(options: argparse.Namespace) -> int:
    from .vault_upkeep import forget_runs

    return forget_runs(options, _vault(options))


def _prune(options: argparse.Namespace) -> int:
    from .vault_upkeep import prune_vault

    loaded: list[Settings] = []
    vault = _vault(options, loaded.append)
    return prune_vault(options, vault, loaded[0] if loaded else None)


def _diff(options: argparse.Namespace) -> int:
    vault = _vault(options)
    old, new = (choose_run(vault, word, partial(read_time, what="TIME")) for word in options.runs)
    write_differences(differences(old, new), options.format, sys.stdout)
    return 0


def _copy(options: argparse.Namespace) -> int:
    from .vault_copying import copy_vault

    to = _vault(argparse.Namespace(**{**vars(options), "vault": options.to}), option="")
    return copy_vault(options, _vault(options), to)


def _adopt(options: argparse.Namespace) -> int:
    from .vault_copying import adopt_files

    loaded: list[Settings] = []
    vault = _vault(options, loaded.append)
    return adopt_files(options, vault, loaded[0].database if loaded else "")


def _export(options: argparse.Namespace) -> int:
    from .vault_copying import export_images

    return export_images(options, _vault(options))


def _templates(options: argparse.Namespace) -> int:
    from .vault_templates import list_templates

    return list_templates(options)


def _status(options: argparse.Namespace) -> int:
    from .vault_status import print_status  # only now: other verbs contact no region

    return print_status(options)


def _heal(options: argparse.Namespace) -> int:
    from .vault_heal import heal_region

    return heal_region(options)


def _undelete(options: argparse.Namespace) -> int:
    from .vault_undelete import undelete_image

    return undelete_image(options)


def _classify(options: argparse.Namespace) -> int:
    from .vault_classify import classify_files

    return classify_files(options)


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "init": _init,
    "backup": _backup,
    "restore": _restore,
    "size": _size,
    "runs": _runs,
    "ls": _ls,
    "show": _show,
    "verify": _verify,
    "check": _check,
    "forget": _forget,
    "prune": _prune,
    "diff": _diff,
    "copy": _copy,
    "adopt": _adopt,
    "export": _export,
    "templates": _templates,
    "status": _status,
    "heal": _heal,
    "undelete": _undelete,
    "classify": _classify,
}


def _vault(
    options: argparse.Namespace, loaded: Callable[[Settings], None] = lambda settings: None, option: str = "--vault "
) -> Vault:
    """The vault that is meant.

    :param loaded: takes the configuration, if it is read
    :param option: what stands before its name in the call
    """

    def settings() -> Settings:
        # No region is contacted, so neither a credential nor a master region is needed.
        found = load_settings(options.conf, (), os.environ, option_tables(), mock=True, master_needed=False)
        loaded(found)
        return found

    return Vault(choose_vault(options.vault, settings, option).path)
