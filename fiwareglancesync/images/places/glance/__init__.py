"""Regions of OpenStack: Keystone v3 lists them, Glance v2 has their images."""

from ....openstack.tuning import Tuning
from .glance_federation import OpenStackFederation

__all__ = ["OpenStackFederation", "Tuning"]
