"""The images that Heat templates need, and how a region and a shelf differ from it (vault 5)."""
