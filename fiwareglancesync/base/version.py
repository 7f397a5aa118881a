"""The version of the program; ``setup.py`` reads it from this file."""

__version__ = "2.0.0"
