"""What the database holds: tables, records, changes under a lease, listings."""
