"""GlanceSync keeps the images of many OpenStack regions in step with a master region."""

__version__ = "2.0.0"
