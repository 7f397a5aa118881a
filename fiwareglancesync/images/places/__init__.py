"""The port to the places that hold images, and its implementations: real OpenStack and the embedded federation."""

from ...base.content import PIECE_BYTES, Body, Download, FileSlice, Piece
from ...openstack.place_identity import PlaceIdentity, common_address, is_same_place, is_same_region
from ...openstack.refusals import Wait
from .port import Federation, InstantCopy, Place, ReportsWaits, ServerImport, Sharing, StandIn, Versioned

__all__ = [
    "PIECE_BYTES",
    "Body",
    "Download",
    "Federation",
    "FileSlice",
    "InstantCopy",
    "Piece",
    "Place",
    "PlaceIdentity",
    "ReportsWaits",
    "ServerImport",
    "Sharing",
    "StandIn",
    "Versioned",
    "Wait",
    "common_address",
    "is_same_place",
    "is_same_region",
]
