"""How the bytes of an image get from the master into a region."""

from .mover import Moved, Mover

__all__ = ["Moved", "Mover"]
