"""Files, environment and ``--config`` become ``Settings``; every error names its file, section and key."""

from .condition import CompiledCondition
from .reader import load_settings
from .template import configuration_text

__all__ = ["CompiledCondition", "configuration_text", "load_settings"]
