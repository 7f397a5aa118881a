"""The folder that keeps images (vault 1): its documents, its content, and the order in which it is written."""
