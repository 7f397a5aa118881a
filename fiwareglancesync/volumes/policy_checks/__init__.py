"""The policy server, which Cinder asks before a backup is deleted."""
