"""Makes and removes copies, adopts snapshots, and reads how well servers are protected."""
