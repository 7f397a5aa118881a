"""Pure: which copies are made and removed, and how well servers are protected."""
