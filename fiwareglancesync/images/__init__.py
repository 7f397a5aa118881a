"""Images: keeping those of many regions in step with a master region."""
