"""Small commands beside the synchronisation itself."""
