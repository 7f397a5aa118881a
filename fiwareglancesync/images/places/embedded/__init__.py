"""The embedded federation: regions that need no server, and the CSV and JSON files they are loaded from."""
