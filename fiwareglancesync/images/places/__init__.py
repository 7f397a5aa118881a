"""The port to the places that hold images, and its implementations: real OpenStack and the embedded federation."""

from ...base.content import PIECE_BYTES, Body, Download, FileSlice, Piece
from ...openstack.place_identity import PlaceIdentity, common_address, is_same_place, is_same_region
from ...openstack.refusals import Wait
from .port import (
    Describing,
    Federation,
    FolderBacked,
    InstantCopy,
    ListsMembers,
    Place,
    ReadablePlace,
    ReportsWaits,
    ServerImport,
    Sharing,
    Versioned,
)

__all__ = [
    "PIECE_BYTES",
    "Body",
    "Describing",
    "Download",
    "Federation",
    "FileSlice",
    "FolderBacked",
    "InstantCopy",
    "ListsMembers",
    "Piece",
    "Place",
    "PlaceIdentity",
    "ReadablePlace",
    "ReportsWaits",
    "ServerImport",
    "Sharing",
    "Versioned",
    "Wait",
    "common_address",
    "is_same_place",
    "is_same_region",
]
