"""Real OpenStack: Keystone v3 tells the regions, Glance v2 holds their images."""

from ....openstack.tuning import Tuning
from .glance_federation import OpenStackFederation

__all__ = ["OpenStackFederation", "Tuning"]
