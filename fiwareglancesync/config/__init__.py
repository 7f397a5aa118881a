"""Files, environment and ``--config`` become ``Settings``; every error names its file, section and key."""

from .reader import check_targets, load_settings
from .template import configuration_text

__all__ = ["check_targets", "configuration_text", "load_settings"]
