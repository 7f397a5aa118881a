"""The port to the places that hold images, and its implementations: real OpenStack and the embedded federation."""

from .port import PIECE, Body, Federation, InstantCopy, Place, ServerImport

__all__ = ["PIECE", "Body", "Federation", "InstantCopy", "Place", "ServerImport"]
