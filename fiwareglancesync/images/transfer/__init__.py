"""The ways in which the content of an image gets from the master into a region."""

from .mover import Moved, Mover

__all__ = ["Moved", "Mover"]
