"""The options of a vault in the configuration: section ``[vault:NAME]`` (vault 2.1)."""

from __future__ import annotations

from pathlib import Path

from ..config.option_tables import Option, SectionTable
from ..config.reader import Configuration, without_empty
from ..config.values import BOOLEAN, DURATION, PATH, TEXT, WHOLE, Kind, split_list
from .settings import InUse, VaultSettings

PREFIX = "vault:"
"""How the name of such a section begins."""

def _folders(text: str) -> tuple[Path, ...]:
    return tuple(PATH.parse(word) for word in split_list(text))


FOLDERS = Kind("a comma separated list of folders", _folders)
IN_USE = Kind(" or ".join(each.value for each in InUse), lambda text: InUse(text.lower()))

VAULT_OPTIONS: tuple[Option, ...] = (
    Option(
        "path",
        PATH,
        "The folder of the vault, which glancesync vault init has made.",
        sample="/srv/vault",
    ),
    Option(
        "trust_hashes",
        BOOLEAN,
        "Whether a backup does not read content again that the vault has already, as its hash and its size say.",
    ),
    Option(
        "templates",
        FOLDERS,
        "The folders of the Heat templates whose images status and heal compare, in place of --templates.",
        sample="/srv/templates",
    ),
    Option(
        "tag",
        TEXT,
        "Only images whose name contains this text are compared, healed and removed, whatever their case.",
        sample="lab",
    ),
    Option(
        "quarantine",
        DURATION,
        "How long no template may need an image before heal --delete hides it, and how long it is hidden before it is "
        "deleted.",
        default="7d",
    ),
    Option("max_deletions", WHOLE, "How many images heal --delete removes in a week, at most."),
    Option(
        "in_use",
        IN_USE,
        "Which images may be in use where the catalog has no Nova or no Cinder: checked is all of them, so that none "
        "is removed; unchecked is none of them.",
        default=InUse.CHECKED.value,
    ),
)


def vault_section() -> SectionTable:
    """The options of a section ``[vault:NAME]``."""
    text = "A vault, a folder in which glancesync vault backup keeps images. There may be several, each with its name."
    defaults = {"path": "", **{option.key: getattr(VaultSettings, option.key) for option in VAULT_OPTIONS[1:]}}
    return SectionTable(text, VAULT_OPTIONS, defaults)


def read_vaults(configuration: Configuration) -> dict[str, VaultSettings]:
    """The configured vaults by name; what is wrong is added to the findings.

    :param configuration: that has been read
    """
    found: dict[str, VaultSettings] = {}
    for section, values in configuration.values.items():
        if not section.startswith(PREFIX):
            continue
        name, rules = section.removeprefix(PREFIX), without_empty(values.rules)
        if not name:
            configuration.findings.problems.append(f"{values.section.origin}: a vault needs a name: [{PREFIX}NAME]")
        elif "path" not in rules:
            text = f"{values.where('path')}: the folder of the vault is missing: path = FOLDER"
            configuration.findings.problems.append(text)
        else:
            found[name] = VaultSettings(name, **rules)
    return found
