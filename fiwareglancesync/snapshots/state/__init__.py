"""What the database holds: tables, records, changes."""
