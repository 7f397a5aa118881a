"""Real OpenStack: Keystone v3 tells the regions, Glance v2 holds their images."""

from .federation import OpenStackFederation
from .tuning import Tuning

__all__ = ["OpenStackFederation", "Tuning"]
