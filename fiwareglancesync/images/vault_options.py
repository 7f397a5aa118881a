"""The options of a vault in the configuration: section ``[vault:NAME]`` (vault 2.1)."""

from __future__ import annotations

from ..config.option_tables import Option, SectionTable
from ..config.reader import Configuration, without_empty
from ..config.values import BOOLEAN, PATH
from .settings import VaultSettings

PREFIX = "vault:"
"""How the name of such a section begins."""

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
)


def vault_section() -> SectionTable:
    """The options of a section ``[vault:NAME]``."""
    text = "A vault, a folder in which glancesync vault backup keeps images. There may be several, each with its name."
    defaults = {"path": "", "trust_hashes": VaultSettings.trust_hashes}
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
