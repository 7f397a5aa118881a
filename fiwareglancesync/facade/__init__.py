"""The port to the places that hold images, and its implementations: real OpenStack and the embedded federation."""

from .port import (
    PIECE,
    Body,
    Download,
    Federation,
    FileSlice,
    InstantCopy,
    Piece,
    Place,
    ServerImport,
    Sharing,
    Versioned,
)

__all__ = [
    "PIECE",
    "Body",
    "Download",
    "Federation",
    "FileSlice",
    "InstantCopy",
    "Piece",
    "Place",
    "ServerImport",
    "Sharing",
    "Versioned",
]
